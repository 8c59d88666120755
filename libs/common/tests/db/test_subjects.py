"""A statement finds the subjects that `is_within` accepts, and no others."""

import asyncpg
import pytest
from sqlalchemy import Column, MetaData, Table, Text, select
from sqlalchemy.dialects import postgresql

from plaudit.common.contracts.subjects import is_within
from plaudit.common.db.subjects import within
from plaudit_testing.servers import PostgresServer

SUBJECTS = [
    *("acm", "acme", "acme-", "acme.x", "acme0", "acme_x", "acmes", "acme-x/berlin", "acme0/berlin"),
    *(
        "acme/0",
        "acme/berlin",
        "acme/berlin-1",
        "acme/berlin/shop-1",
        "acme/berlin/shop-1/till-2",
        "acme/berlin0",
    ),
]

paths = Table("paths", MetaData(), Column("subject", Text))


@pytest.mark.postgres
async def test_a_subject_is_found_with_all_that_is_below_it(postgres_server: PostgresServer) -> None:
    connection = await asyncpg.connect(postgres_server.admin_dsn)
    try:
        await connection.execute('CREATE TEMPORARY TABLE paths (subject text COLLATE "C")')
        await connection.executemany("INSERT INTO paths VALUES ($1)", [(subject,) for subject in SUBJECTS])
        for root in SUBJECTS:
            statement = select(paths).where(within(paths.c.subject, root)).order_by(paths.c.subject)
            text = statement.compile(dialect=postgresql.dialect(), compile_kwargs={"literal_binds": True})
            found = [row["subject"] for row in await connection.fetch(str(text))]
            assert found == sorted(subject for subject in SUBJECTS if is_within(subject, root)), root
    finally:
        await connection.close()
