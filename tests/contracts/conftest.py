"""A database for all services."""

from collections.abc import Iterator

import pytest

from plaudit_testing.databases import migrated
from plaudit_testing.operations import SERVICES
from plaudit_testing.servers import PostgresServer


@pytest.fixture
def house_url(postgres_server: PostgresServer, request: pytest.FixtureRequest) -> Iterator[str]:
    """A database with the schemas of all services, and nothing in them."""
    names = [service.name for service in SERVICES]
    template = postgres_server.template("house", lambda dsn: migrated(dsn, *names))
    dsn = postgres_server.create_database(template, name=request.node.name)
    yield dsn
    postgres_server.drop_database(dsn)
