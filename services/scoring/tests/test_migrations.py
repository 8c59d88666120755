"""What migrations do to rows that are there already."""

from importlib import import_module

import asyncpg
import pytest

pytestmark = pytest.mark.postgres

UPGRADE = import_module("plaudit.scoring.migrations.versions.0003_ids_of_sums").STATEMENTS
UNSCORED = import_module("plaudit.scoring.migrations.versions.0005_unscored_subjects").STATEMENTS
ROW = (
    "INSERT INTO scoring.sums "
    "SELECT 'default', 'shop-' || n, gen_random_uuid(), 0, 31, n, 0, 0, 0, 0, 0, 0, n, 0, 0, 0, 0"
    " FROM generate_series(1, 3) AS n"
)


async def test_rows_that_are_there_get_ids_and_keep_their_sums(superuser: asyncpg.Connection) -> None:
    await superuser.execute("ALTER TABLE scoring.sums DROP COLUMN id")
    await superuser.execute(ROW)
    before = [tuple(row) for row in await superuser.fetch("SELECT * FROM scoring.sums ORDER BY prefix")]
    await superuser.execute("SET ROLE plaudit_scoring_owner")
    for statement in UPGRADE:
        await superuser.execute(statement)
    await superuser.execute("RESET ROLE")
    after = [tuple(row) for row in await superuser.fetch("SELECT * FROM scoring.sums ORDER BY prefix")]
    assert [row[:-1] for row in after] == before
    assert len({row[-1] for row in after}) == 3


async def test_subjects_of_a_ledger_that_is_there_are_known_with_all_their_prefixes(
    superuser: asyncpg.Connection,
) -> None:
    await superuser.execute(
        "INSERT INTO scoring.ledger SELECT 'default', 0, 1, n, 1, gen_random_uuid(), 1, subject, gen_random_uuid(), "
        "kind, 5, true, 'organic', now(), now() FROM (VALUES (1, 'acme/berlin/shop-3', 'nps'), (2, 'acme', 'ces'), "
        "(3, 'globex', 'stars')) AS told (n, subject, kind)"
    )
    await superuser.execute("DROP TABLE scoring.unscored_subjects")
    for statement in UNSCORED:
        await superuser.execute(statement)
    found = await superuser.fetch("SELECT tenant_id, prefix FROM scoring.unscored_subjects ORDER BY prefix")
    assert [tuple(row) for row in found] == [
        ("default", each) for each in ("acme", "acme/berlin", "acme/berlin/shop-3")
    ]
