"""What the relay reads of the outbox, and what it does not read, on a real PostgreSQL."""

import asyncpg
import pytest

from plaudit.common.db import Database
from plaudit.common.outbox import cursor as cursors
from plaudit.common.outbox import reader as module
from plaudit.common.outbox.cursor import Cursor
from plaudit.common.outbox.reader import CHUNK_BYTES, CHUNK_ROWS, Reader, reading
from plaudit.common.settings import Settings
from plaudit_testing.runtime import count_event, counting_topic, outbox_of

pytestmark = pytest.mark.postgres

TOPIC = counting_topic("count.v1")
NOWHERE = Cursor(0, 0, 1, {}, {})


async def write(database: Database, settings: Settings, *keys: str) -> None:
    async with database.transaction() as tx:
        await outbox_of(settings).append(tx, [count_event(TOPIC, key, 1) for key in keys])


LARGE = CHUNK_BYTES // 800_000


@pytest.mark.parametrize("limit", [LARGE + 6, 1_000])
async def test_a_read_is_cut_by_rows_and_by_bytes_and_goes_on_where_it_was_cut(
    database: Database, settings: Settings, limit: int
) -> None:
    await write(database, settings, *["k" * 400_000] * (LARGE + 3), *["key"] * 10)
    cuts, cursor = [], NOWHERE
    async with reading(database) as connection:
        reader = Reader(connection, limit)
        while rows := await reader.read_next(cursor):
            cuts.append(len(rows))
            cursor = cursors.number(cursor, rows).cursor
    assert cuts[0] <= LARGE + 1
    assert max(cuts) <= limit
    assert sum(cuts) == LARGE + 13


async def test_a_read_is_bounded_before_its_bytes_are_counted(database: Database, settings: Settings) -> None:
    await write(database, settings, "k" * 400_000, "key")
    async with reading(database) as connection:
        long, short = await connection.fetch(module._READ, 0, 0, 10)
        assert (long["envelope"], short["envelope"][-1:]) == (None, b"}")
        assert [len(row["envelope"]) > 400_000 for row in await Reader(connection).read(NOWHERE)] == [True, False]


async def test_a_full_chunk_says_that_there_is_more(database: Database, settings: Settings) -> None:
    await write(database, settings, "first", "second", "third")
    async with reading(database) as connection:
        reader = Reader(connection, limit=2)
        cursor = cursors.number(NOWHERE, await reader.read_next(NOWHERE)).cursor
        assert reader.more
        rows = await reader.read_next(cursor)
        assert [row["key"] for row in rows] == [b"third"]
        assert not reader.more


async def test_while_the_watermark_stands_still_the_outbox_is_not_read(
    database: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads = 0

    class Counting(Reader):
        async def read(self, cursor: Cursor) -> list[asyncpg.Record]:
            nonlocal reads
            reads += 1
            return await super().read(cursor)

    async with database.transaction() as open_writer:
        await outbox_of(settings).append(open_writer, [count_event(TOPIC, "open", 1)])
        async with reading(database) as connection:
            reader = Counting(connection)
            for _ in range(5):
                assert await reader.read_next(NOWHERE) == []
                await write(database, settings, "waits for the open one")
    assert reads == 1


async def test_rows_of_the_first_read_after_the_watermark_has_moved_are_all_there(
    database: Database, settings: Settings
) -> None:
    cursor, found = NOWHERE, 0
    async with reading(database) as connection:
        reader = Reader(connection)
        for number in range(1, 20):
            await write(database, settings, *["key"] * number)
            if rows := await reader.read_next(cursor):
                cursor, found = cursors.number(cursor, rows).cursor, found + len(rows)
            assert found == sum(range(number + 1)), "of a writer that has ended, with no other one open"
            assert await reader.read_next(cursor) == []


@pytest.mark.parametrize("limit", [10, CHUNK_ROWS])
@pytest.mark.parametrize("statement", [module._READ, module._READ_LONG])
async def test_rows_are_found_by_the_index_of_their_order_even_when_there_are_few(
    database: Database, settings: Settings, statement: str, limit: int
) -> None:
    await write(database, settings, *["key"] * 30)
    async with database.transaction() as tx:
        await tx.raw.execute("SET LOCAL role plaudit_testing_owner")
        await tx.raw.execute("ANALYZE outbox")
    arguments = (0, 0, limit) if statement == module._READ else (0, 0, limit, CHUNK_BYTES)
    async with reading(database) as connection:
        plan = "\n".join(row[0] for row in await connection.fetch(f"EXPLAIN {statement}", *arguments))
    assert "Index Scan" in plan
    assert "Seq Scan" not in plan
    assert "Sort  (cost" not in plan


@pytest.mark.parametrize("setting", ["enable_seqscan", "enable_sort", "enable_bitmapscan"])
async def test_the_connection_is_given_back_as_it_was(database: Database, setting: str) -> None:
    async with reading(database) as connection:
        assert await connection.fetchval(f"SHOW {setting}") == "off"
    async with database.transaction() as tx:
        assert await tx.raw.fetchval(f"SHOW {setting}") == "on"


@pytest.mark.parametrize("key", ["short", "k" * 400_000])
async def test_nothing_is_read_that_an_open_older_writer_could_still_come_before(
    database: Database, settings: Settings, key: str
) -> None:
    async with database.transaction() as open_writer:
        await outbox_of(settings).append(open_writer, [count_event(TOPIC, "open", 1)])
        await write(database, settings, key)
        async with reading(database) as connection:
            assert await Reader(connection).read(NOWHERE) == []
            assert await connection.fetch(module._READ_LONG, 0, 0, 10, CHUNK_BYTES) == []
    async with reading(database) as connection:
        assert [row["key"][:5] for row in await Reader(connection).read(NOWHERE)] == [b"open", key[:5].encode()]
