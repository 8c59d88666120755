"""Bring a schema to its newest revisions: roles and schema first, then the runtime's tables, then the service's own.

`python -m plaudit.common.db.migrate` does so for the schema `common`, and for the services named behind it, in one
process; each service does its own by `main migrate`.
"""

import asyncio
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from importlib.resources import as_file, files
from typing import Any

import structlog
from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.pool import NullPool

from plaudit.common.db.database import Role, role_name, sqlalchemy_url
from plaudit.common.db.revision import RUNTIME, History, history_of
from plaudit.common.db.roles import bootstrap_statements, schema_name
from plaudit.common.settings import Settings

log = structlog.get_logger()

MIGRATION_LOCK = 7_214_903_355
"""One migration at a time in a database, whatever its schema: they share `common` and the roles."""
LOCK_TIMEOUT_MS = 1_000
MIGRATION_TIMEOUT_SECONDS = 600
UNVERSIONED_RUNTIME = "0001"
"""The revision of runtime tables that were made before they had a version of their own."""


async def migrate(settings: Settings, service: str) -> None:
    """Make the service's roles and schema where they are missing, and run all migrations up to the newest."""
    async with migration(settings, service) as connection:
        if service != "common":
            await upgrade_runtime(connection, service)
        await _upgrade(connection, history_of(service), schema_name(service))
    log.info("migrated", service=service)


@asynccontextmanager
async def migration(settings: Settings, service: str) -> AsyncIterator[AsyncConnection]:
    """Open the one transaction of a migration, as the owner of the service's schema; no other runs meanwhile."""
    engine = create_async_engine(
        sqlalchemy_url(settings.database_url.get_secret_value()),
        poolclass=NullPool,
        connect_args={
            "timeout": settings.database_connect_timeout_seconds,
            "command_timeout": MIGRATION_TIMEOUT_SECONDS,
            "server_settings": {"application_name": f"plaudit_{service}_migrate", "timezone": "UTC"},
        },
    )
    try:
        async with engine.begin() as connection:
            await connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": MIGRATION_LOCK})
            for statement in bootstrap_statements(service):
                await connection.exec_driver_sql(statement)
            await connection.exec_driver_sql(f"SET LOCAL ROLE {role_name(service, Role.OWNER)}")
            await connection.exec_driver_sql(f"SET LOCAL lock_timeout = {LOCK_TIMEOUT_MS}")
            yield connection
    finally:
        await engine.dispose()


async def upgrade_runtime(connection: AsyncConnection, service: str) -> None:
    """Bring the runtime's tables in a service's schema to their newest revision.

    A schema whose tables were made before they had a version is at `UNVERSIONED_RUNTIME`; its rows stay.
    """
    schema = schema_name(service)
    if await _is_unversioned(connection, schema):
        await connection.run_sync(_run, RUNTIME, schema, UNVERSIONED_RUNTIME)
    await _upgrade(connection, RUNTIME, schema)


async def _is_unversioned(connection: AsyncConnection, schema: str) -> bool:
    tables = f"to_regclass('{schema}.outbox') IS NOT NULL AND to_regclass('{schema}.{RUNTIME.table}') IS NULL"
    return bool((await connection.exec_driver_sql(f"SELECT {tables}")).scalar_one())


async def _upgrade(connection: AsyncConnection, history: History, schema: str) -> None:
    await connection.run_sync(_run, history, schema)
    # Readiness compares it with what the code needs, under any of the service's roles.
    await connection.exec_driver_sql(f"GRANT SELECT ON {schema}.{history.table} TO PUBLIC")


async def upgrade_until(connection: AsyncConnection, service: str, revision: str) -> None:
    """Run a service's own migrations up to one of them, to see what the later ones do to rows that are there."""
    await connection.run_sync(_run, history_of(service), schema_name(service), None, revision)


def _run(connection: Connection, history: History, schema: str, stamp: str | None = None, until: str = "head") -> None:
    """Run all migrations up to the newest, or to `until`; or write the revision `stamp` down, and run nothing."""
    with as_file(files(history.package).joinpath(history.folder)) as folder:
        config = Config()
        config.set_main_option("script_location", str(folder))
        config.set_main_option("path_separator", "os")
        script = ScriptDirectory.from_config(config)

        def steps(revision: Any, _context: object) -> Any:
            # As Alembic's own commands do.
            return script._stamp_revs(stamp, revision) if stamp else script._upgrade_revs(until, revision)  # noqa: SLF001

        with EnvironmentContext(config, script, fn=steps) as environment:
            environment.configure(
                connection=connection,
                version_table=history.table,
                version_table_schema=schema,
                transaction_per_migration=False,
            )
            environment.run_migrations()


async def _migrate_all(settings: Settings, services: Sequence[str]) -> None:
    for service in services:
        await migrate(settings, service)


if __name__ == "__main__":
    asyncio.run(_migrate_all(Settings(), sys.argv[1:] or ["common"]))
