"""Fixtures for every test of the repository (a plugin: see the root's conftest.py): real servers, and plain logs.

Each server starts when the first test asks for it and serves the whole run. `--no-servers` leaves out every test that
uses one.
"""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog

from plaudit.common.db import database
from plaudit_local.servers.kafka import Kafka
from plaudit_local.servers.postgres import Postgres
from plaudit_testing.deadlines import DEADLINE_SECONDS
from plaudit_testing.servers import (
    KafkaServer,
    KafkaTopics,
    PostgresServer,
    own_kafka,
    own_postgres,
    shared_kafka,
    shared_postgres,
)

SERVER_FIXTURES: set[str] = set()
"""Names of the fixtures that start a server; `server_fixture` adds to it."""
STARTS_OF_PROCESSES = {"subprocess.Popen", "os.fork", "os.forkpty", "os.posix_spawn", "os.spawn", "os.system"}
"""Python's audit events that announce a new process."""
IS_TESTING = pytest.StashKey[bool]()


def server_fixture(scope: Any = "function") -> Callable[[Callable[..., Any]], Any]:
    """Declare a fixture that starts a server."""

    def declare(function: Callable[..., Any]) -> Any:
        SERVER_FIXTURES.add(function.__name__)
        return pytest.fixture(scope=scope)(function)

    return declare


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--no-servers`."""
    parser.addoption(
        "--no-servers", action="store_true", help="leave out every test that uses a server or starts a process"
    )


def pytest_configure(config: pytest.Config) -> None:
    """With `--no-servers`, skip a test at the moment when it starts a process."""
    if not config.getoption("--no-servers"):
        return

    def refuse(event: str, _arguments: tuple[Any, ...]) -> None:
        if event in STARTS_OF_PROCESSES and config.stash.get(IS_TESTING, False):
            pytest.skip("starts a process")

    sys.addaudithook(refuse)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Note that a test runs."""
    item.config.stash[IS_TESTING] = True
    try:
        return (yield)
    finally:
        item.config.stash[IS_TESTING] = False


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """With `--no-servers`, deselect every test that uses a server, directly or through other fixtures."""
    if config.getoption("--no-servers"):
        uses = [not SERVER_FIXTURES.isdisjoint(getattr(item, "fixturenames", ())) for item in items]
        config.hook.pytest_deselected(items=[item for item, used in zip(items, uses, strict=True) if used])
        items[:] = [item for item, used in zip(items, uses, strict=True) if not used]


@pytest.fixture(autouse=True, scope="session")
def plain_logs() -> Iterator[None]:
    """Logs of tests have plain tracebacks: structlog's pretty ones print every local variable and take seconds."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback),
        ]
    )
    yield
    structlog.reset_defaults()


@pytest.fixture(autouse=True, scope="session")
def patient_transactions() -> Iterator[None]:
    """A server that lets tests stand still in a transaction, ask for long, and wait for locks on a slow machine.

    Where a test is about one of these limits, it sets it. Processes of their own have the product's.
    """
    with pytest.MonkeyPatch.context() as patch:
        for name in ("STATEMENT_TIMEOUT_MS", "LOCK_TIMEOUT_MS", "IDLE_IN_TRANSACTION_TIMEOUT_MS"):
            patch.setattr(database, name, int(2 * DEADLINE_SECONDS * 1_000))
        yield


@server_fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """A real PostgreSQL for the whole run; makes databases and templates of databases."""
    with shared_postgres() as server:
        yield server


@pytest.fixture
def database_url(postgres_server: PostgresServer, request: pytest.FixtureRequest) -> Iterator[str]:
    """The DSN (`postgresql://…`, superuser) of a fresh, empty database; dropped after the test."""
    dsn = postgres_server.create_database(name=request.node.name)
    yield dsn
    postgres_server.drop_database(dsn)


@pytest.fixture(scope="session")
def empty_kafka_storage(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the run keeps a formatted, empty storage for its brokers."""
    return tmp_path_factory.mktemp("kafka") / "empty"


@server_fixture(scope="session")
def kafka_server(empty_kafka_storage: Path) -> Iterator[KafkaServer]:
    """A real Kafka broker for the whole run; topics and groups are shared, so make yours with `kafka_topics`."""
    with shared_kafka(empty_kafka_storage) as server:
        yield server


@pytest.fixture
def kafka_topics(kafka_server: KafkaServer) -> KafkaTopics:
    """Makes topics anew on the run's broker."""
    return KafkaTopics(kafka_server.bootstrap)


@server_fixture()
def fresh_postgres() -> Iterator[Postgres]:
    """A PostgreSQL of this test's own, to stop, kill and pause."""
    with own_postgres() as server:
        yield server


@server_fixture()
def fresh_kafka(empty_kafka_storage: Path) -> Iterator[Kafka]:
    """A broker of this test's own, to stop, kill, pause and wipe."""
    with own_kafka(empty_kafka_storage) as broker:
        yield broker
