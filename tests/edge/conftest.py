"""One house for all tests of a worker."""

from collections.abc import Iterator

import pytest

from plaudit_testing.edge import EdgeHouse, edge_house
from plaudit_testing.servers import PostgresServer


@pytest.fixture(scope="session")
def house(postgres_server: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[EdgeHouse]:
    dsn = postgres_server.create_database(name="edge")
    with edge_house(dsn, tmp_path_factory.mktemp("edge")) as made:
        yield made
    postgres_server.drop_database(dsn)
