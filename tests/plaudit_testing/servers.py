"""Real PostgreSQL and Kafka servers for tests.

Where they come from: the addresses in PLAUDIT_TEST_DATABASE_URL and PLAUDIT_TEST_KAFKA, if set; containers, with
PLAUDIT_TEST_SERVERS=containers; else processes of this machine, by the same code that `make up` runs. Servers of a
test's own, which it kills and pauses, are always processes.
"""

import asyncio
import contextlib
import itertools
import os
import re
import shutil
import signal
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError, UnknownTopicOrPartitionError, for_code

from plaudit_local.servers import kafka, postgres
from plaudit_local.servers.guard import descendants, send_to_all
from plaudit_local.servers.postgres import run_sql
from plaudit_local.servers.server import Server
from plaudit_testing.deadlines import DEADLINE_SECONDS

REQUEST_TIMEOUT_MS = 60_000
START_SECONDS = 3 * DEADLINE_SECONDS
"""Of a server of ours. A broker takes 6 s of processor time: over a minute on a machine with twenty at work."""
POSTGRES_SETTINGS: Mapping[str, str] = {**postgres.SETTINGS, "shared_buffers": "128MB", "max_wal_size": "1GB"}


def _identifier(text: str) -> str:
    return re.sub(r"[^a-z0-9_]+", "_", text.lower()).strip("_")[:40]


@dataclass
class PostgresServer:
    """A PostgreSQL server that tests make databases in."""

    admin_dsn: str
    _numbers: Iterator[int] = field(default_factory=itertools.count)
    _templates: dict[str, str] = field(default_factory=dict)

    def create_database(self, template: str | None = None, name: str = "test") -> str:
        """A new database, empty or a copy of a template database; returns its DSN (`postgresql://…`)."""
        database = f"plaudit_{_identifier(name)}_{os.getpid()}_{next(self._numbers)}"
        source = "template1" if template is None else template
        run_sql(self.admin_dsn, f'CREATE DATABASE "{database}" TEMPLATE "{source}"')
        return self._dsn_of(database)

    def drop_database(self, dsn: str) -> None:
        """Drop a database of ours, whoever is still connected."""
        run_sql(self.admin_dsn, f'DROP DATABASE IF EXISTS "{urlsplit(dsn).path[1:]}" WITH (FORCE)')

    def template(self, name: str, prepare: Callable[[str], None]) -> str:
        """The template database called `name`; `prepare(dsn)` fills it, once in a run (migrations, say).

        `prepare` must leave no connection open. What it returns goes to `create_database`, which copies in 30–60 ms.
        """
        if name not in self._templates:
            dsn = self.create_database(name=f"template_{name}")
            prepare(dsn)
            self._templates[name] = urlsplit(dsn).path[1:]
        return self._templates[name]

    def drop_templates(self) -> None:
        """Drop what `template` made."""
        while self._templates:
            self.drop_database(self._dsn_of(self._templates.popitem()[1]))

    def _dsn_of(self, database: str) -> str:
        return urlunsplit(urlsplit(self.admin_dsn)._replace(path=f"/{database}"))


@dataclass(frozen=True)
class KafkaServer:
    """A Kafka broker that tests make topics in."""

    bootstrap: str


@dataclass(frozen=True)
class KafkaTopics:
    """Topics of a broker that several tests share: each test begins by making its own anew."""

    bootstrap: str

    async def recreate(self, topics: Mapping[str, int], configs: Mapping[str, str] | None = None) -> None:
        """Delete these topics if they exist, make them with so many partitions, wait until each has its leaders."""
        async with self._admin() as admin:
            await self._delete(admin, list(topics))
            new = [
                NewTopic(name, partitions, 1, topic_configs=dict(configs or {})) for name, partitions in topics.items()
            ]
            _raise_errors(await admin.create_topics(new))
            await _until(lambda: _have_leaders(admin, topics))

    async def delete(self, *names: str) -> None:
        """Delete these topics, those that exist, and wait until they are gone."""
        async with self._admin() as admin:
            await self._delete(admin, list(names))

    @staticmethod
    async def _delete(admin: AIOKafkaAdminClient, names: list[str]) -> None:
        present = sorted(set(names) & set(await admin.list_topics()))
        if present:
            _raise_errors(await admin.delete_topics(present), ignore=UnknownTopicOrPartitionError)
            await _until(lambda: _are_gone(admin, present))

    @contextlib.asynccontextmanager
    async def _admin(self) -> AsyncIterator[AIOKafkaAdminClient]:
        admin = AIOKafkaAdminClient(bootstrap_servers=self.bootstrap, request_timeout_ms=REQUEST_TIMEOUT_MS)
        try:
            await admin.start()
            yield admin
        finally:
            await admin.close()


def _raise_errors(response: Any, ignore: type[KafkaError] | None = None) -> None:
    """Raise what the broker answered for any of the topics of a create or delete request."""
    errors = response.topic_errors if hasattr(response, "topic_errors") else response.topic_error_codes
    for topic, code, *_ in errors:
        error = for_code(code)
        if code and not (ignore and issubclass(error, ignore)):
            raise error(topic)


async def _have_leaders(admin: AIOKafkaAdminClient, topics: Mapping[str, int]) -> bool:
    # The answer to a creation comes before every part of the broker knows the topic.
    described = {topic["topic"]: topic for topic in await admin.describe_topics(list(topics))}
    return all(
        described[name]["error_code"] == 0
        and len(described[name]["partitions"]) == partitions
        and all(p["error_code"] == 0 and p["leader"] >= 0 for p in described[name]["partitions"])
        for name, partitions in topics.items()
    )


async def _are_gone(admin: AIOKafkaAdminClient, names: list[str]) -> bool:
    return not set(names) & set(await admin.list_topics())


async def _until(check: Callable[[], Awaitable[bool]]) -> None:
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not await check():
        if time.monotonic() > deadline:
            raise TimeoutError(f"Kafka's topics did not settle in {DEADLINE_SECONDS:.0f} s")
        await asyncio.sleep(0.01)


@contextlib.contextmanager
def temporary_folder(prefix: str) -> Iterator[Path]:
    """A new folder that every account can reach, but only we can list; deleted with all that servers put there."""
    folder = Path(tempfile.mkdtemp(prefix=prefix))
    folder.chmod(0o711)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def started(server: Server) -> Iterator[None]:
    """Run a server for the length of the block."""
    try:
        restart(server)
        yield
    finally:
        server.stop()


def restart(server: Server) -> None:
    """Start a server that is not running, on the same data and port; return when it is ready."""
    server.launch()
    server.wait_ready(START_SECONDS)


def pause(server: Server) -> None:
    """SIGSTOP to a server and all its processes: connections stay, nothing is answered."""
    server.process.signal(signal.SIGSTOP)
    send_to_all(descendants(server.process.pid), signal.SIGSTOP)


def resume(server: Server) -> None:
    """SIGCONT to all that `pause` stopped."""
    send_to_all(descendants(server.process.pid), signal.SIGCONT)
    server.process.signal(signal.SIGCONT)


def wipe(broker: kafka.Kafka) -> None:
    """Delete all data of a stopped broker, as a lost disk does."""
    assert not broker.process.running, "stop the broker first"
    shutil.rmtree(broker.folder / "data")


@contextlib.contextmanager
def own_postgres() -> Iterator[postgres.Postgres]:
    """A PostgreSQL of one's own on this machine (0.7 s): to stop, kill, pause and restart."""
    with temporary_folder("plaudit-test-postgres-") as folder:
        server = postgres.prepare(folder / "postgres", settings=POSTGRES_SETTINGS)
        with started(server):
            yield server


@contextlib.contextmanager
def own_kafka(empty: Path | None = None) -> Iterator[kafka.Kafka]:
    """A broker of one's own on this machine (3 s): to stop, kill, pause, wipe and restart.

    `empty` is a folder that keeps a formatted, empty storage: made by the first caller, copied by the next.
    """
    with temporary_folder("plaudit-test-kafka-") as folder:
        place = folder / "kafka"
        if empty is not None and empty.exists():
            shutil.copytree(empty, place / "data")
        broker = kafka.prepare(place)
        if empty is not None and not empty.exists():
            shutil.copytree(place / "data", empty)
        with started(broker):
            yield broker


@contextlib.contextmanager
def shared_postgres() -> Iterator[PostgresServer]:
    """The server for a whole test run."""
    with contextlib.ExitStack() as stack:
        dsn = os.environ.get("PLAUDIT_TEST_DATABASE_URL")
        if not dsn and _containers():
            from plaudit_testing.containers import postgres_container  # late: runs without containers pay nothing

            dsn = stack.enter_context(postgres_container())
        server = PostgresServer(dsn or stack.enter_context(own_postgres()).dsn)
        try:
            yield server
        finally:
            server.drop_templates()


@contextlib.contextmanager
def shared_kafka(empty: Path | None = None) -> Iterator[KafkaServer]:
    """The broker for a whole test run."""
    with contextlib.ExitStack() as stack:
        bootstrap = os.environ.get("PLAUDIT_TEST_KAFKA")
        if not bootstrap and _containers():
            from plaudit_testing.containers import kafka_container  # late: runs without containers pay nothing

            bootstrap = stack.enter_context(kafka_container())
        yield KafkaServer(bootstrap or stack.enter_context(own_kafka(empty)).address)


def _containers() -> bool:
    wanted = os.environ.get("PLAUDIT_TEST_SERVERS", "processes")
    if wanted not in {"processes", "containers"}:
        raise ValueError(f"PLAUDIT_TEST_SERVERS must be processes or containers, not {wanted!r}")
    return wanted == "containers"
