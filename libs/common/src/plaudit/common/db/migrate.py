"""Bring a schema to its newest revision: roles and schema first, then Alembic, as the schema's owner.

`python -m plaudit.common.db.migrate` does so for the schema `common`, and for the services named behind it, in one
process; each service does its own by `main migrate`.
"""

import asyncio
import sys
from collections.abc import Sequence
from importlib.resources import as_file, files

import structlog
from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from plaudit.common.db.database import Role, role_name, sqlalchemy_url
from plaudit.common.db.roles import bootstrap_statements, schema_name
from plaudit.common.settings import Settings

log = structlog.get_logger()

MIGRATION_LOCK = 7_214_903_355
"""One migration at a time in a database, whatever its schema: they share `common` and the roles."""
LOCK_TIMEOUT_MS = 1_000
MIGRATION_TIMEOUT_SECONDS = 600


async def migrate(settings: Settings, service: str) -> None:
    """Make the service's roles and schema where they are missing, and run its migrations up to the newest."""
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
            await connection.run_sync(_upgrade, service)
            # Readiness compares it with what the code needs, under any of the service's roles.
            await connection.exec_driver_sql(f"GRANT SELECT ON {schema_name(service)}.alembic_version TO PUBLIC")
    finally:
        await engine.dispose()
    log.info("migrated", service=service)


def _upgrade(connection: Connection, service: str) -> None:
    with as_file(files(f"plaudit.{schema_name(service)}").joinpath("migrations")) as folder:
        config = Config()
        config.set_main_option("script_location", str(folder))
        config.set_main_option("path_separator", "os")
        script = ScriptDirectory.from_config(config)

        def to_head(revision: object, _context: object) -> object:
            return script._upgrade_revs("head", revision)  # type: ignore[arg-type] # noqa: SLF001 - Alembic's own way

        with EnvironmentContext(config, script, fn=to_head) as environment:
            environment.configure(
                connection=connection,
                version_table_schema=schema_name(service),
                transaction_per_migration=False,
            )
            environment.run_migrations()


async def _migrate_all(settings: Settings, services: Sequence[str]) -> None:
    for service in services:
        await migrate(settings, service)


if __name__ == "__main__":
    asyncio.run(_migrate_all(Settings(), sys.argv[1:] or ["common"]))
