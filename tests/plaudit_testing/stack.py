"""The services as processes of their own, on real servers: to be started, killed, paused and asked over HTTP."""

import asyncio
import json
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

from plaudit.common.api_keys import commands as api_keys
from plaudit.common.api_keys.domain import ALL_SCOPES
from plaudit.common.db import Database, Role
from plaudit.common.kafka.topics import make_topics
from plaudit.common.tenants import commands as tenants
from plaudit.ingest.settings import IngestSettings
from plaudit_local.servers.ports import free_port
from plaudit_local.servers.process import GuardedProcess, Spec
from plaudit_testing.databases import PATIENT, SHIPPED, migrated, run_elsewhere, settings_for
from plaudit_testing.deadlines import DEADLINE_SECONDS
from plaudit_testing.vault import VAULT_KEYS

MODULES = {
    "ingest": "plaudit.ingest.main",
    "scoring": "plaudit.scoring.main",
    "alerting": "plaudit.alerting.main",
    "feedback-board": "plaudit.feedback_board.main",
}
PARTITIONS = 8
_HOOKS = "hook_answer_timeout_seconds"
AS_SHIPPED = {
    f"PLAUDIT_{name.upper()}": str(value)
    for name, value in {**SHIPPED, _HOOKS: IngestSettings.model_fields[_HOOKS].default}.items()
}
"""For a stack, or a process of one, whose database goes away: it waits for it no longer than the product does."""
_PATIENT = {f"PLAUDIT_{name.upper()}": str(value) for name, value in {**PATIENT, _HOOKS: DEADLINE_SECONDS}.items()}
GET_TIMEOUT_SECONDS = 30.0
KILLED = 128 + signal.SIGKILL


def poll_until(check: Callable[[], bool], what: str, seconds: float = DEADLINE_SECONDS) -> None:
    """Ask again and again until it holds.

    Raises:
        TimeoutError: it does not within the deadline; the text names it.
    """
    deadline = time.monotonic() + seconds
    while not check():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what} did not come true in {seconds:.0f} s")
        time.sleep(0.05)


@dataclass
class ServiceProcess:
    """One process of a service, restarted under the same port. It ends with the test run, however that ends."""

    service: str
    mode: str
    env: Mapping[str, str]
    log: Path
    port: int = field(default_factory=free_port)
    process: GuardedProcess | None = None

    @property
    def base(self) -> str:
        """Its base address."""
        return f"http://127.0.0.1:{self.port}"

    def start(self, failpoints: str = "", trace: Path | None = None) -> "ServiceProcess":
        """Start it, perhaps with failpoints armed; does not wait."""
        env = {**os.environ, **self.env, "PLAUDIT_HTTP_PORT": str(self.port), "PLAUDIT_FAILPOINTS": failpoints}
        if trace is not None:
            env["PLAUDIT_FAILPOINTS_TRACE"] = str(trace)
        command = [sys.executable, "-m", MODULES[self.service], self.mode]
        name = f"{self.service} {self.mode}"
        self.process = GuardedProcess(Spec(name, command, self.log, environment=env, grace_seconds=DEADLINE_SECONDS))
        return self

    def get(self, path: str, key: str = "") -> tuple[int, dict[str, Any]]:
        """GET a JSON answer; return (status, body), with status 0 when it cannot be reached."""
        request = Request(self.base + path, headers={"authorization": f"Bearer {key}"} if key else {})
        try:
            with urlopen(request, timeout=GET_TIMEOUT_SECONDS) as response:
                return response.status, json.loads(response.read())
        except HTTPError as error:
            return error.code, json.loads(error.read() or b"{}")
        except (URLError, OSError):
            return 0, {}

    def wait_ready(self, seconds: float = DEADLINE_SECONDS) -> "ServiceProcess":
        """Wait until `/readyz` answers 200.

        Raises:
            AssertionError: it does not; the text has the end of its log.
        """
        try:
            poll_until(lambda: not self.running or self.get("/readyz")[0] == 200, f"{self.service} ready", seconds)
        except TimeoutError as error:
            raise AssertionError(f"{error}\n{self.get('/readyz')}\n{self.log_tail()}") from error
        assert self.running, f"{self.service} {self.mode} has ended\n{self.log_tail()}"
        return self

    def log_tail(self, characters: int = 4_000) -> str:
        """The end of what it logged."""
        return self.log.read_text(errors="replace")[-characters:]

    @property
    def running(self) -> bool:
        """Whether the process is there (also while it is suspended)."""
        return self.process is not None and self.process.running

    def kill(self) -> None:
        """SIGKILL; return when it is gone."""
        if self.process is not None:
            self.process.kill()

    def pause(self) -> None:
        """SIGSTOP."""
        assert self.process is not None
        self.process.signal(signal.SIGSTOP)

    def resume(self) -> None:
        """SIGCONT."""
        assert self.process is not None
        self.process.signal(signal.SIGCONT)

    def stop(self) -> int | None:
        """Stop it gracefully; return its exit code.

        Raises:
            AssertionError: it did not stop and was killed.
        """
        if self.process is None or not self.running:
            return None if self.process is None else self.process.exit_code()
        self.process.stop()
        assert self.process.exit_code() != KILLED, f"{self.service} {self.mode} did not stop\n{self.log_tail()}"
        return self.process.exit_code()


@dataclass
class Stack:
    """A migrated database, topics, a key, and the processes a test starts."""

    database_url: str
    kafka: str
    folder: Path
    settings: dict[str, str] = field(default_factory=dict)
    key: str = ""
    processes: list[ServiceProcess] = field(default_factory=list)

    @property
    def env(self) -> dict[str, str]:
        """What every process is told."""
        return {
            "PLAUDIT_DATABASE_URL": self.database_url,
            "PLAUDIT_KAFKA_BOOTSTRAP_SERVERS": self.kafka,
            "PLAUDIT_PARTITIONS": str(PARTITIONS),
            "PLAUDIT_LOG_FORMAT": "json",
            "PLAUDIT_VAULT_KEYS": VAULT_KEYS,
            **_PATIENT,
            **self.settings,
        }

    def prepare(self, *services: str) -> "Stack":
        """Migrate, create the topics, make an API key for the tenant `default`."""
        migrated(self.database_url, *services)
        self.make_topics()
        self.key = self.new_key("default")
        return self

    def make_topics(self) -> None:
        """Make those topics of the registry that are missing."""
        run_elsewhere(make_topics(settings_for(self.database_url, self.kafka, partitions=PARTITIONS)))

    def new_key(self, tenant: str) -> str:
        """An API key with every scope for a tenant, made with it where it is new."""
        return run_elsewhere(self._new_key(tenant))

    async def _new_key(self, tenant: str) -> str:
        owner = Database(settings_for(self.database_url), "common", Role.OWNER, pool_size=1)
        try:
            async with owner.transaction() as tx:
                await tenants.create(tx, tenant, tenant)
                return await api_keys.create(tx, tenant, "test", [ALL_SCOPES])
        finally:
            await owner.close()

    def process(self, service: str, mode: str, **settings: str) -> ServiceProcess:
        """A process, not yet started."""
        made = ServiceProcess(
            service, mode, {**self.env, **settings}, self.folder / f"{service}-{mode}-{len(self.processes)}.log"
        )
        self.processes.append(made)
        return made

    def close(self) -> None:
        """End every process."""
        for process in reversed(self.processes):
            process.kill()


@contextmanager
def stack(database_url: str, kafka: str, folder: Path, **settings: str) -> Iterator[Stack]:
    """A stack whose processes end with the block. They wait long for their database, but where settings say less."""
    made = Stack(database_url, kafka, folder, dict(settings))
    try:
        yield made
    finally:
        made.close()


async def eventually(check: Callable[[], bool], what: str, seconds: float = DEADLINE_SECONDS) -> None:
    """As `poll_until`, for a test that runs in a loop."""
    await asyncio.to_thread(poll_until, check, what, seconds)
