"""Fixtures of tests that need the schema `common` alone; a `conftest.py` imports those it offers."""

from collections.abc import AsyncIterator, Iterator

import pytest

from plaudit.common.db import Database, Role
from plaudit_testing.databases import migrated, settings_for
from plaudit_testing.servers import PostgresServer


@pytest.fixture
def common_url(postgres_server: PostgresServer, request: pytest.FixtureRequest) -> Iterator[str]:
    """A database with the schema `common` and nothing else."""
    dsn = postgres_server.create_database(postgres_server.template("only-common", migrated), name=request.node.name)
    yield dsn
    postgres_server.drop_database(dsn)


@pytest.fixture
async def owner(common_url: str) -> AsyncIterator[Database]:
    """The database as the owner of schema `common`."""
    database = Database(settings_for(common_url), "common", Role.OWNER, pool_size=2)
    yield database
    await database.close()


@pytest.fixture
async def api_database(common_url: str) -> AsyncIterator[Database]:
    """The database as the role that serves requests."""
    database = Database(settings_for(common_url), "common", Role.API, pool_size=4)
    yield database
    await database.close()
