"""Kill a process at a named window again and again, and start it anew, while a test goes on."""

import asyncio
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from plaudit_testing.stack import ServiceProcess

WATCH_SECONDS = 0.05


@dataclass
class Windows:
    """The windows that one process must die in, each so many times."""

    process: ServiceProcess
    names: Sequence[str]
    times: int
    chance: random.Random
    trace: Path
    latest_hit: int = 5
    planned: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Plan the deaths in a seeded order."""
        self.planned = [name for name in self.names for _ in range(self.times)]
        self.chance.shuffle(self.planned)

    def start_next(self) -> None:
        """Start the process, armed with the next planned death, or unarmed when none is left."""
        armed = f"{self.planned[0]}=kill@{self.chance.randint(1, self.latest_hit)}" if self.planned else ""
        self.process.start(armed, self.trace)

    async def watch(self) -> None:
        """Start the process anew whenever it has died, until every planned death has happened."""
        while self.planned:
            await asyncio.sleep(WATCH_SECONDS)
            if not self.process.running:
                assert self.hits(self.planned[0]) > 0, f"died of itself:\n{self.process.log_tail()}"
                del self.planned[0]
                self.start_next()
        await asyncio.to_thread(self.process.wait_ready)

    def hits(self, name: str) -> int:
        """How often a window has been hit by this process."""
        if not self.trace.exists():
            return 0
        return sum(line.startswith(f"{name} kill") for line in self.trace.read_text().splitlines())
