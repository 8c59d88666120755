"""Every table with a tenant forces row level security, in the schemas of all services, also of those to come."""

from collections.abc import AsyncIterator, Iterator
from importlib.util import find_spec
from pathlib import Path

import asyncpg
import pytest

from plaudit_testing.databases import TESTING, migrated
from plaudit_testing.servers import PostgresServer

pytestmark = pytest.mark.postgres

SERVICES = ["ingest", "scoring", "alerting", "feedback-board"]

UNPROTECTED = """
SELECT format('%I.%I', n.nspname, c.relname) AS name,
    c.relrowsecurity AS enabled, c.relforcerowsecurity AS forced,
    (SELECT count(*) FROM pg_policy AS p WHERE p.polrelid = c.oid) AS policies
FROM pg_class AS c
JOIN pg_namespace AS n ON n.oid = c.relnamespace
JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attname = 'tenant_id' AND NOT a.attisdropped
WHERE c.relkind IN ('r', 'p') AND n.nspname = ANY($1)
  AND NOT (c.relrowsecurity AND c.relforcerowsecurity
           AND EXISTS (SELECT FROM pg_policy AS p WHERE p.polrelid = c.oid))
ORDER BY 1
"""
BYPASSING = """
SELECT rolname FROM pg_roles WHERE rolname LIKE 'plaudit\\_%' AND (rolbypassrls OR rolsuper OR rolcanlogin) ORDER BY 1
"""
OPEN_TO_REQUESTS = """
SELECT format('%I.%I: %I', n.nspname, c.relname, p.polname)
FROM pg_policy AS p JOIN pg_class AS c ON c.oid = p.polrelid JOIN pg_namespace AS n ON n.oid = c.relnamespace
CROSS JOIN unnest(p.polroles) AS granted (oid)
LEFT JOIN pg_roles AS r ON r.oid = granted.oid
WHERE n.nspname = ANY($1) AND pg_get_expr(p.polqual, p.polrelid) = 'true'
  AND (r.rolname IS NULL OR r.rolname LIKE '%\\_api' OR r.rolname LIKE '%\\_hook')
"""


def has_migrations(service: str) -> bool:
    spec = find_spec(f"plaudit.{service.replace('-', '_')}")
    folders = spec.submodule_search_locations if spec else None
    return any((Path(folder) / "migrations" / "versions").is_dir() for folder in folders or ())


@pytest.fixture(scope="module")
def whole_database(postgres_server: PostgresServer) -> Iterator[str]:
    dsn = postgres_server.create_database(name="whole")
    migrated(dsn, *filter(has_migrations, SERVICES), TESTING)
    yield dsn
    postgres_server.drop_database(dsn)


@pytest.fixture
async def connection(whole_database: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(whole_database)
    yield connection
    await connection.close()


def schemas() -> list[str]:
    return ["common", TESTING, *(name.replace("-", "_") for name in SERVICES)]


async def test_every_table_with_a_tenant_forces_row_level_security(connection: asyncpg.Connection) -> None:
    tables = await connection.fetch(
        "SELECT 1 FROM information_schema.columns WHERE column_name = 'tenant_id' AND table_schema = ANY($1)", schemas()
    )
    assert tables, "no table has a tenant: the test looks in the wrong place"
    assert [dict(row) for row in await connection.fetch(UNPROTECTED, schemas())] == []


async def test_no_role_of_ours_may_log_in_or_pass_by_the_policies(connection: asyncpg.Connection) -> None:
    assert [row["rolname"] for row in await connection.fetch(BYPASSING)] == []


async def test_no_policy_shows_all_rows_to_a_role_that_serves_requests(connection: asyncpg.Connection) -> None:
    assert [row[0] for row in await connection.fetch(OPEN_TO_REQUESTS, schemas())] == []


@pytest.mark.parametrize(
    "undo",
    [
        "ALTER TABLE testing.things NO FORCE ROW LEVEL SECURITY",
        "ALTER TABLE testing.things DISABLE ROW LEVEL SECURITY",
        "CREATE TABLE testing.forgotten (tenant_id text)",
    ],
)
async def test_of_the_test_a_table_without_it_is_found(connection: asyncpg.Connection, undo: str) -> None:
    transaction = connection.transaction()
    await transaction.start()
    await connection.execute(undo)
    found = await connection.fetch(UNPROTECTED, schemas())
    await transaction.rollback()
    assert len(found) == 1
