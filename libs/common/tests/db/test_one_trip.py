"""A transaction of one statement: locked first, written only if the assumption holds, and otherwise not at all."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from plaudit.common.db import Database, Role
from plaudit.common.db.one_trip import MAX_CLOCK_ERROR_SECONDS, MAX_LEFT_OUT, NOW_AT, OneTrip
from plaudit.common.db.order_locks import lock_numbers
from plaudit_testing.databases import migrated, settings_for
from plaudit_testing.runtime import until
from plaudit_testing.servers import PostgresServer

pytestmark = pytest.mark.postgres

NAME = f"${NOW_AT + 1}::text"
IS_NEW = f"NOT EXISTS (SELECT FROM things WHERE name = {NAME})"
WRITE = f"""
written AS (
    INSERT INTO things (tenant_id, name, decided_at)
    SELECT current_setting('plaudit.tenants'), {NAME}, ${NOW_AT} FROM allowed
)"""
THINGS = (
    """
    CREATE TABLE common.things (
        tenant_id text, name text UNIQUE, decided_at timestamptz, xid xid8 DEFAULT pg_current_xact_id()
    )
    """,
    "GRANT SELECT, INSERT ON common.things TO plaudit_common_worker",
)
WAITING = "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
LOCK = "SELECT pg_advisory_xact_lock($1)"


@dataclass
class Made:
    """Things that are written in one trip, and a look at them from outside."""

    trip: OneTrip
    database: Database
    superuser: asyncpg.Connection

    async def learn(self) -> None:
        """Let the database tell its time, as a transaction in steps does."""
        async with self.database.driver_transaction() as tx:
            self.trip.learn(tx.now)

    async def write(self, name: str, now: datetime | None = None) -> bool:
        """Write a thing that is thought to be new."""
        decided_at = now or self.trip.now()
        assert decided_at is not None
        return await self.trip.write(["t"], [f"thing:{name}"], decided_at, name)

    async def names(self) -> list[str]:
        """What is stored."""
        return [row["name"] for row in await self.superuser.fetch("SELECT name FROM common.things ORDER BY name")]


@pytest.fixture
async def made(postgres_server: PostgresServer) -> AsyncIterator[Made]:
    """A table of things, and one connection to write them."""
    dsn = postgres_server.create_database(postgres_server.template("only-common", migrated), name="one-trip")
    superuser = await asyncpg.connect(dsn)
    for statement in THINGS:
        await superuser.execute(statement)
    database = Database(settings_for(dsn), "common", Role.WORKER, pool_size=2)
    trip = OneTrip(database, is_new=IS_NEW, write=WRITE)
    opened = Made(trip, database, superuser)
    await opened.learn()
    yield opened
    await database.close()
    await superuser.close()
    postgres_server.drop_database(dsn)


async def test_what_is_new_is_committed_with_its_tenants_named_and_the_time_that_was_decided_with(made: Made):
    now = made.trip.now()
    assert await made.write("a", now)
    assert [
        tuple(row) for row in await made.superuser.fetch("SELECT tenant_id, name, decided_at FROM common.things")
    ] == [('{"t"}', "a", now)]


async def test_where_the_assumption_is_wrong_nothing_is_written_and_no_transaction_id_is_taken(made: Made):
    assert await made.write("a")
    before = await made.superuser.fetchval("SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint")
    assert not await made.write("a")
    assert await made.superuser.fetchval("SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint") == before
    assert await made.names() == ["a"]


async def test_it_waits_for_its_order_keys_before_it_has_a_transaction_id(made: Made):
    """Otherwise a later commit could have the smaller number, and the relay would publish by it."""
    [number] = lock_numbers(["thing:a"])
    async with made.superuser.transaction():
        await made.superuser.execute(LOCK, number)
        writing = asyncio.create_task(made.write("a"))

        async def waits() -> bool:
            return bool(await made.superuser.fetch(WAITING))

        await until(waits, "it waits for its order key")
        of_waiting = await made.superuser.fetchrow(
            f"SELECT backend_xid, query FROM pg_stat_activity WHERE pid IN ({WAITING})"
        )
        assert of_waiting["backend_xid"] is None
        mine = await made.superuser.fetchval("SELECT pg_current_xact_id()::text::bigint")
    assert await writing
    assert await made.superuser.fetchval("SELECT xid::text::bigint FROM common.things") > mine


async def test_what_was_committed_while_it_waited_for_its_order_keys_makes_the_assumption_wrong(made: Made):
    """Its snapshot is older than that commit: the unique index sees what the check cannot."""
    [number] = lock_numbers(["thing:a"])
    async with made.superuser.transaction():
        await made.superuser.execute(LOCK, number)
        writing = asyncio.create_task(made.write("a"))

        async def waits() -> bool:
            return bool(await made.superuser.fetch(WAITING))

        await until(waits, "it waits for its order key")
        await made.superuser.execute("INSERT INTO common.things (name) VALUES ('a')")
    assert not await writing
    assert [row["decided_at"] for row in await made.superuser.fetch("SELECT decided_at FROM common.things")] == [None]
    assert await made.write("b", datetime.now(UTC)), "the connection serves again"


@pytest.mark.parametrize("wrong_by", [-1.1, 200.0], ids=["too early", "too late for a test that takes a minute"])
async def test_a_time_that_the_database_does_not_have_writes_nothing(made: Made, wrong_by: float):
    now = made.trip.now()
    assert now is not None
    assert not await made.write("a", now + timedelta(seconds=wrong_by * MAX_CLOCK_ERROR_SECONDS))
    assert await made.names() == []


async def test_it_waits_for_the_databases_time_and_carries_it_on(made: Made):
    fresh = OneTrip(made.database, is_new=IS_NEW, write=WRITE)
    assert fresh.now() is None
    told = datetime(2026, 3, 1, tzinfo=UTC)
    fresh.learn(told)
    first, second = fresh.now(), fresh.now()
    assert first is not None
    assert second is not None
    assert told <= first <= second < told + timedelta(minutes=5)


async def test_its_answer_tells_the_time_anew(made: Made):
    made.trip.learn(datetime.now(UTC) - timedelta(days=1))
    assert not await made.write("a")
    assert made.trip._to_leave_out > 0
    made.trip._to_leave_out = 0
    assert await made.write("a")


async def test_the_more_misses_in_a_row_the_less_often_it_is_tried(made: Made):
    assert await made.write("known")
    left_out = []
    for _ in range(8):
        assert not await made.write("known", datetime.now(UTC))
        tries = 0
        while made.trip.now() is None:
            tries += 1
        left_out.append(tries)
    assert left_out == [1, 3, 7, 15, 31, MAX_LEFT_OUT, MAX_LEFT_OUT, MAX_LEFT_OUT]
    assert await made.write("new")
    assert not await made.write("known")
    assert [made.trip.now() is None for _ in range(2)] == [True, False]


async def test_another_error_is_raised_and_stores_nothing(made: Made):
    with pytest.raises(asyncpg.PostgresError):
        await made.write("a\x00")
    assert await made.names() == []
    assert made.trip._to_leave_out == 0
