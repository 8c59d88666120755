"""A relay or a consumer of the tests' own service as a process of its own, to kill, stop and resume.

`python -m plaudit_testing.runtime_process relay` or `… consume TOPIC GROUP`; settings and failpoints by environment.
"""

import asyncio
import os
import signal
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from plaudit.common.failpoints import TRACE_VARIABLE, VARIABLE
from plaudit.common.jobs import Loop
from plaudit.common.kafka.consumer import ConsumerLoop
from plaudit.common.kafka.subscription import Subscription
from plaudit.common.observability import metrics
from plaudit.common.outbox.relay import RelayLoop
from plaudit.common.settings import Settings
from plaudit_local.servers.process import GuardedProcess, Spec
from plaudit_testing.databases import TESTING
from plaudit_testing.deadlines import DEADLINE_SECONDS
from plaudit_testing.runtime import Count, add_to_sums, counting_topic, outbox_of, until, worker

READY = "ready"
FENCED = "fenced"
WATCH_SECONDS = 0.02


class RuntimeProcess:
    """One such process. It ends with the test run, however that ends; its standard output says when it is ready."""

    def __init__(
        self, settings: Settings, *arguments: str, log: Path, failpoints: str = "", trace: Path | None = None
    ) -> None:
        environment = {
            **os.environ,
            "PLAUDIT_DATABASE_URL": settings.database_url.get_secret_value(),
            "PLAUDIT_KAFKA_BOOTSTRAP_SERVERS": settings.kafka_bootstrap_servers,
            "PLAUDIT_KAFKA_SESSION_TIMEOUT_MS": str(settings.kafka_session_timeout_ms),
            "PLAUDIT_PARTITIONS": str(settings.partitions),
            "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
            VARIABLE: failpoints,
        }
        if trace is not None:
            environment[TRACE_VARIABLE] = str(trace)
        command = [sys.executable, "-m", "plaudit_testing.runtime_process", *arguments]
        spec = Spec(arguments[0], command, log, environment=environment, grace_seconds=DEADLINE_SECONDS)
        read, write = os.pipe()
        with os.fdopen(write, "wb") as output:
            self._process = GuardedProcess(spec, output=output)
        self._said_ready = threading.Event()
        self.fenced = 0
        """Batches of a consumer that were refused."""
        threading.Thread(target=self._listen, args=(os.fdopen(read),), daemon=True).start()

    def _listen(self, output: TextIO) -> None:
        with output as lines:
            for line in lines:
                if line.strip() == READY:
                    self._said_ready.set()
                elif line.startswith(FENCED):
                    self.fenced = int(line.split()[1])

    @property
    def ready(self) -> bool:
        """Whether its loop has said that it works."""
        return self._said_ready.is_set()

    @property
    def exit_code(self) -> int | None:
        """None while it runs; 128 + n for one that signal n has ended."""
        return self._process.exit_code()

    @property
    def stopped(self) -> bool:
        """Whether it is suspended by SIGSTOP."""
        try:
            state = Path(f"/proc/{self._process.pid}/stat").read_text()
        except FileNotFoundError:
            return False
        return state.rpartition(")")[2].split()[0] == "T"

    def kill(self) -> None:
        """SIGKILL, also to one that is suspended; return when it is gone."""
        self._process.kill()

    def resume(self) -> None:
        """SIGCONT."""
        self._process.signal(signal.SIGCONT)

    def stop(self) -> int | None:
        """Stop it gracefully; return its exit code."""
        self._process.stop()
        return self.exit_code


@contextmanager
def runtime_process(
    settings: Settings, *arguments: str, failpoints: str = "", trace: Path | None = None
) -> Iterator[RuntimeProcess]:
    """Run a process for the length of the block; its log then goes to the standard error output."""
    with tempfile.TemporaryDirectory(prefix="plaudit-test-") as folder:
        log = Path(folder) / "log"
        process = RuntimeProcess(settings, *arguments, log=log, failpoints=failpoints, trace=trace)
        try:
            yield process
        finally:
            process.kill()
            sys.stderr.write(log.read_text(errors="replace"))


async def _run(arguments: list[str]) -> None:
    settings = Settings()
    database = worker(settings)
    loop: Loop
    if arguments[0] == "relay":
        loop = RelayLoop(TESTING, database, settings)
    else:
        topic, group = arguments[1:3]
        subscription = Subscription(group=group, topic=counting_topic(topic), data=Count, handle=add_to_sums, workers=2)
        loop = ConsumerLoop(subscription, database, outbox_of(settings).append, settings)
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    running = asyncio.create_task(loop.run(stop))
    await until(lambda: running.done() or all(check.ok for check in loop.ready()), "the loop is ready")
    print(READY, flush=True)
    told = 0
    while not running.done():
        await asyncio.wait({running}, timeout=WATCH_SECONDS)
        if arguments[0] == "consume" and (now := _fenced(arguments)) > told:
            told = now
            print(FENCED, told, flush=True)
    await running
    await database.close()


def _fenced(arguments: list[str]) -> int:
    topic, group = arguments[1:3]
    return int(metrics.CONSUMER_FENCED_BATCHES.labels(group, topic)._value.get())


if __name__ == "__main__":
    asyncio.run(_run(sys.argv[1:]))
