"""Imports run in a process of their own: nothing else waits for their rows, and they have a core of their own.

`ImportProcess` starts it while there is an import to carry on. It ends by itself when there is none for a while, and
when the process that started it ends, however that ends.
"""

import asyncio
import os
import signal
import sys
import time
from asyncio.subprocess import PIPE, Process
from typing import Final

import structlog
import uvloop

from plaudit.common.db import Database, Role
from plaudit.common.jobs import PeriodicJob, back_off_seconds, pause
from plaudit.common.memory import tune_memory
from plaudit.common.observability import log as logs
from plaudit.common.process import Resources
from plaudit.common.settings import read_settings
from plaudit.common.vault import vault_of
from plaudit.ingest.imports import store
from plaudit.ingest.imports.jobs.import_job import ImportJob
from plaudit.ingest.log_fields import LOG_FIELDS
from plaudit.ingest.settings import IngestSettings

PAUSE_SECONDS: Final = 1.0
IDLE_SECONDS: Final = 5.0
"""Between two looks at whether there is something to do; then the process ends."""
STOP_SECONDS: Final = 10.0
"""For the process to end in good order; then it is killed, which costs nothing but reading the file again."""
FIRST_DELAY_SECONDS: Final = 1.0
LONGEST_DELAY_SECONDS: Final = 60.0
POOL_SIZE: Final = 2
NICENESS: Final = 10
"""Where cores are short, hooks go first."""

log = structlog.get_logger()


class ImportProcess(PeriodicJob):
    """Keeps a process running while there are imports to carry on."""

    def __init__(self, worker: Database) -> None:
        """Look for imports as a worker."""
        super().__init__("imports", PAUSE_SECONDS)
        self._worker = worker
        self._process: Process | None = None
        self._failures = 0
        self._start_at = 0.0

    @property
    def pid(self) -> int | None:
        """The number of the process, while one runs."""
        return None if self._process is None else self._process.pid

    async def run(self, stop: asyncio.Event) -> None:
        """Look for imports until told to stop; then end the process."""
        try:
            await super().run(stop)
        finally:
            await self.end()

    async def has_work(self) -> bool:
        """Return whether a process runs, or is needed."""
        return self._process is not None or await self._worker.holds(store.HAS_OPEN)

    async def turn(self) -> int:
        """Start the process where it is needed, and note its end; a pause follows."""
        process = self._process
        if process is None:
            if time.monotonic() >= self._start_at:
                self._process = await asyncio.create_subprocess_exec(sys.executable, "-m", __name__, stdin=PIPE)
        elif process.returncode is not None:
            self._process = None
            self._note_end(process.returncode)
        return 0

    def _note_end(self, exit_code: int) -> None:
        if exit_code == 0:
            self._failures = 0
            return
        self._failures += 1
        self._start_at = time.monotonic() + back_off_seconds(self._failures, FIRST_DELAY_SECONDS, LONGEST_DELAY_SECONDS)
        log.error("import_process_ended", exit_code=exit_code, failures=self._failures)

    async def end(self) -> None:
        """End the process; what it has not written yet is left to another one."""
        process, self._process = self._process, None
        if process is None or process.returncode is not None:
            return
        assert process.stdin is not None, "it was started with one"
        process.stdin.close()
        try:
            async with asyncio.timeout(STOP_SECONDS):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()


class _UntilClosed(asyncio.Protocol):
    """Tells when the other end of a pipe is closed."""

    def __init__(self, stop: asyncio.Event) -> None:
        self._stop = stop

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - as asyncio calls it
        self._stop.set()


async def carry_out(settings: IngestSettings) -> None:
    """Carry imports out until there are none, or until whoever started this process ends."""
    resources = Resources(settings, "ingest")
    worker, hook = resources.database(Role.WORKER, POOL_SIZE), resources.database(Role.HOOK, POOL_SIZE)
    job = ImportJob(worker, hook, resources.outbox, resources.ids, vault_of(settings))
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    pipe, _ = await loop.connect_read_pipe(lambda: _UntilClosed(stop), sys.stdin)
    tune_memory()
    running = asyncio.create_task(job.run(stop))
    running.add_done_callback(lambda _: stop.set())
    while not stop.is_set():
        await pause(stop, IDLE_SECONDS)
        if not await job.has_work():
            stop.set()
    try:
        await running
    finally:
        pipe.close()
        await resources.close()


def main() -> None:
    """Run the process."""
    os.nice(NICENESS)
    settings = read_settings(IngestSettings)
    logs.configure("ingest", settings, LOG_FIELDS)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(carry_out(settings))


if __name__ == "__main__":
    main()
