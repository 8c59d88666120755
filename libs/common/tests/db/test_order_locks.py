"""Order locks: the time of a transaction is that of its locks, so that times under one key stand in order."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime

import pytest

from plaudit.common.db import Database, Role, lock, lock_shared
from plaudit_testing.databases import migrated, settings_for
from plaudit_testing.runtime import until
from plaudit_testing.servers import PostgresServer

pytestmark = pytest.mark.postgres
WAITING = """
SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted
AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""


@pytest.fixture
async def made(postgres_server: PostgresServer) -> AsyncIterator[Database]:
    dsn = postgres_server.create_database(postgres_server.template("only-common", migrated), name="order_locks")
    database = Database(settings_for(dsn), "common", Role.WORKER, pool_size=3)
    yield database
    await database.close()
    postgres_server.drop_database(dsn)


async def test_who_waits_for_a_lock_writes_a_later_time_than_whoever_had_it(made: Database):
    times: list[datetime] = []

    async def waits() -> None:
        async with made.transaction() as tx:
            began = tx.now
            await lock(tx, ["a", "b"])
            times.extend((began, tx.now))

    async def is_waiting() -> bool:
        async with made.transaction() as tx:
            return bool(await tx.raw.fetchval(WAITING))

    async with made.transaction() as first:
        await lock(first, ["b"])
        waiting = asyncio.create_task(waits())
        await until(is_waiting, "the second transaction waits")
        released: datetime = await first.raw.fetchval("SELECT clock_timestamp()")
    await waiting
    assert times[0] < released <= times[1]


async def test_locking_twice_counts_the_time_before_once(made: Database):
    async with made.transaction() as tx:
        began = tx.now
        await lock(tx, ["a"])
        await tx.raw.execute("SELECT pg_sleep(0.05)")
        await lock(tx, ["b"])
        ended: datetime = await tx.raw.fetchval("SELECT clock_timestamp()")
        assert began < tx.now <= ended


async def test_who_shares_a_key_keeps_only_those_out_who_lock_it(made: Database):
    async def locks() -> None:
        async with made.transaction() as tx:
            await lock(tx, ["a"])

    async def is_waiting() -> bool:
        async with made.transaction() as tx:
            return bool(await tx.raw.fetchval(WAITING))

    async with made.transaction() as first, made.transaction() as second:
        await lock_shared(first, ["a", "b"])
        await lock_shared(second, ["a"])
    async with made.transaction() as first:
        await lock_shared(first, ["a"])
        waiting = asyncio.create_task(locks())
        await until(is_waiting, "whoever locks the key waits")
    await waiting
