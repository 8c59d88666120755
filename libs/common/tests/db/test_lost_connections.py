"""A connection that goes away between two steps of a statement is a lost connection, whatever the driver says of it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import asyncpg
import pytest

from plaudit.common.db import Database, Role
from plaudit.common.db.errors import is_transient
from plaudit.common.jobs import PeriodicJob
from plaudit_testing.databases import migrated, settings_for
from plaudit_testing.runtime import until
from plaudit_testing.servers import PostgresServer

pytestmark = pytest.mark.postgres

Lose = Callable[[asyncpg.Connection, str], Awaitable[None]]
Ask = Callable[[Database], Awaitable[object]]

ASKED = "SELECT 'is it there?' = $1"
"""The statement under which the connection goes away, once it is prepared and before it is executed."""


@pytest.fixture(scope="module")
def dsn(postgres_server: PostgresServer):
    """A database with the schema `common` and nothing else."""
    made = postgres_server.create_database(postgres_server.template("only-common", migrated), name="lost")
    yield made
    postgres_server.drop_database(made)


@pytest.fixture
async def made(dsn: str) -> AsyncIterator[Database]:
    """Connections of a worker: each pool has one at most, so that one which is not given back is missed."""
    database = Database(settings_for(dsn), "common", Role.WORKER, pool_size=1)
    yield database
    await database.close()


async def cut(raw: asyncpg.Connection, _dsn: str) -> None:
    raw.terminate()  # as our own deadlines do


async def close_the_transport(raw: asyncpg.Connection, _dsn: str) -> None:
    raw._transport.abort()
    await until(raw.is_closed, "the connection is closed")


async def end_the_backend(raw: asyncpg.Connection, dsn: str) -> None:
    admin = await asyncpg.connect(dsn)
    try:
        assert await admin.fetchval("SELECT pg_terminate_backend($1)", raw.get_server_pid())
    finally:
        await admin.close()
    await until(raw.is_closed, "the connection is closed")


@pytest.fixture(params=[cut, close_the_transport, end_the_backend], ids=lambda lose: lose.__name__)
def lost(request: pytest.FixtureRequest, dsn: str, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Lose the connection at that moment, once; the list then names how."""
    lose: Lose = request.param
    losses: list[str] = []
    prepared = asyncpg.Connection._get_statement

    async def lost_when_prepared(raw: asyncpg.Connection, query: str, *arguments: Any, **named: Any) -> Any:
        statement = await prepared(raw, query, *arguments, **named)
        if query == ASKED and not losses:
            losses.append(lose.__name__)
            await lose(raw, dsn)
        return statement

    monkeypatch.setattr(asyncpg.Connection, "_get_statement", lost_when_prepared)
    return losses


async def whether_it_holds(made: Database) -> None:
    await made.holds(ASKED, "x")


async def alone(made: Database) -> None:
    async with made.driver_statement() as raw:
        await raw.fetch(ASKED, "x")


async def by_a_reader(made: Database) -> None:
    async with made.reader() as raw:
        await raw.fetch(ASKED, "x")


async def in_a_transaction(made: Database) -> None:
    async with made.transaction() as tx:
        await tx.raw.fetch(ASKED, "x")


async def in_a_change(made: Database) -> None:
    async with made.change() as tx:
        await tx.raw.fetchrow(ASKED, "x")


async def through_sqlalchemy(made: Database) -> None:
    async with made.transaction() as tx:
        await tx.sql.exec_driver_sql(ASKED, ("x",))


async def in_a_transaction_on_the_driver(made: Database) -> None:
    async with made.driver_transaction() as tx:
        await tx.raw.fetch(ASKED, "x")


async def many_times(made: Database) -> None:
    async with made.driver_transaction() as tx:
        await tx.raw.executemany(ASKED, [("x",), ("y",)])


async def as_a_prepared_statement(made: Database) -> None:
    async with made.driver_transaction() as tx:
        await (await tx.raw.prepare(ASKED)).fetch("x")


async def in_a_snapshot(made: Database) -> None:
    async with made.snapshot() as tx:
        await tx.raw.fetch(ASKED, "x")


async def in_a_snapshot_through_sqlalchemy(made: Database) -> None:
    async with made.snapshot() as tx:
        await tx.sql.exec_driver_sql(ASKED, ("x",))


async def in_a_snapshot_on_the_driver(made: Database) -> None:
    async with made.driver_snapshot() as tx:
        await tx.raw.fetch(ASKED, "x")


WAYS = (
    *(whether_it_holds, alone, by_a_reader, in_a_transaction, in_a_change, through_sqlalchemy),
    *(in_a_transaction_on_the_driver, many_times, as_a_prepared_statement),
    *(in_a_snapshot, in_a_snapshot_through_sqlalchemy, in_a_snapshot_on_the_driver),
)


@pytest.mark.parametrize("ask", WAYS, ids=lambda ask: ask.__name__)
async def test_a_statement_whose_connection_goes_away_may_be_asked_again(made: Database, ask: Ask, lost: list[str]):
    with pytest.raises(Exception) as raised:
        await ask(made)
    assert lost
    assert is_transient(raised.value), repr(raised.value)
    await ask(made)


async def test_a_job_whose_connection_goes_away_while_it_looks_for_work_looks_again(made: Database, lost: list[str]):
    stop = asyncio.Event()
    answers = []

    class Looking(PeriodicJob):
        async def has_work(self) -> bool:
            answers.append(await made.holds(ASKED, "is it there?"))
            return True

        async def turn(self) -> int:
            stop.set()
            return 0

    await Looking("looking", 0.0).run(stop)
    assert lost
    assert answers == [True]


async def test_a_mistake_of_ours_over_a_connection_that_is_gone_stays_a_mistake(made: Database):
    nothing: Any = None

    async def be_mistaken() -> None:
        async with made.driver_statement() as raw:
            raw.terminate()
            nothing.bind_execute()

    with pytest.raises(AttributeError) as raised:
        await be_mistaken()
    assert not is_transient(raised.value)


async def test_a_mistake_of_ours_in_what_the_driver_calls_stays_a_mistake(made: Database):
    nothing: Any = None

    def read(text: str) -> object:
        return nothing.value_of(text)

    async def be_mistaken() -> None:
        async with made.driver_statement() as raw:
            await raw.set_type_codec("text", schema="pg_catalog", encoder=str, decoder=read)
            await raw.fetchval("SELECT 'something'::text")

    with pytest.raises(AttributeError) as raised:
        await be_mistaken()
    assert not is_transient(raised.value)


def test_what_was_never_raised_is_no_lost_connection():
    assert not is_transient(AttributeError("'NoneType' object has no attribute 'bind_execute'"))
