"""Fixtures for every test of the repository (a plugin: see the root's conftest.py): real servers, and plain logs.

Each server starts when the first test asks for it and serves the whole run.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from plaudit_local.kafka import Kafka
from plaudit_local.postgres import Postgres
from plaudit_testing.servers import (
    KafkaServer,
    KafkaTopics,
    PostgresServer,
    own_kafka,
    own_postgres,
    shared_kafka,
    shared_postgres,
)


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


@pytest.fixture(scope="session")
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


@pytest.fixture(scope="session")
def kafka_server(empty_kafka_storage: Path) -> Iterator[KafkaServer]:
    """A real Kafka broker for the whole run; topics and groups are shared, so make yours with `kafka_topics`."""
    with shared_kafka(empty_kafka_storage) as server:
        yield server


@pytest.fixture
def kafka_topics(kafka_server: KafkaServer) -> KafkaTopics:
    """Makes topics anew on the run's broker."""
    return KafkaTopics(kafka_server.bootstrap)


@pytest.fixture
def fresh_postgres() -> Iterator[Postgres]:
    """A PostgreSQL of this test's own, to stop, kill and pause."""
    with own_postgres() as server:
        yield server


@pytest.fixture
def fresh_kafka(empty_kafka_storage: Path) -> Iterator[Kafka]:
    """A broker of this test's own, to stop, kill, pause and wipe."""
    with own_kafka(empty_kafka_storage) as broker:
        yield broker
