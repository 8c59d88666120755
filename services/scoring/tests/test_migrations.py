"""What migrations do to rows that are there already."""

from importlib import import_module

import asyncpg
import pytest

pytestmark = pytest.mark.postgres

UPGRADE = import_module("plaudit.scoring.migrations.versions.0003_ids_of_sums").STATEMENTS
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
