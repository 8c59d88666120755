import sys
from collections.abc import Iterable, Sized
from types import FrameType
from typing import Any

import asyncpg
import pytest
from asyncpg.protocol import protocol

from plaudit.common.db import Database, Role
from plaudit.common.db.arrays import CONTAINERS, check_concrete_classes
from plaudit_testing.databases import migrated, settings_for
from plaudit_testing.servers import PostgresServer

ELEMENTS = 1_000


@pytest.fixture(autouse=True)
def concrete_classes() -> None:
    check_concrete_classes()


@pytest.fixture
async def connection(postgres_server: Any) -> Any:
    opened = await asyncpg.connect(postgres_server.admin_dsn)
    yield opened
    await opened.close()


async def _abstract_checks(connection: asyncpg.Connection, values: list[Any], kind: str) -> int:
    checks = 0

    def count(frame: FrameType, event: str, _argument: object) -> None:
        nonlocal checks
        checks += event == "call" and frame.f_code.co_name == "__instancecheck__"

    statement = await connection.prepare(f"SELECT cardinality($1::{kind}[])")
    sys.setprofile(count)
    try:
        found = await statement.fetchval(values)
    finally:
        sys.setprofile(None)
    assert found == len(values)
    return checks


@pytest.mark.postgres
@pytest.mark.parametrize(("kind", "value"), [("float8", 0.5), ("text", "shop"), ("bytea", b"{}"), ("bigint", None)])
async def test_an_array_is_sent_without_an_abstract_check_of_each_element(
    connection: asyncpg.Connection, kind: str, value: object
) -> None:
    assert await _abstract_checks(connection, [value] * ELEMENTS, kind) < ELEMENTS / 10


@pytest.mark.postgres
@pytest.mark.parametrize("values", [[1, 2, 3], (1, 2, 3), [1, None, 3], []])
async def test_lists_and_tuples_arrive_as_arrays(connection: asyncpg.Connection, values: Any) -> None:
    assert await connection.fetchval("SELECT $1::int[]", values) == list(values)


@pytest.mark.postgres
async def test_arrays_of_arrays_arrive(connection: asyncpg.Connection) -> None:
    assert await connection.fetchval("SELECT $1::int[]", [[1, 2], [3, 4]]) == [[1, 2], [3, 4]]


@pytest.mark.postgres
@pytest.mark.parametrize("value", ["{1,2}", 3, {"a": 1}, {1, 2}])
async def test_anything_else_is_refused(connection: asyncpg.Connection, value: object) -> None:
    with pytest.raises(asyncpg.DataError):
        await connection.fetchval("SELECT $1::int[]", value)


@pytest.fixture
def untouched(monkeypatch: pytest.MonkeyPatch) -> None:
    """The driver as it is imported."""
    monkeypatch.setitem(vars(protocol), "IterableABC", Iterable)
    monkeypatch.setitem(vars(protocol), "SizedABC", Sized)


@pytest.mark.postgres
@pytest.mark.parametrize("made", [False, True])
async def test_whoever_makes_connections_of_ours_has_the_check_made_cheap(
    postgres_server: PostgresServer, untouched: None, made: bool
) -> None:
    """Without them the driver checks each element: so this test would notice a driver that does not any more."""
    dsn = postgres_server.create_database(postgres_server.template("only-common", migrated), name="arrays")
    connection = await asyncpg.connect(dsn)
    database = Database(settings_for(dsn), "common", Role.WORKER) if made else None
    checks = await _abstract_checks(connection, ["shop"] * ELEMENTS, "text")
    await connection.close()
    if database is not None:
        await database.close()
    postgres_server.drop_database(dsn)
    assert checks < ELEMENTS / 10 if made else checks >= ELEMENTS


def test_a_driver_that_checks_in_another_way_is_left_as_it_is(untouched: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(vars(protocol), "SizedABC")
    check_concrete_classes()
    assert vars(protocol)["IterableABC"] is Iterable
    assert "SizedABC" not in vars(protocol)
    monkeypatch.setitem(vars(protocol), "SizedABC", Sized)
    check_concrete_classes()
    assert (vars(protocol)["IterableABC"], vars(protocol)["SizedABC"]) == (CONTAINERS, CONTAINERS)
