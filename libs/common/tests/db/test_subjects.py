"""A statement finds the subjects that `is_within` accepts, and no others, however its condition is written."""

from collections.abc import AsyncIterator, Callable

import asyncpg
import pytest
from sqlalchemy import Column, MetaData, Table, Text, select
from sqlalchemy.dialects import postgresql

from plaudit.common.contracts.subjects import is_within
from plaudit.common.db import subjects
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
pytestmark = pytest.mark.postgres


@pytest.fixture
async def connection(postgres_server: PostgresServer) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    connection = await asyncpg.connect(postgres_server.admin_dsn)
    try:
        await connection.execute('CREATE TEMPORARY TABLE paths (subject text COLLATE "C")')
        await connection.executemany("INSERT INTO paths VALUES ($1)", [(subject,) for subject in SUBJECTS])
        yield connection
    finally:
        await connection.close()


async def test_a_subject_is_found_with_all_that_is_below_it(
    connection: "asyncpg.Connection[asyncpg.Record]",
) -> None:
    for root in SUBJECTS:
        statement = select(paths).where(subjects.within(paths.c.subject, root)).order_by(paths.c.subject)
        text = statement.compile(dialect=postgresql.dialect(), compile_kwargs={"literal_binds": True})
        found = [row["subject"] for row in await connection.fetch(str(text))]
        assert found == sorted(subject for subject in SUBJECTS if is_within(subject, root)), root


@pytest.mark.parametrize(
    ("condition", "is_wanted"),
    [
        (subjects.is_within, is_within),
        (subjects.is_within_one_range, is_within),
        (subjects.is_below, lambda subject, root: subject != root and is_within(subject, root)),
    ],
)
async def test_the_text_of_a_statement_finds_the_same(
    connection: "asyncpg.Connection[asyncpg.Record]",
    condition: Callable[[str, str], str],
    is_wanted: Callable[[str, str], bool],
) -> None:
    statement = f"SELECT subject FROM paths WHERE {condition('subject', '$1')} ORDER BY subject"
    for root in SUBJECTS:
        found = [row["subject"] for row in await connection.fetch(statement, root)]
        assert found == sorted(subject for subject in SUBJECTS if is_wanted(subject, root)), root
