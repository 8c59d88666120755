"""Statements and rows by name: what is written comes back in the column it was meant for, for any columns."""

from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any

import asyncpg
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import ARRAY, BigInteger, Boolean, Column, DateTime, Float, Integer, MetaData, Table, Text, Uuid

from plaudit.common.db.columns import Columns, relation
from plaudit_testing.servers import PostgresServer

NAMES = [f"column_{number}" for number in range(12)]
names = st.lists(st.sampled_from(NAMES), min_size=1, unique=True)

things = Table(
    "things",
    MetaData(),
    Column("id", BigInteger, primary_key=True),
    Column("name", Text, nullable=False),
    Column("source_id", Integer),
    Column("weight", Float),
)
STATES = [
    SimpleNamespace(id=1, name="one", source=SimpleNamespace(id=10), weight=0.5),
    SimpleNamespace(id=2, name="two", source=SimpleNamespace(id=20), weight=None),
]


def table_of(names: list[str]) -> Table:
    return Table(
        "some", MetaData(), *(Column(name, Integer, primary_key=number == 0) for number, name in enumerate(names))
    )


@given(names, st.data())
def test_every_row_has_each_value_at_the_place_of_its_column(names: list[str], data: st.DataObject) -> None:
    state = SimpleNamespace(**{name: number for number, name in enumerate(NAMES)})
    left_out = data.draw(st.sets(st.sampled_from(names), max_size=len(names) - 1))
    columns = Columns(table_of(names), without=left_out)
    assert columns.names == tuple(name for name in names if name not in left_out)
    assert dict(zip(columns.names, columns.row(state), strict=True)) == {
        name: getattr(state, name) for name in columns.names
    }
    assert columns.listed.split(", ") == list(columns.names)
    assert columns.of("t").split(", ") == [f"t.{name}" for name in columns.names]
    assert columns.values(3).split(", ") == [f"${number}" for number in range(3, 3 + len(columns.names))]


@given(names, st.integers(0, 5))
def test_arrays_are_the_rows_turned_round(names: list[str], count: int) -> None:
    states = [SimpleNamespace(**{name: (name, number) for name in names}) for number in range(count)]
    columns = Columns(table_of(names))
    arrays = columns.arrays(states)
    assert len(arrays) == len(names)
    assert [tuple(array[number] for array in arrays) for number in range(count)] == [columns.row(s) for s in states]


@given(names, st.data())
def test_an_upsert_sets_every_column_but_the_key_and_what_is_kept(names: list[str], data: st.DataObject) -> None:
    kept = data.draw(st.sets(st.sampled_from(names)))
    wanted = [f"{name} = excluded.{name}" for name in names[1:] if name not in kept]
    assert Columns(table_of(names)).excluded(keep=kept) == ", ".join(wanted)


def test_a_nested_attribute_fills_a_column_by_its_path() -> None:
    assert Columns(things, {"source_id": "source.id"}).row(STATES[0]) == (1, "one", 10, 0.5)


@pytest.mark.parametrize("options", [{"paths": {"nmae": "name"}}, {"without": ["nmae"]}])
def test_a_name_that_is_no_column_is_an_error(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="nmae"):
        Columns(things, **options)


def test_unnest_names_the_type_of_each_column() -> None:
    kinds = [Text(), BigInteger(), Float(), Boolean(), Uuid(), DateTime(timezone=True)]
    table = Table("kinds", MetaData(), *(Column(f"c{number}", kind) for number, kind in enumerate(kinds)))
    assert Columns(table).unnest(2) == (
        "unnest($2::TEXT[], $3::BIGINT[], $4::FLOAT[], $5::BOOLEAN[], $6::UUID[], $7::TIMESTAMP WITH TIME ZONE[])"
    )


def test_unnest_refuses_an_array_which_it_would_flatten() -> None:
    table = Table("lists", MetaData(), Column("tags", ARRAY(Text)))
    with pytest.raises(TypeError, match="tags"):
        Columns(table).unnest()


def test_a_select_list_unnests_each_column_under_its_name() -> None:
    assert Columns(things, without=["weight"]).unnested(3) == (
        "unnest($3::BIGINT[]) AS id, unnest($4::TEXT[]) AS name, unnest($5::INTEGER[]) AS source_id"
    )


def test_a_select_list_takes_each_column_by_name_by_expression_or_as_a_null_of_its_type() -> None:
    columns = Columns(things)
    assert columns.selected() == "id, name, source_id, weight"
    assert columns.selected({"name": "$1"}) == "id, $1 AS name, source_id, weight"
    assert columns.selected({"name": "$1"}, present=["id"]) == (
        "id, $1 AS name, NULL::INTEGER AS source_id, NULL::FLOAT AS weight"
    )


@pytest.mark.parametrize("options", [{"expressions": {"nmae": "$1"}}, {"present": ["nmae"]}])
def test_a_select_list_of_a_name_that_is_no_column_is_an_error(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="nmae"):
        Columns(things).selected(**options)


def test_a_relation_has_the_columns_of_several_tables_once_each() -> None:
    made = relation("made", *things.c, Column("name", Text), Column("extra", Boolean), without=["weight"])
    assert Columns(made).names == ("id", "name", "source_id", "extra")


@pytest.fixture
async def connection(postgres_server: PostgresServer) -> AsyncIterator[asyncpg.Connection]:
    opened = await asyncpg.connect(postgres_server.admin_dsn)
    await opened.execute(
        "CREATE TEMPORARY TABLE things (weight float8, source_id int, name text NOT NULL, id bigint PRIMARY KEY)"
    )
    yield opened
    await opened.close()


@pytest.mark.postgres
async def test_rows_go_into_the_database_and_are_changed_by_name(connection: asyncpg.Connection) -> None:
    columns = Columns(things, {"source_id": "source.id"})
    insert = f"INSERT INTO things ({columns.listed})"
    upsert = (
        f"{insert} SELECT * FROM {columns.unnest()} ON CONFLICT (id) DO UPDATE SET {columns.excluded(keep=['name'])}"
    )
    await connection.execute(upsert, *columns.arrays(STATES))
    changed = SimpleNamespace(id=2, name="another", source=SimpleNamespace(id=21), weight=1.5)
    await connection.execute(upsert, *columns.arrays([changed]))
    third = SimpleNamespace(id=3, name="three", source=SimpleNamespace(id=None), weight=None)
    await connection.execute(f"{insert} VALUES ({columns.values()})", *columns.row(third))
    await connection.execute(upsert, *columns.arrays([]))
    rows = await connection.fetch(f"SELECT {columns.of('t')} FROM things AS t ORDER BY id")
    assert [tuple(row) for row in rows] == [(1, "one", 10, 0.5), (2, "two", 21, 1.5), (3, "three", None, None)]


@pytest.mark.postgres
async def test_one_statement_writes_two_tables_from_the_same_rows(connection: asyncpg.Connection) -> None:
    await connection.execute("CREATE TEMPORARY TABLE others (id bigint, name text)")
    rows, both = relation("rows", *things.c), Columns(things, {"source_id": "source.id"})
    statement = f"""
        WITH rows AS MATERIALIZED (SELECT {Columns(rows).unnested(2)}),
        written AS (
            INSERT INTO things ({both.listed}) SELECT {both.selected({"source_id": "$1::int"})} FROM rows
        )
        INSERT INTO others SELECT id, name FROM rows
    """
    await connection.execute(statement, 7, *both.arrays(STATES))
    found = await connection.fetch("SELECT id, t.name, o.name, source_id FROM things t JOIN others o USING (id)")
    assert sorted(tuple(row) for row in found) == [(1, "one", "one", 7), (2, "two", "two", 7)]
