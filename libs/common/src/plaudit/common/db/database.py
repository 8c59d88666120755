"""Connections with every deadline set, and the only place that opens and commits transactions.

Requests and jobs use `transaction`, which takes statements built with SQLAlchemy. The hot paths (groups of deliveries,
batches of records) use `driver_transaction`: the same deadlines on the bare driver, for a fifth of the processor time.
"""

import asyncio
from collections.abc import AsyncIterator, Coroutine, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from enum import StrEnum
from typing import Any, cast

import asyncpg
import msgspec
from sqlalchemy import URL, event, make_url
from sqlalchemy.exc import InvalidatePoolError
from sqlalchemy.ext.asyncio import create_async_engine

from plaudit.common.db.arrays import check_concrete_classes
from plaudit.common.db.order_locks import OrderKey, lock_numbers
from plaudit.common.db.tx import SqlTx, Tx
from plaudit.common.settings import Settings

STATEMENT_TIMEOUT_MS = 5_000
LOCK_TIMEOUT_MS = 2_000
IDLE_IN_TRANSACTION_TIMEOUT_MS = 10_000
"""One open writer anywhere holds the watermark of every relay."""
CLOSE_TIMEOUT_SECONDS = 5.0


class Role(StrEnum):
    """What a process may do in the database: a database role for each service and each of these."""

    OWNER = "owner"
    """Migrates, and owns the tables."""
    API = "api"
    """Serves requests; sees the rows of one tenant, which the transaction names."""
    HOOK = "hook"
    """Commits groups of deliveries; sees the rows of the tenants that were verified for the commit."""
    WORKER = "worker"
    """Runs consumers, relay and jobs; sees all rows, and is never used for a request."""


_BEGIN_SNAPSHOT = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
_NOW = "now()"
_NOW_OF_TEST_CLOCK = "now() + coalesce((SELECT moved_by FROM common.clock_offset), interval '0')"
_BEGIN = "SELECT set_config('plaudit.tenants', $1, true) AS tenants, {now} AS now"
# It reads no table but for the test clock, and so may lock: what the transaction reads, later statements read. Only
# `one_trip.py` makes it a part of a statement that reads tables, and says why it may.
_BEGIN_AND_LOCK = f"{_BEGIN}, count(pg_advisory_xact_lock(k)) FROM unnest($2::bigint[]) AS k"


def role_name(service: str, role: Role) -> str:
    """Return the name of a service's database role."""
    return f"plaudit_{service.replace('-', '_')}_{role}"


def sqlalchemy_url(database_url: str) -> URL:
    """Return the URL with our driver in place of the one it names."""
    return make_url(database_url).set(drivername="postgresql+asyncpg")


def tenants_literal(tenants: Iterable[str]) -> str:
    """Return tenants as the setting that the policies of the tables read."""
    return "{" + ",".join('"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"' for name in tenants) + "}"


_PLANNER: Mapping[Role, Mapping[str, str]] = {
    Role.API: {"max_parallel_workers_per_gather": "0"},
    Role.HOOK: {"enable_seqscan": "off"},
}
"""The hook role only looks rows up by their keys, in tables that grow. A plan that is made while a table is a few pages
reads all of it for each key, and is used until the table is analysed again.

Requests read some thousand rows by an index. Where workers are to be had the planner takes it for cheaper to read a
whole table in parallel, and starts processes for each request that other requests need the cores of."""


class RolledBackError(Exception):
    """The block ended well, but a statement in it had failed, so the server has rolled back in place of a commit."""


class _Connection(asyncpg.Connection):
    """A connection that knows a commit from a rollback.

    The server answers `COMMIT` of a transaction in which a statement has failed with `ROLLBACK`, which is no error for
    the driver: whoever has suppressed the statement's error would take the transaction for committed.
    """

    def execute(self, query: str, *arguments: object, timeout: float | None = None) -> Coroutine[Any, Any, str]:
        """Execute a statement, as the driver does; each commit of a transaction comes through here.

        Raises:
            RolledBackError: it is a commit, and nothing was committed.
        """
        executing: Coroutine[Any, Any, str] = super().execute(query, *arguments, timeout=timeout)
        return _committed(executing) if query.startswith("COMMIT") else executing


async def _committed(executing: Coroutine[Any, Any, str]) -> str:
    status = await executing
    if status != "COMMIT":
        raise RolledBackError(f"a statement had failed before, and was not let through: the server answered {status}")
    return status


def _connect_args(settings: Settings, service: str, role: Role) -> dict[str, Any]:
    name = role_name(service, role)
    return {
        "connection_class": _Connection,
        "timeout": settings.database_connect_timeout_seconds,
        "command_timeout": settings.database_command_timeout_seconds,
        "server_settings": {
            "role": name,
            "application_name": name,
            "search_path": f"{service.replace('-', '_')}, common",
            "timezone": "UTC",
            "jit": "off",
            "statement_timeout": str(STATEMENT_TIMEOUT_MS),
            "lock_timeout": str(LOCK_TIMEOUT_MS),
            "idle_in_transaction_session_timeout": str(IDLE_IN_TRANSACTION_TIMEOUT_MS),
            **_PLANNER.get(role, {}),
        },
    }


async def _set_codecs(raw: asyncpg.Connection) -> None:
    """Read and write jsonb as SQLAlchemy's connections do: written as text, read as values."""
    await raw.set_type_codec("jsonb", schema="pg_catalog", encoder=str, decoder=msgspec.json.decode)


async def _keep_session(raw: asyncpg.Connection) -> None:
    """Reset nothing when a connection goes back: our transactions set nothing that outlives them."""


def _is_gone(raw: asyncpg.Connection) -> bool:
    """Say whether a connection is closed; the pool's proxy of one that the server has closed refuses to be asked."""
    try:
        return bool(raw.is_closed())
    except asyncpg.InterfaceError:
        return True


def _cut(raw: asyncpg.Connection) -> None:
    """Close a connection at once, unless the server has done so before."""
    if not _is_gone(raw):
        raw.terminate()


def _refuse_closed(connection: Any, _record: object, _proxy: object) -> None:
    """Let SQLAlchemy replace its connections when a server has closed one while nobody used it."""
    if connection.driver_connection.is_closed():
        raise InvalidatePoolError


class Database:
    """The connections of one process under one role."""

    def __init__(self, settings: Settings, service: str, role: Role, *, pool_size: int | None = None) -> None:
        """Open nothing yet: connections are made when they are first used.

        Args:
            settings: address and deadlines.
            service: whose schema and roles, for example `ingest`.
            role: what this process may do.
            pool_size: largest number of connections; by default that of the settings.
        """
        check_concrete_classes()
        self.service = service
        self.role = role
        self._now = _NOW_OF_TEST_CLOCK if settings.test_clock else _NOW
        self._begin = _BEGIN.format(now=self._now)
        self._begin_snapshot = _BEGIN_SNAPSHOT
        self.begin_and_lock = _BEGIN_AND_LOCK.format(now=self._now)
        """Opens a transaction on the driver, also as a WITH query: $1 its tenants, $2 the numbers of its order keys."""
        self._open_timeout_seconds = (
            settings.database_worker_open_timeout_seconds
            if role is Role.WORKER
            else settings.database_open_timeout_seconds
        )
        url = sqlalchemy_url(settings.database_url.get_secret_value())
        connect_args = _connect_args(settings, service, role)
        size = pool_size or settings.database_pool_size
        self.engine = create_async_engine(
            url,
            pool_size=size,
            max_overflow=0,
            pool_timeout=self._open_timeout_seconds,
            pool_recycle=1800,
            connect_args=connect_args,
        )
        self._changing = asyncio.Semaphore(max(1, size // 2))
        event.listen(self.engine.sync_engine, "checkout", _refuse_closed)
        # The same connections. SQLAlchemy begins nothing on them: it cannot lock before it reads.
        self._snapshots = self.engine.execution_options(isolation_level="AUTOCOMMIT")
        self._driver_pool: asyncpg.Pool | None = None
        self._driver_pool_options = {
            "dsn": url.set(drivername="postgresql").render_as_string(hide_password=False),
            "min_size": 0,
            "max_size": size,
            "init": _set_codecs,
            "reset": _keep_session,
            **connect_args,
        }

    @asynccontextmanager
    async def transaction(self, *tenants: str) -> AsyncIterator[SqlTx]:
        """Open a READ COMMITTED transaction that commits when the block ends and rolls back when it raises.

        Args:
            tenants: whose rows it may read and write under the api and hook roles; a worker names none.

        Raises:
            RolledBackError: the block has suppressed the error of a statement; nothing is committed.
            Exception: that `is_transient`, when none is open in time (`database_open_timeout_seconds`, for workers
                `database_worker_open_timeout_seconds`): no connection is free, none can be made, or the server does
                not answer.
        """
        async with AsyncExitStack() as stack:
            tx = await self._open(stack, tenants)
            try:
                yield tx
            except BaseException as error:
                if isinstance(error, TimeoutError):
                    tx.raw.terminate()
                if tx.raw.is_closed():
                    # Nothing can be rolled back over it: what that raised would be told in place of this error.
                    await tx.sql.invalidate()
                raise

    @asynccontextmanager
    async def change(self, *tenants: str) -> AsyncIterator[SqlTx]:
        """Open a transaction as `transaction` does, for a request that changes something.

        Of those there are at most half as many at a time as there are connections: however many wait for one lock,
        requests that only ask find a connection.
        """
        async with asyncio.timeout(self._open_timeout_seconds):
            await self._changing.acquire()
        try:
            async with self.transaction(*tenants) as tx:
                yield tx
        finally:
            self._changing.release()

    # When a server does not answer, the connection is cut: after a mere cancellation of the statement, the driver waits
    # for the server to confirm it, and the rollback waits too.

    async def _open(self, stack: AsyncExitStack, tenants: Sequence[str]) -> SqlTx:
        deadline = asyncio.get_running_loop().time() + self._open_timeout_seconds
        async with asyncio.timeout_at(deadline):
            connection = await stack.enter_async_context(self.engine.connect())
        raw = cast("asyncpg.Connection", (await connection.get_raw_connection()).driver_connection)
        cut = asyncio.get_running_loop().call_at(deadline, raw.terminate)
        try:
            await stack.enter_async_context(connection.begin())
            # The driver's transaction begins with SQLAlchemy's first statement; raw ones may follow it.
            started = (await connection.exec_driver_sql(self._begin, (tenants_literal(tenants),))).one()
        finally:
            cut.cancel()
        return SqlTx(raw, started.now, connection)

    def share(self, *tables: str) -> None:
        """Let every snapshot of this process lock these tables, in this order, before it sees anything.

        They are those in whose place another one may be put, or which may be emptied as a whole, while requests read.
        Neither respects a snapshot: one that was taken before would find another table, and of that a part. Nobody but
        whoever takes the place waits for these locks.
        """
        self._begin_snapshot = f"{_BEGIN_SNAPSHOT}; LOCK TABLE {', '.join(tables)} IN ACCESS SHARE MODE"

    @asynccontextmanager
    async def snapshot(self, *tenants: str) -> AsyncIterator[SqlTx]:
        """Open a REPEATABLE READ transaction that only reads: all its statements see the database as of one instant.

        Args:
            tenants: whose rows it may read under the api and hook roles.

        Raises:
            Exception: as `transaction`; a statement that writes is refused.
        """
        deadline = asyncio.get_running_loop().time() + self._open_timeout_seconds
        async with AsyncExitStack() as stack:
            async with asyncio.timeout_at(deadline):
                connection = await stack.enter_async_context(self._snapshots.connect())
            raw = cast("asyncpg.Connection", (await connection.get_raw_connection()).driver_connection)
            try:
                async with self._snapshot_of(raw, tenants, deadline) as tx:
                    yield SqlTx(tx.raw, tx.now, connection)
            except BaseException:
                if raw.is_closed():
                    await connection.invalidate()
                raise

    @asynccontextmanager
    async def driver_snapshot(self, *tenants: str) -> AsyncIterator[Tx]:
        """Open a transaction as `snapshot` does, on the bare driver."""
        deadline = asyncio.get_running_loop().time() + self._open_timeout_seconds
        async with self._driver_connection() as raw, self._snapshot_of(raw, tenants, deadline) as tx:
            yield tx

    @asynccontextmanager
    async def _snapshot_of(self, raw: asyncpg.Connection, tenants: Sequence[str], deadline: float) -> AsyncIterator[Tx]:
        cut = asyncio.get_running_loop().call_at(deadline, _cut, raw)
        try:
            # Both in one trip. A lock takes no snapshot, and the next statement does: after it has waited for the lock.
            await raw.execute(self._begin_snapshot)
            now = await raw.fetchval(self._begin, tenants_literal(tenants), column=1)
            cut.cancel()
            yield Tx(raw, now)
            await raw.execute("COMMIT")
        except BaseException as error:
            await self._roll_back(raw, error)
            raise
        finally:
            cut.cancel()

    @asynccontextmanager
    async def driver_transaction(self, *tenants: str, order_keys: Iterable[OrderKey] = ()) -> AsyncIterator[Tx]:
        """Open a transaction as `transaction` does, on the bare driver, with its order keys locked.

        Its connections are a pool of their own. The statement that begins it also locks all order keys: nothing has
        been read and no xid assigned before.

        Args:
            tenants: whose rows it may read and write under the hook role; a worker names none.
            order_keys: see `plaudit.common.db.order_locks`.

        Raises:
            ValueError: more than `MAX_KEYS_PER_TRANSACTION` keys.
            Exception: as `transaction`.
        """
        numbers = lock_numbers(order_keys)
        async with self._driver_connection() as raw:
            try:
                await self._begin_on_driver(raw)
                yield Tx(raw, await raw.fetchval(self.begin_and_lock, tenants_literal(tenants), numbers, column=1))
                await raw.execute("COMMIT")
            except BaseException as error:
                await self._roll_back(raw, error)
                raise

    @asynccontextmanager
    async def driver_statement(self) -> AsyncIterator[asyncpg.Connection]:
        """Hold a connection of the bare driver for one statement, which is a transaction of its own.

        It names no tenants: a worker sees all rows, and any other role must name its tenants in the statement.

        One trip to the server instead of four. When the server has not answered in the time that a transaction has for
        opening, the connection is cut.

        Raises:
            Exception: as `transaction`.
        """
        async with self._driver_connection() as raw:
            cut = asyncio.get_running_loop().call_later(self._open_timeout_seconds, _cut, raw)
            try:
                yield raw
            except TimeoutError:
                _cut(raw)
                raise
            finally:
                cut.cancel()

    async def holds(self, condition: str, *arguments: object) -> bool:
        """Return whether a condition holds, for jobs that ask often and seldom find work.

        Args:
            condition: a statement that returns one boolean. `{now}` in it is the time that transactions have.
            arguments: its parameters.
        """
        async with self.driver_statement() as raw:
            return bool(await raw.fetchval(condition.format(now=self._now), *arguments))

    @asynccontextmanager
    async def _driver_connection(self) -> AsyncIterator[asyncpg.Connection]:
        pool = self._driver_pool or await self._make_driver_pool()
        async with asyncio.timeout(self._open_timeout_seconds):
            pooled = await pool.acquire()
        try:
            yield cast("asyncpg.Connection", pooled)  # the pool's proxy has all methods of its connection
        finally:
            await pool.release(pooled)

    async def _begin_on_driver(self, raw: asyncpg.Connection) -> None:
        cut = asyncio.get_running_loop().call_later(self._open_timeout_seconds, _cut, raw)
        try:
            await raw.execute("BEGIN")
        finally:
            cut.cancel()

    async def _roll_back(self, raw: asyncpg.Connection, error: BaseException) -> None:
        """Leave the transaction; close the connection where the server did not answer or does not answer to this."""
        if isinstance(error, TimeoutError):
            _cut(raw)
        elif not _is_gone(raw):
            try:
                async with asyncio.timeout(self._open_timeout_seconds):
                    await raw.execute("ROLLBACK")
            except Exception:  # noqa: BLE001 - the error that led here is the one to raise
                _cut(raw)

    async def _make_driver_pool(self) -> asyncpg.Pool:
        made = await asyncpg.create_pool(**self._driver_pool_options)
        self._driver_pool = self._driver_pool or made
        return self._driver_pool

    @asynccontextmanager
    async def reader(self) -> AsyncIterator[asyncpg.Connection]:
        """Hold one connection outside any transaction, for frequent single statements that only read.

        The block resets what it sets on the session; when it raises, the connection is closed.
        """
        async with self.engine.connect() as connection:
            # Through SQLAlchemy, which notices a lost server here and empties the pool.
            await connection.exec_driver_sql("SELECT 1")
            await connection.rollback()
            pooled = await connection.get_raw_connection()
            try:
                yield cast("asyncpg.Connection", pooled.driver_connection)
            except BaseException:
                await connection.invalidate()
                raise

    async def takes_writes(self) -> bool:
        """Return whether the database lets itself be written; raise the driver's error when it does not answer.

        A standby does not, nor one that an operator has made read-only. Whether there is room shows only by writing.
        """
        async with self.driver_statement() as raw:
            return bool(await raw.fetchval("SELECT current_setting('transaction_read_only')") == "off")

    async def close(self) -> None:
        """Close all connections."""
        await self.engine.dispose()
        if self._driver_pool is not None:
            try:
                async with asyncio.timeout(CLOSE_TIMEOUT_SECONDS):
                    await self._driver_pool.close()
            except TimeoutError:
                self._driver_pool.terminate()
