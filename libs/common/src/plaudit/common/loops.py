"""Loops that run for as long as their process does, and what they say of themselves."""

import asyncio
import time
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Check:
    """One line of `/livez` or `/readyz`."""

    name: str
    ok: bool
    detail: str = ""


class Loop(ABC):
    """A relay, a consumer, a job: runs until told to stop, and beats on each turn."""

    with_api: bool = False
    """Whether it belongs to the process that serves requests, and is stopped only after the last of them."""

    def __init__(self, name: str, *, max_age_seconds: float = 60.0) -> None:
        """Name the loop and say how long a turn may take before its process counts as dead."""
        self.name = name
        self.max_age_seconds = max_age_seconds
        self._beaten_at = time.monotonic()

    def beat(self) -> None:
        """Say that the loop is turning."""
        self._beaten_at = time.monotonic()

    def age_seconds(self) -> float:
        """Return how long ago the loop last turned."""
        return time.monotonic() - self._beaten_at

    def live(self) -> Check:
        """Look at the process only, and say whether the loop still turns."""
        age_seconds = self.age_seconds()
        return Check(self.name, age_seconds <= self.max_age_seconds, f"last turn {age_seconds:.1f} s ago")

    def ready(self) -> Sequence[Check]:
        """Say whether it can do its work, and if not, why and what to do."""
        return ()

    @abstractmethod
    async def run(self, stop: asyncio.Event) -> None:
        """Turn until `stop` is set; finish what is in hand, then return. What it raises ends the process."""
