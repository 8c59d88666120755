"""A server that is silent costs a caller as long as the settings say, and not as long as the driver would wait."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import asyncpg
import pytest
from sqlalchemy import QueuePool

from plaudit.common.db import Database, Role, Tx
from plaudit.common.db.database import STATEMENT_TIMEOUT_MS
from plaudit.common.db.errors import FAREWELL_UNNOTICED, is_transient
from plaudit.common.outbox.lease import LEASE_SECONDS
from plaudit.common.settings import Settings
from plaudit_testing.databases import migrated, settings_for
from plaudit_testing.runtime import until
from plaudit_testing.servers import PostgresServer
from plaudit_testing.tcp_proxy import TcpProxy, proxy_for, through

pytestmark = pytest.mark.postgres

Open = Callable[[Database], AbstractAsyncContextManager[Tx]]

SHORT_SECONDS = 0.4
FOREVER_SECONDS = 3_600.0
TEST_SECONDS = 30.0
END_OTHERS = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'
"""
POOL_SIZE = 2


@pytest.fixture
def common_url(postgres_server: PostgresServer):
    """A database with the schema `common` and nothing else."""
    dsn = postgres_server.create_database(postgres_server.template("only-common", migrated), name="deadlines")
    yield dsn
    postgres_server.drop_database(dsn)


@pytest.fixture
async def proxy(common_url: str) -> AsyncIterator[TcpProxy]:
    """Stands before that database."""
    async with proxy_for(common_url) as opened:
        yield opened


@asynccontextmanager
async def database(
    common_url: str, proxy: TcpProxy, role: Role = Role.API, **seconds: float
) -> AsyncIterator[Database]:
    """Connections through the proxy, with a driver that would wait for ever where nothing else is said."""
    limits = {
        "database_open_timeout_seconds": FOREVER_SECONDS,
        "database_connect_timeout_seconds": FOREVER_SECONDS,
        "database_command_timeout_seconds": FOREVER_SECONDS,
        **seconds,
    }
    made = Database(settings_for(through(proxy, common_url), **limits), "common", role, pool_size=POOL_SIZE)
    yield made
    proxy.pass_through()
    await made.close()


WAYS = {
    "of SQLAlchemy": Database.transaction,
    "on the driver": Database.driver_transaction,
    "a snapshot of SQLAlchemy": Database.snapshot,
    "a snapshot on the driver": Database.driver_snapshot,
}


@pytest.fixture(params=[*WAYS.values()], ids=[*WAYS])
def open_(request: pytest.FixtureRequest) -> Open:
    """Open a transaction, in each way."""
    opened: Open = request.param
    return opened


def connections_out(made: Database) -> int:
    pool, driver_pool = made.engine.pool, made._driver_pool
    assert isinstance(pool, QueuePool)
    of_driver = 0 if driver_pool is None else driver_pool.get_size() - driver_pool.get_idle_size()
    return pool.checkedout() + of_driver


async def ping(made: Database, open_: Open) -> None:
    async with open_(made) as tx:
        assert await tx.raw.fetchval("SELECT 1") == 1


async def succeeds(attempt: Callable[[], Awaitable[object]]) -> object:
    """Return what an attempt returns; try again when it runs out of time, and only then.

    On a busy machine, a good answer can take longer than the short limits.
    """
    async with asyncio.timeout(TEST_SECONDS):
        while True:
            try:
                return await attempt()
            except TimeoutError:
                await asyncio.sleep(0)


async def warm(made: Database, open_: Open) -> None:
    await asyncio.gather(*(succeeds(lambda: ping(made, open_)) for _ in range(POOL_SIZE)))


async def assert_transient_in_time(made: Database, open_: Open, times: int = 1) -> None:
    async with asyncio.timeout(TEST_SECONDS):
        errors = await asyncio.gather(*(ping(made, open_) for _ in range(times)), return_exceptions=True)
    assert len(errors) == times
    for error in errors:
        assert isinstance(error, Exception)
        assert is_transient(error)


@pytest.mark.parametrize("connected", [True, False], ids=["with connections", "without"])
async def test_a_transaction_that_a_silent_server_does_not_open_is_given_up(
    common_url: str, proxy: TcpProxy, open_: Open, connected: bool
):
    async with database(common_url, proxy, database_open_timeout_seconds=SHORT_SECONDS) as made:
        if connected:
            await warm(made, open_)
        proxy.black_hole()
        for _ in range(2):
            await assert_transient_in_time(made, open_, times=3 * POOL_SIZE)
        proxy.pass_through()
        await until(lambda: connections_out(made) == 0, "all connections are given back")
        await warm(made, open_)


@pytest.mark.parametrize("late", ["database_open_timeout_seconds", "database_command_timeout_seconds"])
async def test_a_lone_statement_that_is_not_answered_is_given_up_and_its_connection_cut(
    common_url: str, proxy: TcpProxy, late: str
):
    async with database(common_url, proxy, **{late: SHORT_SECONDS}) as made:
        assert await succeeds(lambda: made.holds("SELECT true"))
        proxy.black_hole()
        async with asyncio.timeout(TEST_SECONDS):
            with pytest.raises(Exception) as raised:
                await made.holds("SELECT true")
        assert is_transient(raised.value)
        assert connections_out(made) == 0
        proxy.pass_through()
        assert await succeeds(lambda: made.holds("SELECT true"))


async def test_waiting_for_a_free_connection_counts_too(common_url: str, proxy: TcpProxy, open_: Open):
    async with database(common_url, proxy, database_open_timeout_seconds=SHORT_SECONDS) as made:
        async with open_(made), open_(made):
            await assert_transient_in_time(made, open_)
        await succeeds(lambda: ping(made, open_))


async def test_a_worker_waits_longer_for_a_connection_than_a_request(common_url: str, proxy: TcpProxy, open_: Open):
    seconds = {"database_open_timeout_seconds": FOREVER_SECONDS, "database_worker_open_timeout_seconds": SHORT_SECONDS}
    async with database(common_url, proxy, Role.WORKER, **seconds) as made:
        async with open_(made), open_(made):
            await assert_transient_in_time(made, open_)
        await succeeds(lambda: ping(made, open_))
    fields = Settings.model_fields
    assert fields["database_worker_open_timeout_seconds"].default > fields["database_open_timeout_seconds"].default
    assert fields["database_worker_open_timeout_seconds"].default < LEASE_SECONDS


async def test_a_statement_that_is_not_answered_leaves_its_transaction_without_waiting_for_a_rollback(
    common_url: str, proxy: TcpProxy, open_: Open
):
    async with database(common_url, proxy, database_command_timeout_seconds=SHORT_SECONDS) as made:
        await warm(made, open_)

        async def ask_a_silent_server() -> None:
            async with open_(made) as tx:
                proxy.black_hole()
                await tx.raw.fetchval("SELECT 1")

        asking = asyncio.create_task(ask_a_silent_server())
        await asyncio.wait({asking}, timeout=TEST_SECONDS)
        assert isinstance(asking.exception(), TimeoutError)
        assert connections_out(made) == 0
        proxy.pass_through()
        await warm(made, open_)


async def end_all_sessions(common_url: str, proxy: TcpProxy) -> None:
    """End what goes through the proxy as a stopping server does: with a message, and the end of the stream later."""
    proxy.hide_ends()
    admin = await asyncpg.connect(common_url)
    try:
        ended = await admin.fetch(END_OTHERS)
    finally:
        await admin.close()
    await until(lambda: proxy.hidden_ends == len(ended) > 0, "the server has closed its connections")


async def test_a_message_that_ends_an_open_transaction_is_transient(common_url: str, proxy: TcpProxy, open_: Open):
    async with database(common_url, proxy, database_open_timeout_seconds=SHORT_SECONDS) as made:
        with pytest.raises(Exception) as raised:
            async with open_(made):
                await end_all_sessions(common_url, proxy)
        assert is_transient(raised.value)
        await warm(made, open_)


async def test_what_ended_a_transaction_is_not_hidden_by_what_cannot_be_rolled_back(
    common_url: str, proxy: TcpProxy, open_: Open
):
    """A process that has had no time for seconds runs a statement before it has seen that its connection is gone."""
    async with database(common_url, proxy, database_open_timeout_seconds=SHORT_SECONDS) as made:

        async def stand_still_and_go_on() -> None:
            async with open_(made) as tx:
                await end_all_sessions(common_url, proxy)
                await tx.raw.fetchval("SELECT 1")

        with pytest.raises(asyncpg.InternalClientError, match=FAREWELL_UNNOTICED) as raised:
            await stand_still_and_go_on()
        assert is_transient(raised.value)
        await warm(made, open_)


async def test_a_message_that_ended_connections_while_nobody_used_them_is_transient(
    common_url: str, proxy: TcpProxy, open_: Open
):
    async with database(common_url, proxy, database_open_timeout_seconds=SHORT_SECONDS) as made:
        await warm(made, open_)
        await end_all_sessions(common_url, proxy)
        await assert_transient_in_time(made, open_, times=POOL_SIZE)
        await warm(made, open_)


async def test_a_block_that_takes_its_time_is_not_cut_off(common_url: str, proxy: TcpProxy, open_: Open):
    async with database(common_url, proxy, database_open_timeout_seconds=SHORT_SECONDS) as made:

        async def takes_its_time() -> int:
            async with open_(made) as tx:
                await asyncio.sleep(2 * SHORT_SECONDS)
                return int(await tx.raw.fetchval("SELECT 1"))

        assert await succeeds(takes_its_time) == 1


def test_the_servers_own_deadline_comes_before_the_drivers():
    fields = Settings.model_fields
    assert fields["database_command_timeout_seconds"].default * 1_000 > STATEMENT_TIMEOUT_MS
