"""Ingest on a migrated database of each test's own."""

from collections.abc import AsyncIterator, Iterator

import pytest

from plaudit_testing.databases import migrated
from plaudit_testing.running_ingest import Ingest, Source, running_ingest
from plaudit_testing.servers import PostgresServer


@pytest.fixture
def ingest_url(postgres_server: PostgresServer, request: pytest.FixtureRequest) -> Iterator[str]:
    """A database with the schemas `common` and `ingest`, and nothing in them."""
    template = postgres_server.template("ingest", lambda dsn: migrated(dsn, "ingest"))
    dsn = postgres_server.create_database(template, name=request.node.name)
    yield dsn
    postgres_server.drop_database(dsn)


@pytest.fixture
async def ingest(ingest_url: str) -> AsyncIterator[Ingest]:
    """Ingest's API with its group commit."""
    async with running_ingest(ingest_url) as opened:
        yield opened


@pytest.fixture
async def source(ingest: Ingest) -> Source:
    """A native source of the tenant `default`, about `acme`."""
    return await ingest.source()
