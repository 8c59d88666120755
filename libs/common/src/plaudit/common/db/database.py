"""Connections with every deadline set, and the only place that opens and commits transactions."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import cast

import asyncpg
from sqlalchemy import URL, make_url
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from plaudit.common.db.arrays import check_concrete_classes
from plaudit.common.settings import Settings

STATEMENT_TIMEOUT_MS = 5_000
LOCK_TIMEOUT_MS = 2_000
IDLE_IN_TRANSACTION_TIMEOUT_MS = 10_000
"""One open writer anywhere holds the watermark of every relay."""


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


@dataclass(frozen=True, slots=True)
class Tx:
    """One open transaction. Only the code that opened it commits it."""

    sql: AsyncConnection
    """For statements that are built with SQLAlchemy."""
    raw: asyncpg.Connection
    """The same connection for hot statements over arrays."""
    now: datetime
    """The time of the transaction: the database's, plus an offset that only test settings allow."""


_BEGIN = "SELECT set_config('plaudit.tenants', $1, true) AS tenants, now() AS now"
_BEGIN_TEST_CLOCK = (
    "SELECT set_config('plaudit.tenants', $1, true) AS tenants, "
    "now() + coalesce((SELECT moved_by FROM common.clock_offset), interval '0') AS now"
)


def role_name(service: str, role: Role) -> str:
    """Return the name of a service's database role."""
    return f"plaudit_{service.replace('-', '_')}_{role}"


def sqlalchemy_url(database_url: str) -> URL:
    """Return the URL with our driver in place of the one it names."""
    return make_url(database_url).set(drivername="postgresql+asyncpg")


def _tenants_literal(tenants: Sequence[str]) -> str:
    return "{" + ",".join('"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"' for name in tenants) + "}"


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
        self._begin = _BEGIN_TEST_CLOCK if settings.test_clock else _BEGIN
        self._open_timeout_seconds = (
            settings.database_worker_open_timeout_seconds
            if role is Role.WORKER
            else settings.database_open_timeout_seconds
        )
        name = role_name(service, role)
        self.engine = create_async_engine(
            sqlalchemy_url(settings.database_url.get_secret_value()),
            pool_size=pool_size or settings.database_pool_size,
            max_overflow=0,
            pool_timeout=self._open_timeout_seconds,
            pool_recycle=1800,
            connect_args={
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
                },
            },
        )

    @asynccontextmanager
    async def transaction(self, *tenants: str) -> AsyncIterator[Tx]:
        """Open a READ COMMITTED transaction that commits when the block ends and rolls back when it raises.

        Args:
            tenants: whose rows it may read and write under the api and hook roles; a worker names none.

        Raises:
            Exception: that `is_transient`, when none is open in time (`database_open_timeout_seconds`, for workers
                `database_worker_open_timeout_seconds`): no connection is free, none can be made, or the server does
                not answer.
        """
        async with AsyncExitStack() as stack:
            tx = await self._open(stack, tenants)
            try:
                yield tx
            except TimeoutError:
                tx.raw.terminate()
                await tx.sql.invalidate()
                raise

    # When a server does not answer, the connection is cut: after a mere cancellation of the statement, the driver waits
    # for the server to confirm it, and the rollback waits too.

    async def _open(self, stack: AsyncExitStack, tenants: Sequence[str]) -> Tx:
        deadline = asyncio.get_running_loop().time() + self._open_timeout_seconds
        async with asyncio.timeout_at(deadline):
            connection = await stack.enter_async_context(self.engine.connect())
        raw = cast("asyncpg.Connection", (await connection.get_raw_connection()).driver_connection)
        cut = asyncio.get_running_loop().call_at(deadline, raw.terminate)
        try:
            await stack.enter_async_context(connection.begin())
            # The driver's transaction begins with SQLAlchemy's first statement; raw ones may follow it.
            started = (await connection.exec_driver_sql(self._begin, (_tenants_literal(tenants),))).one()
        finally:
            cut.cancel()
        return Tx(connection, raw, started.now)

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

    async def ping(self) -> None:
        """Ask the database for an answer; raise the driver's error when there is none."""
        async with self.transaction() as tx:
            await tx.raw.execute("SELECT 1")

    async def close(self) -> None:
        """Close all connections."""
        await self.engine.dispose()
