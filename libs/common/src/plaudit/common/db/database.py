"""Engines with every deadline set, and the only place that opens and commits transactions."""

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

from plaudit.common.db.arrays import ask_concrete_classes
from plaudit.common.settings import Settings

STATEMENT_TIMEOUT_MS = 5_000
LOCK_TIMEOUT_MS = 2_000
IDLE_IN_TRANSACTION_TIMEOUT_MS = 10_000
"""One open writer anywhere stalls every relay's horizon."""


class Role(StrEnum):
    """Who a process is to the database. Each is a role of its own, per service."""

    OWNER = "owner"
    """Migrates; owns the tables."""
    API = "api"
    """Serves requests: sees the rows of one tenant, set for the transaction."""
    HOOK = "hook"
    """Group commits of deliveries: sees the rows of the tenants verified for this commit."""
    WORKER = "worker"
    """Consumers, relay and jobs: sees all rows; never used for a request."""


@dataclass(frozen=True, slots=True)
class Tx:
    """One open transaction. It is committed where it was opened, and nowhere else."""

    sql: AsyncConnection
    """For statements built with SQLAlchemy."""
    raw: asyncpg.Connection
    """The same connection for hot statements over arrays."""
    now: datetime
    """The transaction's time by the clock port: the database's, plus an offset that only test settings accept."""


_BEGIN = "SELECT set_config('plaudit.tenants', $1, true) AS tenants, now() AS now"
_BEGIN_TEST_CLOCK = (
    "SELECT set_config('plaudit.tenants', $1, true) AS tenants, "
    "now() + coalesce((SELECT moved_by FROM common.clock_offset), interval '0') AS now"
)


def role_name(service: str, role: Role) -> str:
    """Return the name of a service's database role."""
    return f"plaudit_{service.replace('-', '_')}_{role}"


def sqlalchemy_url(database_url: str) -> URL:
    """Return the URL with the driver we use, whatever driver it names."""
    return make_url(database_url).set(drivername="postgresql+asyncpg")


def _tenants_literal(tenants: Sequence[str]) -> str:
    return "{" + ",".join('"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"' for name in tenants) + "}"


class Database:
    """The connections of one process under one role."""

    def __init__(self, settings: Settings, service: str, role: Role, *, pool_size: int | None = None) -> None:
        """Open nothing yet; connections are made when first used.

        Args:
            settings: address and deadlines.
            service: whose schema and roles, for example `ingest`.
            role: who this process is to the database.
            pool_size: most connections at once; the setting's when not given.
        """
        ask_concrete_classes()
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
        """Open a transaction, READ COMMITTED, that commits when the block ends and rolls back when it raises.

        Args:
            tenants: whose rows it may touch under the api and hook roles; a worker names none.

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

    # A server that does not answer is left by cutting the connection: after a statement that is merely cancelled the
    # driver waits for the server to say that it has ended, and the rollback waits behind it.

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
        """Hold one connection outside any transaction, for single statements that only read and are asked often.

        What the block sets on the session it must reset; a connection whose block raises is thrown away.
        """
        async with self.engine.connect() as connection:
            # Through SQLAlchemy, which notices here that the server has gone and empties the pool.
            await connection.exec_driver_sql("SELECT 1")
            await connection.rollback()
            pooled = await connection.get_raw_connection()
            try:
                yield cast("asyncpg.Connection", pooled.driver_connection)
            except BaseException:
                await connection.invalidate()
                raise

    async def ping(self) -> None:
        """Ask the database for an answer; raises what the driver raises when there is none."""
        async with self.transaction() as tx:
            await tx.raw.execute("SELECT 1")

    async def close(self) -> None:
        """Close all connections."""
        await self.engine.dispose()
