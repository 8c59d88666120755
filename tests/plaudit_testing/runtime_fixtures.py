"""Fixtures of the runtime's own tests: a database of the tests' own service, and topics of each test's own.

A `conftest.py` imports those it offers.
"""

import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

import pytest

from plaudit.common.contracts import Topic
from plaudit.common.db import Database, Role
from plaudit.common.kafka.topics import make_topics
from plaudit.common.settings import Settings
from plaudit_testing.databases import TESTING, migrated, settings_for
from plaudit_testing.runtime import counting_topic, worker
from plaudit_testing.servers import KafkaServer, KafkaTopics, PostgresServer

PARTITIONS = 4
SESSION_TIMEOUT_MS = 2_000

MakeTopic = Callable[..., Awaitable[Topic]]


@pytest.fixture
def testing_url(postgres_server: PostgresServer, request: pytest.FixtureRequest) -> Iterator[str]:
    """The DSN of a fresh database with the tests' own service."""
    template = postgres_server.template("runtime", lambda dsn: migrated(dsn, TESTING))
    dsn = postgres_server.create_database(template, name=request.node.name)
    yield dsn
    postgres_server.drop_database(dsn)


@pytest.fixture
async def api_database(testing_url: str) -> AsyncIterator[Database]:
    """Connections of the tests' own service under the api role; needs no broker."""
    connections = Database(settings_for(testing_url), TESTING, Role.API, pool_size=4)
    yield connections
    await connections.close()


@pytest.fixture
async def worker_database(testing_url: str) -> AsyncIterator[Database]:
    """Connections of the tests' own service under the worker role; needs no broker."""
    connections = Database(settings_for(testing_url), TESTING, Role.WORKER, pool_size=4)
    yield connections
    await connections.close()


@pytest.fixture
def settings(testing_url: str, kafka_server: KafkaServer) -> Settings:
    """Settings of a fresh database and the run's broker."""
    return settings_for(
        testing_url, kafka_server.bootstrap, partitions=PARTITIONS, kafka_session_timeout_ms=SESSION_TIMEOUT_MS
    )


@pytest.fixture
async def database(settings: Settings) -> AsyncIterator[Database]:
    """Connections under the worker role."""
    connections = worker(settings)
    yield connections
    await connections.close()


@pytest.fixture
async def make_topic(settings: Settings, kafka_server: KafkaServer) -> AsyncIterator[MakeTopic]:
    """Makes topics with names of their own; they are deleted after the test."""
    made: list[str] = []

    async def make(*, compacted: bool = False) -> Topic:
        topic = counting_topic(f"test.{uuid.uuid4().hex[:12]}.v1", compacted=compacted)
        await make_topics(settings, [topic])
        made.append(topic.name)
        return topic

    yield make
    await KafkaTopics(kafka_server.bootstrap).delete(*made)
