"""The command `plaudit webhook`, as a process of its own."""

import asyncio
import json
import os
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PLAUDIT = Path(sys.executable).with_name("plaudit")
VARIABLE = "PLAUDIT_WEBHOOK_SECRET"


@dataclass(frozen=True)
class Done:
    """What a command printed, and how it ended."""

    code: int
    out: str
    err: str

    @property
    def told(self) -> Any:
        """The value of the JSON that it printed."""
        return json.loads(self.out)


def environment(secret: str | None) -> dict[str, str]:
    """Variables for a process, with a secret or without."""
    kept = {name: value for name, value in os.environ.items() if name not in {VARIABLE, "FORCE_COLOR"}}
    return kept if secret is None else {**kept, VARIABLE: secret}


async def run(*arguments: object, secret: str | None = None, given: bytes = b"") -> Done:
    """Run `plaudit webhook` with a secret in the environment and something on standard input."""
    process = await asyncio.create_subprocess_exec(
        PLAUDIT, "webhook", *map(str, arguments), stdin=PIPE, stdout=PIPE, stderr=PIPE, env=environment(secret)
    )
    out, err = await process.communicate(given)
    assert process.returncode is not None
    return Done(process.returncode, out.decode(), err.decode())


@dataclass
class Listening:
    """A listener that runs."""

    process: asyncio.subprocess.Process
    url: str

    async def line(self) -> str:
        """The next line that it prints."""
        assert self.process.stdout is not None
        return (await self.process.stdout.readline()).decode()

    async def delivery(self) -> Any:
        """The next delivery that it prints as JSON."""
        return json.loads(await self.line())

    async def end(self, by: int = signal.SIGINT) -> tuple[int, str]:
        """Stop it, and return its exit code and what it said last."""
        self.process.send_signal(by)
        assert self.process.stderr is not None
        said = (await self.process.stderr.read()).decode()
        return await self.process.wait(), said


@asynccontextmanager
async def listening(*arguments: object, secret: str | None = None) -> AsyncIterator[Listening]:
    """A process of `plaudit webhook listen` on a free port, for the length of the block."""
    process = await asyncio.create_subprocess_exec(
        *(str(PLAUDIT), "webhook", "listen", "--port", "0", *map(str, arguments)),
        stdin=DEVNULL, stdout=PIPE, stderr=PIPE, env=environment(secret), limit=2**24,
    )  # fmt: skip
    try:
        assert process.stderr is not None
        said = (await process.stderr.readline()).decode()
        assert said.startswith("Listening on http://127.0.0.1:"), said
        yield Listening(process, said.split()[2].rstrip(","))
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()
