"""A unit of work publishes with its commit, in order, or not at all."""

import contextlib

import msgspec
import pytest

from plaudit.common.db import Database
from plaudit.common.events import partition_of
from plaudit.common.ids import uuid7
from plaudit.common.outbox import Outbox, UnitOfWork
from plaudit.common.outbox.outbox import EventTooLargeError
from plaudit.common.outbox.table import append_statement
from plaudit_testing.databases import TESTING
from plaudit_testing.runtime import count_event, counting_topic
from plaudit_testing.runtime_fixtures import api_database, worker_database

__all__ = ["api_database", "worker_database"]

pytestmark = pytest.mark.postgres

TOPIC = counting_topic("test.units.v1")
OUTBOX = Outbox(TESTING, 4, uuid7)


async def published(database: Database) -> list[tuple[str, int]]:
    async with database.transaction() as tx:
        rows = await tx.raw.fetch("SELECT envelope FROM outbox ORDER BY xid, id")
    data = [msgspec.json.decode(row["envelope"])["data"] for row in rows]
    return [(each["key"], each["revision"]) for each in data]


async def test_events_are_published_with_the_commit_in_the_order_of_emitting(
    api_database: Database, worker_database: Database
) -> None:
    async with api_database.transaction("default") as tx:
        work = UnitOfWork(tx, OUTBOX, uuid7)
        await work.emit()
        await work.emit(count_event(TOPIC, "b", 1), count_event(TOPIC, "a", 1))
        await work.emit(count_event(TOPIC, "a", 2))
        assert await published(worker_database) == []
    assert await published(worker_database) == [("b", 1), ("a", 1), ("a", 2)]


async def test_a_statement_that_writes_other_tables_may_append_the_events_in_their_order(
    api_database: Database, worker_database: Database
) -> None:
    statement = f"""
        WITH things AS (INSERT INTO things (tenant_id, id) SELECT $1, unnest($2::bigint[]))
        {append_statement(3)}
    """
    events = [count_event(TOPIC, key, 1) for key in "cab"]
    async with api_database.transaction("default") as tx:
        await tx.raw.execute(statement, "default", [1, 2], *OUTBOX.arrays(events))
    assert await published(worker_database) == [("c", 1), ("a", 1), ("b", 1)]
    async with worker_database.transaction() as tx:
        rows = await tx.raw.fetch("SELECT topic, partition, key, xid, envelope FROM outbox ORDER BY id")
        assert await tx.raw.fetchval("SELECT count(*) FROM things") == 2
    assert [row["key"] for row in rows] == [b"c", b"a", b"b"]
    assert [row["partition"] for row in rows] == [partition_of(row["key"], 4) for row in rows]
    assert {row["topic"] for row in rows} == {TOPIC.name}
    assert len({row["xid"] for row in rows}) == 1


async def test_what_rolls_back_publishes_nothing(api_database: Database, worker_database: Database) -> None:
    with contextlib.suppress(ZeroDivisionError):
        async with api_database.transaction("default") as tx:
            await UnitOfWork(tx, OUTBOX, uuid7).emit(count_event(TOPIC, "a", 1))
            raise ZeroDivisionError
    assert await published(worker_database) == []


async def test_an_event_that_the_broker_would_refuse_is_an_error_and_publishes_nothing(
    api_database: Database, worker_database: Database
) -> None:
    with pytest.raises(EventTooLargeError):
        async with api_database.transaction("default") as tx:
            await UnitOfWork(tx, OUTBOX, uuid7).emit(count_event(TOPIC, "x" * 1_000_000, 1))
    assert await published(worker_database) == []


async def test_a_type_that_the_topic_does_not_register_is_an_error_and_publishes_nothing(
    api_database: Database, worker_database: Database
) -> None:
    with pytest.raises(KeyError, match="unheard"):
        async with api_database.transaction("default") as tx:
            await UnitOfWork(tx, OUTBOX, uuid7).emit(count_event(TOPIC, "a", 1, kind="count.unheard_of"))
    assert await published(worker_database) == []


async def test_no_events_cost_no_statement_and_wake_nobody(api_database: Database) -> None:
    outbox, statements = Outbox(TESTING, 4, uuid7), list[str]()
    async with api_database.transaction("default") as tx:
        with tx.raw.query_logger(lambda each: statements.append(each.query)):
            await UnitOfWork(tx, outbox, uuid7).emit()
        assert (statements, outbox.written.is_set()) == ([], False)
        await UnitOfWork(tx, outbox, uuid7).emit(count_event(TOPIC, "a", 1))
        assert outbox.written.is_set()
