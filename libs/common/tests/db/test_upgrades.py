"""A database of before comes to the newest revisions with all its rows, and is then as a new one is."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from plaudit.common.db.revision import RUNTIME, head_revision, history_of
from plaudit.common.db.roles import schema_name
from plaudit.common.vault import Place, VaultSettings, vault_of
from plaudit_testing.databases import migrated
from plaudit_testing.servers import PostgresServer
from plaudit_testing.vault import VAULT_KEYS

pytestmark = pytest.mark.postgres

SERVICES = ["ingest", "scoring", "alerting", "feedback-board"]
SCHEMAS = ["common", *map(schema_name, SERVICES)]
SEALED = {"secret", "path_token"}
"""Columns of `ingest.sources` that are encrypted by now."""
BEFORE = Path(__file__).parent / "upgrades" / "unversioned_runtime.sql"

TABLES = f"""
SELECT c.oid, format('%I.%I', n.nspname, c.relname) AS name,
    array(SELECT a.attnum FROM pg_attribute AS a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
          ORDER BY a.attnum) AS columns
FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p') AND n.nspname = ANY($1) AND NOT c.relispartition
  AND c.relname NOT IN ('alembic_version', '{RUNTIME.table}')
ORDER BY c.oid
"""
COLUMN_NAMES = """
SELECT attname FROM pg_attribute WHERE attrelid = $1 AND attnum = ANY($2) AND NOT attisdropped ORDER BY attnum
"""
REPLACED = {"alerting.timers": {"percent"}, "scoring.ledger": {"kind", "verified", "origin"}}
"""Columns that others stand for by now: of timers it is `kind`, of the ledger `traits`."""
MADE_ANEW = {"scoring.accumulators", "alerting.mails", "alerting.policies"}
"""Tables whose rows are computed anew from others', or stand in others by now: a mail is a message, and policies are
documents."""
# Without the outbox's tables of single days: which there are depends on the day.
CATALOGUE = r"""
WITH relations AS (
    SELECT c.*, n.nspname, format('%I.%I', n.nspname, c.relname) AS name
    FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
    WHERE n.nspname = ANY($1) AND c.relkind IN ('r', 'p', 'i', 'I', 'S')
      AND c.relname !~ '^outbox_\d{8}'
)
SELECT concat_ws(' ', 'relation', name, relkind, relowner::regrole, reloptions, relrowsecurity, relforcerowsecurity,
    pg_get_expr(relpartbound, oid), obj_description(oid, 'pg_class'),
    array(SELECT unnest(coalesce(relacl, acldefault('r', relowner)))::text ORDER BY 1)) AS line
FROM relations
UNION ALL
SELECT concat_ws(' ', 'column', name, attname, format_type(atttypid, atttypmod), attnotnull, attidentity, attcollation,
    pg_get_expr(adbin, adrelid), col_description(attrelid, attnum), array(SELECT unnest(attacl)::text ORDER BY 1))
FROM relations JOIN pg_attribute ON attrelid = oid AND attnum > 0 AND NOT attisdropped
LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum WHERE relkind NOT IN ('i', 'I')
UNION ALL
SELECT concat_ws(' ', 'index', name, indisvalid, pg_get_indexdef(indexrelid)) FROM relations
JOIN pg_index ON indexrelid = oid
UNION ALL
SELECT concat_ws(' ', 'constraint', name, conname, pg_get_constraintdef(k.oid)) FROM relations AS r
JOIN pg_constraint AS k ON conrelid = r.oid
UNION ALL
SELECT concat_ws(' ', 'policy', name, polname, polcmd, array(SELECT unnest(polroles)::regrole::text ORDER BY 1),
    pg_get_expr(polqual, polrelid), pg_get_expr(polwithcheck, polrelid))
FROM relations AS r JOIN pg_policy ON polrelid = r.oid
UNION ALL
SELECT concat_ws(' ', 'function', p.oid::regprocedure, proowner::regrole,
    array(SELECT unnest(coalesce(proacl, acldefault('f', proowner)))::text ORDER BY 1), pg_get_functiondef(p.oid))
FROM pg_proc AS p JOIN pg_namespace AS n ON n.oid = pronamespace WHERE n.nspname = ANY($1)
UNION ALL
SELECT concat_ws(' ', 'schema', nspname, nspowner::regrole, array(SELECT unnest(nspacl)::text ORDER BY 1))
FROM pg_namespace WHERE nspname = ANY($1)
ORDER BY 1
"""


@pytest.fixture
async def before(postgres_server: PostgresServer, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[str]:
    """The DSN of a database of before."""
    dsn = postgres_server.create_database(name="before")
    monkeypatch.setenv("PLAUDIT_DATABASE_URL", dsn)
    monkeypatch.setenv("PLAUDIT_VAULT_KEYS", VAULT_KEYS)
    connection = await asyncpg.connect(dsn)
    await connection.execute(BEFORE.read_text(encoding="utf-8"))
    await connection.close()
    yield dsn
    postgres_server.drop_database(dsn)


@pytest.fixture
def new(postgres_server: PostgresServer) -> Iterator[str]:
    """The DSN of a database that was migrated from nothing."""
    dsn = postgres_server.create_database(name="new")
    migrated(dsn, *SERVICES)
    yield dsn
    postgres_server.drop_database(dsn)


async def rows_of(connection: asyncpg.Connection, tables: list[asyncpg.Record]) -> dict[int, list[tuple[Any, ...]]]:
    """Rows by table, of the columns that the tables had: whatever tables and columns are called by now."""
    rows = {}
    for table in tables:
        names = [row["attname"] for row in await connection.fetch(COLUMN_NAMES, table["oid"], table["columns"])]
        name = await connection.fetchval("SELECT $1::oid::regclass::text", table["oid"])
        changed = REPLACED.get(name, set()) | (SEALED if name == "ingest.sources" else set())
        gone = REPLACED.get(name, set()) - set(names)
        lost = len(table["columns"]) - len(names)
        assert lost in {0, len(gone)}, f"{table['name']} has lost columns"
        listed = ", ".join(f'"{each}"::text' for each in names if each not in changed)
        rows[table["oid"]] = sorted(
            (tuple(row) for row in await connection.fetch(f"SELECT {listed} FROM {name}")), key=str
        )
    return rows


EARLY = "44444444-4444-7444-8444-444444444445"
"""A review of which nothing was known but its removal. It waits as a held event now."""


OF_THE_EARLY = {"ingest.reviews", "ingest.revisions"}
"""Where the migration changes its rows; what other services hold of it stays."""


LIVE = "scoring-live"
"""It goes on where the group of the ledger stands, as its sums are made anew from that; here the group is nowhere."""
OF_LIVE = {"scoring.positions", "scoring.dead_letters"}


def without_what_changes(
    rows: dict[int, list[tuple[Any, ...]]], tables: list[asyncpg.Record]
) -> dict[int, list[tuple[Any, ...]]]:
    names = {table["oid"]: table["name"] for table in tables}
    return {table: [row for row in held if not is_changed(names[table], row)] for table, held in rows.items()}


def is_changed(table: str, row: tuple[Any, ...]) -> bool:
    """Say whether a row is one that a migration changes."""
    if table in OF_THE_EARLY:
        return EARLY in row
    return table in OF_LIVE and LIVE in row


async def catalogue_of(connection: asyncpg.Connection) -> list[str]:
    return [row["line"] for row in await connection.fetch(CATALOGUE, SCHEMAS)]


async def test_every_row_stays_every_head_is_reached_and_a_second_time_changes_nothing(before: str) -> None:
    connection = await asyncpg.connect(before)
    tables = await connection.fetch(TABLES, SCHEMAS)
    held = await rows_of(connection, tables)
    assert [table["name"] for table in tables if not held[table["oid"]]] == [], "tables without a row prove nothing"
    tables = [table for table in tables if table["name"] not in MADE_ANEW]
    held = await rows_of(connection, tables)
    await connection.close()

    migrated(before, *SERVICES)

    connection = await asyncpg.connect(before)
    assert without_what_changes(await rows_of(connection, tables), tables) == without_what_changes(held, tables)
    waiting = await connection.fetch("SELECT external_id, instruction ->> 'type' AS type FROM ingest.held_events")
    assert [tuple(row) for row in waiting] == [("x2", "remove")]
    early = await connection.fetch("SELECT revision, version, removed FROM ingest.reviews WHERE id = $1", EARLY)
    assert [tuple(row) for row in early] == [(0, None, False)]
    assert await connection.fetch("SELECT FROM ingest.revisions WHERE review_id = $1", EARLY) == []
    counted = "SELECT sum(n1 + n2 + n3 + n4 + n5) FROM scoring.sums WHERE prefix NOT LIKE '%/%'"
    assert await connection.fetchval(counted) == await connection.fetchval("SELECT sum(sign) FROM scoring.ledger")
    told = await connection.fetch("SELECT topic, recipient, state FROM alerting.message_deliveries ORDER BY topic")
    assert [tuple(row) for row in told] == [
        ("clock.breached", "team@example.org", "sent"),
        ("clock.started", "team@example.org", "pending"),
    ]
    for service in ("common", *SERVICES):
        reached = await connection.fetchval(f"SELECT version_num FROM {schema_name(service)}.alembic_version")
        assert reached == head_revision(history_of(service))
    for service in SERVICES:
        reached = await connection.fetchval(f"SELECT version_num FROM {schema_name(service)}.{RUNTIME.table}")
        assert reached == head_revision(RUNTIME)
    vault = vault_of(VaultSettings.model_validate({"database_url": before, "vault_keys": VAULT_KEYS}))
    opened = {
        vault.open(row[column], Place(row["tenant_id"], "sources", str(row["id"]), column))
        for row in await connection.fetch("SELECT * FROM ingest.sources")
        for column in SEALED
        if row[column] is not None
    }
    assert opened == {"whsec_x", "whsec_y", "token"}
    once = await catalogue_of(connection), await rows_of(connection, await connection.fetch(TABLES, SCHEMAS))
    await connection.close()

    migrated(before, *SERVICES)

    connection = await asyncpg.connect(before)
    assert (await catalogue_of(connection), await rows_of(connection, await connection.fetch(TABLES, SCHEMAS))) == once
    await connection.close()


async def test_a_database_of_before_becomes_as_a_new_one_is(before: str, new: str) -> None:
    migrated(before, *SERVICES)
    upgraded, made = await asyncpg.connect(before), await asyncpg.connect(new)
    assert await catalogue_of(upgraded) == await catalogue_of(made)
    assert len(await catalogue_of(made)) > 500, "the catalogue is looked at"
    await upgraded.close()
    await made.close()
