"""Snapshots: what is read in one is of one instant, whatever is committed and replaced meanwhile."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager

import asyncpg
import pytest

from plaudit.common.db import Database, Tx
from plaudit_testing.runtime import until
from plaudit_testing.runtime_fixtures import api_database, testing_url, worker_database

__all__ = ["api_database", "testing_url", "worker_database"]

pytestmark = pytest.mark.postgres

Open = Callable[..., AbstractAsyncContextManager[Tx]]

ADD = "INSERT INTO testing.sums VALUES ($1, 1, 1)"
COUNT = "SELECT count(*) FROM sums"
WAITING = "SELECT count(*) FROM pg_locks JOIN pg_database AS d ON d.oid = database WHERE NOT granted AND datname = $1"


@pytest.fixture(params=[Database.snapshot, Database.driver_snapshot], ids=["of SQLAlchemy", "on the driver"])
def snapshot(request: pytest.FixtureRequest) -> Open:
    """Open a snapshot, in each of the two ways."""
    opened: Open = request.param
    return opened


@pytest.fixture
async def admin(testing_url: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(testing_url)
    yield connection
    await connection.close()


async def test_every_statement_sees_the_same_instant(
    api_database: Database, admin: asyncpg.Connection, snapshot: Open
) -> None:
    await admin.execute(ADD, "a")
    async with snapshot(api_database) as tx:
        assert await tx.raw.fetchval(COUNT) == 1
        await admin.execute(ADD, "b")
        assert await tx.raw.fetchval(COUNT) == 1
        assert tx.now == await tx.raw.fetchval("SELECT now()")
    async with snapshot(api_database) as tx:
        assert await tx.raw.fetchval(COUNT) == 2


async def test_the_instant_is_that_of_the_opening(
    api_database: Database, admin: asyncpg.Connection, snapshot: Open
) -> None:
    async with snapshot(api_database) as tx:
        await admin.execute(ADD, "a")
        assert await tx.raw.fetchval(COUNT) == 0


async def test_statements_of_sqlalchemy_see_it_too(api_database: Database, admin: asyncpg.Connection) -> None:
    async with api_database.snapshot() as tx:
        await admin.execute(ADD, "a")
        found = (await tx.sql.exec_driver_sql(COUNT)).scalar_one()
        assert (found, await tx.raw.fetchval(COUNT)) == (0, 0)


async def test_nothing_is_written_and_the_connection_serves_again(
    api_database: Database, admin: asyncpg.Connection, snapshot: Open
) -> None:
    for _ in range(6):
        with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
            async with snapshot(api_database) as tx:
                await tx.raw.execute(ADD, "a")
    async with snapshot(api_database) as tx:
        assert await tx.raw.fetchval(COUNT) == 0
    async with api_database.transaction() as tx:
        assert await tx.raw.fetchval("SHOW transaction_isolation") == "read committed"
        await tx.raw.execute(ADD, "b")
    assert await admin.fetchval("SELECT count(*) FROM testing.sums") == 1


async def test_a_snapshot_is_its_tenants_own(api_database: Database, admin: asyncpg.Connection, snapshot: Open) -> None:
    await admin.execute("INSERT INTO testing.things VALUES ('acme', 1), ('globex', 2)")
    async with snapshot(api_database, "acme") as tx:
        assert await tx.raw.fetchval("SELECT array_agg(tenant_id) FROM things") == ["acme"]


async def test_a_table_that_another_has_taken_the_place_of_is_read_as_a_whole(
    api_database: Database, admin: asyncpg.Connection, testing_url: str, snapshot: Open
) -> None:
    """The new table gets its last rows while it takes the place: an older snapshot would find it without them."""
    api_database.share("sums")
    await admin.execute("CREATE TABLE testing.sums_anew (LIKE testing.sums)")
    await admin.execute("GRANT SELECT ON testing.sums_anew TO plaudit_testing_api")
    await admin.execute(ADD, "old")

    async def count() -> int:
        async with snapshot(api_database) as tx:
            found: int = await tx.raw.fetchval(COUNT)
            return found

    async with admin.transaction():
        await admin.execute("ALTER TABLE testing.sums RENAME TO sums_before")
        await admin.execute("ALTER TABLE testing.sums_anew RENAME TO sums")
        reading = asyncio.create_task(count())
        other = await asyncpg.connect(testing_url)
        name = await other.fetchval("SELECT current_database()")

        async def waits() -> bool:
            return bool(await other.fetchval(WAITING, name))

        await until(waits, "the reader waits")
        await admin.executemany(ADD, [("old",), ("new",)])
        await other.close()
    assert await reading == 2


async def test_what_is_shared_is_not_replaced_before_the_snapshot_ends(
    api_database: Database, admin: asyncpg.Connection, snapshot: Open
) -> None:
    api_database.share("sums")
    await admin.execute(ADD, "a")
    async with snapshot(api_database) as tx:
        await admin.execute("SET lock_timeout = 50")
        with pytest.raises(asyncpg.LockNotAvailableError):
            await admin.execute("TRUNCATE testing.sums")
        assert await tx.raw.fetchval(COUNT) == 1
    await admin.execute("SET lock_timeout = 0")
    await admin.execute("TRUNCATE testing.sums")
