"""Databases with the schemas of services, and a tiny service of the tests' own: the runtime's tables, and counters."""

import asyncio
from collections.abc import Coroutine, Mapping
from concurrent.futures import ThreadPoolExecutor
from types import MappingProxyType
from typing import Any, TypeVar

from plaudit.common.db import Role
from plaudit.common.db.migrate import migrate, migration, upgrade_runtime
from plaudit.common.db.roles import grant, protect_tenant_rows
from plaudit.common.settings import Settings
from plaudit_testing.deadlines import DEADLINE_SECONDS

T = TypeVar("T")

TESTING = "testing"
"""The tests' own service: the tables of the runtime, a sum per key, and what each key has seen."""
NO_KAFKA = "127.0.0.1:9"
_WAITS = tuple(f"database_{wait}_timeout_seconds" for wait in ("connect", "open", "worker_open", "command"))
PATIENT: Mapping[str, float] = MappingProxyType(dict.fromkeys(_WAITS, DEADLINE_SECONDS))
"""Settings with which no loaded machine looks like a database that is gone: for all tests but those of what is done
when it is."""
SHIPPED: Mapping[str, float] = MappingProxyType({name: Settings.model_fields[name].default for name in _WAITS})
"""The same settings as the product has them, for those."""

_TESTING_TABLES = (
    "CREATE TABLE testing.sums (key text PRIMARY KEY, total bigint NOT NULL, applied bigint NOT NULL)",
    "CREATE TABLE testing.seen (id bigserial PRIMARY KEY, key text NOT NULL, revision bigint NOT NULL)",
    "CREATE TABLE testing.heads (key text PRIMARY KEY, revision bigint NOT NULL)",
    "CREATE TABLE testing.things (tenant_id text NOT NULL, id bigint NOT NULL, PRIMARY KEY (tenant_id, id))",
)


def settings_for(database_url: str, kafka: str = NO_KAFKA, **more: object) -> Settings:
    """Settings that point at this database and this broker, whatever the environment says, and that are `PATIENT`."""
    return Settings.model_validate({"database_url": database_url, "kafka_bootstrap_servers": kafka, **PATIENT, **more})


def migrated(database_url: str, *services: str) -> None:
    """Bring `common` and the services' schemas of this database to their newest revisions.

    Fit for `PostgresServer.template(name, lambda dsn: migrated(dsn, "ingest"))`; may be called inside a running loop.
    """

    async def all_of_them() -> None:
        settings = settings_for(database_url)
        for service in ("common", *(name for name in services if name not in {"common", TESTING})):
            await migrate(settings, service)
        if TESTING in services:
            await _make_testing_service(settings)

    run_elsewhere(all_of_them())


def run_elsewhere(work: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine to its end in a loop of its own, on a thread of its own, and wait for it."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, work).result()


async def _make_testing_service(settings: Settings) -> None:
    statements = list(_TESTING_TABLES)
    protect_tenant_rows(statements.append, TESTING, "things")
    everyone = (Role.API, Role.HOOK, Role.WORKER)
    for table in ("sums", "seen", "heads", "things"):
        grant(statements.append, TESTING, "SELECT, INSERT, UPDATE, DELETE", table, everyone)
    grant(statements.append, TESTING, "USAGE", "seen_id_seq", everyone)
    async with migration(settings, TESTING) as connection:
        await upgrade_runtime(connection, TESTING)
        for statement in statements:
            await connection.exec_driver_sql(statement)
