"""The fixture of tests that run `plaudit`; a `conftest.py` imports it."""

from collections.abc import Iterator

import pytest

from plaudit_testing.command_line import CommandLine
from plaudit_testing.databases import migrated
from plaudit_testing.servers import PostgresServer


@pytest.fixture
def command_line(postgres_server: PostgresServer) -> Iterator[CommandLine]:
    """The command `plaudit` over a fresh database with the schema `common`."""
    dsn = postgres_server.create_database(postgres_server.template("only-common", migrated), name="command")
    yield CommandLine(dsn)
    postgres_server.drop_database(dsn)
