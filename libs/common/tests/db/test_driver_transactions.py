"""Transactions on the bare driver: locks, rollback, codecs, tenants, and connections that a server has closed."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from plaudit.common.db import Database, Role
from plaudit.common.db.database import RolledBackError
from plaudit.common.db.order_locks import MAX_KEYS_PER_TRANSACTION, lock_numbers
from plaudit_testing.databases import migrated, settings_for
from plaudit_testing.runtime import until
from plaudit_testing.servers import PostgresServer

pytestmark = pytest.mark.postgres

LOCKED = """
SELECT (classid::bigint << 32) | objid::bigint AS number FROM pg_locks
WHERE locktype = 'advisory' AND granted AND pid = pg_backend_pid()
"""
XID = "SELECT pg_current_xact_id_if_assigned()"


@pytest.fixture
async def made(postgres_server: PostgresServer) -> AsyncIterator[Database]:
    """Connections of a worker, of which there is one at most."""
    dsn = postgres_server.create_database(postgres_server.template("only-common", migrated), name="driver")
    database = Database(settings_for(dsn), "common", Role.WORKER, pool_size=1)
    yield database
    await database.close()
    postgres_server.drop_database(dsn)


async def backend(made: Database) -> int:
    async with made.driver_transaction() as tx:
        pid: int = await tx.raw.fetchval("SELECT pg_backend_pid()")
        return pid


async def test_it_begins_with_all_order_keys_locked_and_no_transaction_id(made: Database):
    async with made.driver_transaction(order_keys=["b", "a", "b"]) as tx:
        assert await tx.raw.fetchval(XID) is None
        assert sorted(row["number"] for row in await tx.raw.fetch(LOCKED)) == lock_numbers(["a", "b"])
    async with made.driver_transaction() as tx:
        assert await tx.raw.fetch(LOCKED) == []


async def test_more_keys_than_a_transaction_can_lock_are_refused_before_it_opens(made: Database):
    with pytest.raises(ValueError, match="order keys in one transaction"):
        async with made.driver_transaction(order_keys=map(str, range(MAX_KEYS_PER_TRANSACTION + 1))):
            pytest.fail("it opened")


@pytest.mark.parametrize("error", [ValueError("ours"), asyncio.CancelledError()], ids=["an error", "a cancellation"])
async def test_what_the_block_raises_rolls_back_and_the_connection_serves_again(made: Database, error: BaseException):
    before = await backend(made)
    key = f"key-{uuid4()}"

    async def fail() -> None:
        async with made.driver_transaction(order_keys=[key]) as tx:
            await tx.raw.execute("SELECT pg_current_xact_id()")
            raise error

    with pytest.raises(type(error)):
        await fail()
    async with made.driver_transaction(order_keys=[key]) as tx:
        assert await tx.raw.fetchval(XID) is None
        assert await tx.raw.fetchval("SELECT pg_backend_pid()") == before


async def test_a_failed_statement_rolls_back_and_the_connection_serves_again(made: Database):
    before = await backend(made)
    with pytest.raises(asyncpg.DivisionByZeroError):
        async with made.driver_transaction() as tx:
            await tx.raw.fetchval("SELECT 1 / 0")
    assert await backend(made) == before


@pytest.mark.parametrize("opened", ["transaction", "driver_transaction"])
async def test_a_commit_that_the_server_turns_into_a_rollback_is_an_error(made: Database, opened: str):
    before = await backend(made)

    async def fail_unnoticed() -> None:
        async with getattr(made, opened)() as tx:
            await tx.raw.execute("SELECT pg_current_xact_id()")
            with contextlib.suppress(asyncpg.DivisionByZeroError):
                await tx.raw.fetchval("SELECT 1 / 0")

    with pytest.raises(RolledBackError):
        await fail_unnoticed()
    async with getattr(made, opened)() as tx:
        assert await tx.raw.fetchval(XID) is None
    assert await backend(made) == before


async def test_tenants_are_named_for_the_transaction_alone(made: Database):
    named = "SELECT current_setting('plaudit.tenants', true)"
    async with made.driver_transaction("acme", 'with "quotes"') as tx:
        assert await tx.raw.fetchval(f"SELECT (({named})::text[])[2]") == 'with "quotes"'
    async with made.driver_transaction() as tx:
        assert await tx.raw.fetchval(named) == "{}"


async def test_jsonb_is_read_as_values_and_written_as_text(made: Database):
    async with made.driver_transaction() as tx:
        assert await tx.raw.fetchval("SELECT $1::jsonb", '[[0, "why"]]') == [[0, "why"]]
        assert await tx.raw.fetchval("SELECT $1::jsonb[]", ['{"a": 1}', None]) == [{"a": 1}, None]


@pytest.mark.parametrize("kind", [Database.transaction, Database.driver_transaction])
async def test_a_connection_that_the_server_closed_meanwhile_is_replaced_without_an_error(
    postgres_server: PostgresServer, made: Database, kind
):
    async with kind(made) as tx:
        pid, raw = await tx.raw.fetchval("SELECT pg_backend_pid()"), tx.raw
        same = getattr(raw, "_con", raw)
    admin = await asyncpg.connect(postgres_server.admin_dsn)
    await admin.execute("SELECT pg_terminate_backend($1)", pid)
    await admin.close()
    await until(same.is_closed, "the connection is closed")
    async with kind(made) as tx:
        assert await tx.raw.fetchval("SELECT pg_backend_pid()") != pid


OPENED = pytest.mark.parametrize("opened", ["driver_transaction", "driver_snapshot", "driver_statement"])


@asynccontextmanager
async def ended_by(server: PostgresServer) -> AsyncIterator[Callable[[asyncpg.Connection, int], Awaitable[None]]]:
    """Ends a session as an operator does, and waits until the driver has seen it."""
    admin = await asyncpg.connect(server.admin_dsn)

    async def end(same: asyncpg.Connection, pid: int) -> None:
        await admin.execute("SELECT pg_terminate_backend($1)", pid)
        await until(same.is_closed, "the connection is closed")

    yield end
    await admin.close()


@OPENED
@pytest.mark.parametrize("error", [ValueError("ours"), TimeoutError("ours")], ids=["an error", "a timeout"])
async def test_what_a_block_raises_is_seen_where_the_server_has_ended_its_session(
    postgres_server: PostgresServer, made: Database, opened: str, error: Exception
):
    async def fail(end: Callable[[asyncpg.Connection, int], Awaitable[None]]) -> None:
        opening: Any = getattr(made, opened)
        async with opening() as found:
            raw = getattr(found, "raw", found)
            await end(raw._con, await raw.fetchval("SELECT pg_backend_pid()"))
            raise error

    async with ended_by(postgres_server) as end:
        with pytest.raises(type(error), match="ours"):
            await fail(end)
    await backend(made)  # the only connection was replaced


async def test_a_connection_goes_back_without_another_round_trip(postgres_server: PostgresServer, made: Database):
    pid = await backend(made)
    admin = await asyncpg.connect(postgres_server.admin_dsn)
    assert await admin.fetchval("SELECT query FROM pg_stat_activity WHERE pid = $1", pid) == "COMMIT"
    await admin.close()


async def test_the_first_transactions_share_one_pool(made: Database, monkeypatch: pytest.MonkeyPatch):
    """They begin at once, and making a pool may take a while."""
    make = asyncpg.create_pool

    async def make_slowly(**options: object) -> asyncpg.Pool:
        await asyncio.sleep(0)
        return await make(**options)

    monkeypatch.setattr(asyncpg, "create_pool", make_slowly)
    pids = await asyncio.gather(*(backend(made) for _ in range(3)))
    assert len(set(pids)) == 1


@pytest.mark.parametrize("kind", [Database.transaction, Database.driver_transaction])
@pytest.mark.parametrize("role", Role)
async def test_every_session_has_the_planner_settings_of_its_role(postgres_server: PostgresServer, role: Role, kind):
    dsn = postgres_server.create_database(postgres_server.template("only-common", migrated), name="planner")
    database = Database(settings_for(dsn), "common", role, pool_size=1)
    async with kind(database, "default") as tx:
        found = await tx.raw.fetchrow(
            "SELECT current_setting('jit') AS jit, current_setting('enable_seqscan') AS scan, "
            "current_setting('max_parallel_workers_per_gather')::int > 0 AS parallel"
        )
    await database.close()
    postgres_server.drop_database(dsn)
    assert dict(found) == {
        "jit": "off",
        "scan": "off" if role is Role.HOOK else "on",
        "parallel": role is not Role.API,
    }


async def test_a_lone_statement_commits_by_itself(made: Database):
    async with made.driver_statement() as raw:
        first = await raw.fetchval("SELECT pg_current_xact_id()::text")
        assert not raw.is_in_transaction()
        assert await raw.fetchval("SELECT pg_current_xact_id()::text") != first


async def test_a_condition_is_asked_at_the_time_that_transactions_have(
    made: Database,
):
    past = "SELECT {now} > $1::timestamptz"
    async with made.driver_transaction() as tx:
        now = tx.now
    assert await made.holds(past, now)
    assert not await made.holds(past, now + timedelta(days=1))


def test_a_condition_heeds_the_test_clock_as_transactions_do():
    made = Database(settings_for("postgresql://nobody@nowhere/x", test_clock=True), "common", Role.WORKER)
    assert made._now in made._begin
    assert "clock_offset" in made._now
