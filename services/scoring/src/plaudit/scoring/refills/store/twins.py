"""The twins: the ledger and what is made of it once more, under the same names in a schema of their own.

So every statement of the rooms below reads and writes the twins where a transaction says so, as it does the present
tables. No request may read them before they have taken the place of these.
"""

from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from typing import Final

from plaudit.common.db import Role, Tx
from plaudit.common.db.database import role_name
from plaudit.scoring.rebuilds.domain import MAX_SWITCH_SECONDS
from plaudit.scoring.refills.domain import MAX_INDEX_SECONDS

SCHEMA: Final = "scoring_anew"
LEDGER: Final = f"{SCHEMA}.ledger"
RENAMED: Final = ("ledger", "cells", "rated_cells", "late_cells", "moves")
"""Those that take the place of the present tables, which are dropped."""
COPIED: Final = {
    "celled_prefixes": "tenant_id, prefix, is_filled, filled_valid_at",
    "summed_prefixes": "tenant_id, prefix, next_day",
    "tail": "partition, epoch, first_sequence, last_sequence",
    "changed_days": "tenant_id, day",
}
"""Those whose few rows take the place of the present rows, and which columns of them."""
ALL: Final = (*RENAMED, *COPIED)
_EARLY: Final = ("ledger_pkey", "ledger_by_review")
"""Indexes of the ledger that are there while it is filled. Made in one go afterwards, the others take a fraction of the
time."""
_OWNER, _WORKER = (role_name("scoring", role) for role in (Role.OWNER, Role.WORKER))

_EXISTS = f"SELECT to_regclass('{LEDGER}') IS NOT NULL"
_OPTIONS = """
SELECT array_to_string(reloptions, ', ') FROM pg_class WHERE oid = ('scoring.' || $1)::regclass AND reloptions <> '{}'
"""
# With the same names as the present ones: it is another schema.
_MISSING_INDEXES = f"""
SELECT c.relname AS name, CASE
    WHEN k.conname IS NULL THEN format('CREATE %sINDEX %I ON {SCHEMA}.%I', CASE WHEN i.indisunique THEN 'UNIQUE ' END,
        c.relname, t.relname) || substring(pg_get_indexdef(c.oid) FROM ' USING .*')
    ELSE format('ALTER TABLE {SCHEMA}.%I ADD CONSTRAINT %I %s', t.relname, k.conname, pg_get_constraintdef(k.oid))
END AS statement
FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indexrelid JOIN pg_class AS t ON t.oid = i.indrelid
LEFT JOIN pg_constraint AS k ON k.conindid = c.oid AND k.contype IN ('p', 'u', 'x')
WHERE i.indrelid = ('scoring.' || $1)::regclass AND to_regclass(format('{SCHEMA}.%I', c.relname)) IS NULL
ORDER BY i.indisprimary DESC, c.oid
"""
_COLUMNS = """
SELECT string_agg(attname || ' ' || format_type(atttypid, atttypmod), ', ' ORDER BY attnum)
FROM pg_attribute WHERE attrelid = to_regclass($1) AND attnum > 0 AND NOT attisdropped
"""
# Who may do what, which rows they see, and what the table is for.
_LIKENESS = f"""
WITH present AS (SELECT * FROM pg_class WHERE oid = ('scoring.' || $1)::regclass)
SELECT statement FROM (
    SELECT 1 AS place, format('REVOKE ALL ON {SCHEMA}.%I FROM {_WORKER}', relname) AS statement FROM present
    UNION ALL
    SELECT 2, format('GRANT %s ON {SCHEMA}.%I TO %I', privilege_type, relname, grantee::regrole)
    FROM present CROSS JOIN aclexplode(relacl) WHERE grantee <> relowner
    UNION ALL
    SELECT 2, format('GRANT %s (%I) ON {SCHEMA}.%I TO %I', privilege_type, attname, relname, grantee::regrole)
    FROM present JOIN pg_attribute ON attrelid = present.oid AND NOT attisdropped CROSS JOIN aclexplode(attacl)
    UNION ALL
    SELECT 2, format('CREATE POLICY %I ON {SCHEMA}.%I AS %s FOR %s TO %s', policyname, tablename, permissive, cmd,
            array_to_string(roles, ', '))
        || coalesce(' USING (' || qual || ')', '') || coalesce(' WITH CHECK (' || with_check || ')', '')
    FROM pg_policies WHERE schemaname = 'scoring' AND tablename = $1
    UNION ALL
    SELECT 2, format('ALTER TABLE {SCHEMA}.%I ENABLE ROW LEVEL SECURITY', relname) FROM present WHERE relrowsecurity
    UNION ALL
    SELECT 2, format('ALTER TABLE {SCHEMA}.%I FORCE ROW LEVEL SECURITY', relname) FROM present WHERE relforcerowsecurity
    UNION ALL
    SELECT 2, format('COMMENT ON TABLE {SCHEMA}.%I IS %L', relname, obj_description(oid, 'pg_class'))
    FROM present WHERE obj_description(oid, 'pg_class') IS NOT NULL
) AS statements ORDER BY place
"""


@asynccontextmanager
async def on_twins(tx: Tx) -> AsyncIterator[None]:
    """Let statements read and write the twins for the length of the block, in place of the tables of these names."""
    await tx.raw.execute(f"SET LOCAL search_path TO {SCHEMA}, scoring, common")
    yield
    await tx.raw.execute("SET LOCAL search_path TO scoring, common")


@asynccontextmanager
async def as_worker(owner: Tx) -> AsyncIterator[None]:
    """Let the owner of the tables see the rows of all tenants for the length of the block."""
    await owner.raw.execute(f"SET LOCAL ROLE {_WORKER}")
    yield
    await owner.raw.execute(f"SET LOCAL ROLE {_OWNER}")


async def exists(tx: Tx) -> bool:
    """Return whether there are twins."""
    return bool(await tx.raw.fetchval(_EXISTS))


async def make(owner: Tx) -> None:
    """Make them, with nothing in them, as the present tables are. Only the owner of these may."""
    await drop(owner)
    for table in ALL:
        options = await owner.raw.fetchval(_OPTIONS, table)
        await owner.raw.execute(
            f"CREATE TABLE {SCHEMA}.{table} (LIKE scoring.{table} INCLUDING ALL EXCLUDING INDEXES)"
            + (f" WITH ({options})" if options else "")
        )
        await owner.raw.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {SCHEMA}.{table} TO {_WORKER}")
        for row in await owner.raw.fetch(_MISSING_INDEXES, table):
            if table != "ledger" or row["name"] in _EARLY:
                await owner.raw.execute(row["statement"])


async def drop(owner: Tx) -> None:
    """Drop them, if there are any. Only the owner may."""
    await owner.raw.execute(f"DROP TABLE IF EXISTS {', '.join(f'{SCHEMA}.{table}' for table in ALL)}")


async def are_of_this_form(tx: Tx) -> bool:
    """Return whether they have the columns that the present tables have; an upgrade may have changed these since."""
    for table in ALL:
        present, anew = [await tx.raw.fetchval(_COLUMNS, f"{of}.{table}") for of in ("scoring", SCHEMA)]
        if present != anew:
            return False
    return True


async def missing_indexes(tx: Tx) -> list[str]:
    """Return the names of the indexes that the ledger has and its twin does not."""
    return [row["name"] for row in await tx.raw.fetch(_MISSING_INDEXES, "ledger")]


async def make_index(owner: Tx) -> None:
    """Make the first one of these. Only the owner may."""
    row = await owner.raw.fetchrow(_MISSING_INDEXES, "ledger")
    if row is not None:
        await owner.raw.execute("SET LOCAL statement_timeout = 0; SET LOCAL maintenance_work_mem = '256MB'")
        await owner.raw.execute(row["statement"], timeout=MAX_INDEX_SECONDS)


async def analyze(owner: Tx, *tables: str) -> None:
    """Let the planner know some of them. Only the owner may."""
    await owner.raw.execute(f"SET LOCAL statement_timeout = {round(MAX_SWITCH_SECONDS * 1000)}")
    listed = ", ".join(f"{SCHEMA}.{table}" for table in tables or ALL)
    await owner.raw.execute(f"ANALYZE {listed}", timeout=MAX_SWITCH_SECONDS)


async def take_the_place(owner: Tx) -> None:
    """Put them in the place of the present tables, with the same names, rights and indexes. Only the owner may."""
    for table in RENAMED:
        likeness: Collection[str] = [row["statement"] for row in await owner.raw.fetch(_LIKENESS, table)]
        for statement in likeness:
            await owner.raw.execute(statement)
        await owner.raw.execute(f"DROP TABLE scoring.{table}")
        await owner.raw.execute(f"ALTER TABLE {SCHEMA}.{table} SET SCHEMA scoring")
    await owner.raw.execute(f"TRUNCATE {', '.join(f'scoring.{table}' for table in COPIED)}")
    async with as_worker(owner):
        for table, columns in COPIED.items():
            await owner.raw.execute(f"INSERT INTO scoring.{table} ({columns}) SELECT {columns} FROM {SCHEMA}.{table}")
    await drop(owner)
