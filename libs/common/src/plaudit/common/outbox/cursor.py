"""The relay's cursor: how far the outbox is published, and the last number of each partition.

Rows are read in the order (xid, id), and only below the watermark: the snapshot's xmin, below which every transaction
has ended and rows are final. The rows between the cursor and the watermark are a fixed set, so reading them again gives
the same rows with the same numbers.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, cast
from uuid import UUID

import asyncpg
import msgspec
from aiokafka import TopicPartition

from plaudit.common.db import Database, Tx
from plaudit.common.db.results import rows_changed
from plaudit.common.events.numbering import splice

CHUNK_ROWS = 4_000
CHUNK_BYTES = 16 * 1024 * 1024
"""Of the envelopes in one read; the row that crosses it is the last."""

Numbers = dict[TopicPartition, int]

_LOAD = "SELECT xid, id, epoch, numbers, topic_ids FROM relay_cursor WHERE name = 'outbox'"

# Names in ORDER BY are qualified: an output column of the same name could have another type, and so another order.
_READ = """
SELECT part.xid, part.id, part.topic, part.partition, part.key, part.envelope FROM (
    SELECT chunk.*, sum(octet_length(chunk.envelope)) OVER (ORDER BY chunk.xid, chunk.id) AS bytes FROM (
        SELECT outbox.xid, outbox.id, outbox.topic, outbox.partition, outbox.key, outbox.envelope FROM outbox
        WHERE (outbox.xid, outbox.id) > ($1::xid8, $2::bigint)
          AND outbox.xid < pg_snapshot_xmin(pg_current_snapshot())
        ORDER BY outbox.xid, outbox.id
        LIMIT $3
    ) AS chunk
) AS part
WHERE part.bytes - octet_length(part.envelope) < $4
ORDER BY part.xid, part.id
"""

_MOVE = """
UPDATE relay_cursor SET xid = $1, id = $2, numbers = $3, moved_at = now()
WHERE name = 'outbox' AND xid = $4 AND id = $5 AND epoch = $6
"""
_NAME_TOPICS = "UPDATE relay_cursor SET topic_ids = $1 WHERE name = 'outbox' AND xid = $2 AND id = $3 AND epoch = $4"

# Without these the planner may keep a sequential scan and a sort from when the table was small.
FORCE_INDEX = "SET enable_seqscan = off; SET enable_sort = off; SET enable_bitmapscan = off"
RESET = "RESET enable_seqscan; RESET enable_sort; RESET enable_bitmapscan"


class SupersededError(Exception):
    """Another relay has moved the cursor."""


@dataclass(frozen=True)
class Cursor:
    """How far the relay has published, and the last number of each partition."""

    xid: int
    id: int
    epoch: int
    numbers: Numbers
    topic_ids: Mapping[str, UUID]


@dataclass
class Chunk:
    """The rows of one read, numbered, and the cursor after them."""

    before: Numbers
    """Last numbers before this chunk; the first record of a partition has the next one."""
    cursor: Cursor
    records: dict[TopicPartition, list[tuple[bytes, bytes]]] = field(default_factory=dict)
    """Key and value of each record, by partition and in the order of their numbers."""
    rows: int = 0


def number(cursor: Cursor, rows: Sequence[asyncpg.Record]) -> Chunk:
    """Give each row the next number of its partition and splice it into the envelope."""
    epoch, before = cursor.epoch, cursor.numbers
    numbers = dict(before)
    records: dict[TopicPartition, list[tuple[bytes, bytes]]] = {}
    # A plain tuple equals the named tuple as a key, and is much cheaper to make.
    by_place: dict[tuple[str, int], list[tuple[bytes, bytes]]] = cast("Any", records)
    last_numbers: dict[tuple[str, int], int] = cast("Any", numbers)
    for _, _, topic, partition, key, envelope in rows:
        place = (topic, partition)
        listed = by_place.get(place)
        if listed is None:
            named = TopicPartition(topic, partition)
            listed = records[named] = []
            numbers.setdefault(named, 0)
        sequence = last_numbers[place] = last_numbers[place] + 1
        listed.append((key, splice(envelope, epoch, sequence)))
    last = rows[-1]
    after = Cursor(last["xid"], last["id"], epoch, numbers, cursor.topic_ids)
    return Chunk(before, after, records, len(rows))


async def read(connection: asyncpg.Connection, cursor: Cursor, limit: int = CHUNK_ROWS) -> list[asyncpg.Record]:
    """Return the rows after the cursor and below the watermark: at most `limit`, and about `CHUNK_BYTES`."""
    rows: list[asyncpg.Record] = await connection.fetch(_READ, cursor.xid, cursor.id, limit, CHUNK_BYTES)
    return rows


async def load(tx: Tx) -> Cursor:
    """Return the stored cursor."""
    row = await tx.raw.fetchrow(_LOAD)
    if row is None:
        raise LookupError("relay_cursor has no row 'outbox': run the service's migrations")
    numbers = msgspec.convert(row["numbers"], dict[str, int])
    topics = msgspec.convert(row["topic_ids"], dict[str, UUID])
    return Cursor(row["xid"], row["id"], row["epoch"], {_place(name): n for name, n in numbers.items()}, topics)


async def move(database: Database, before: Cursor, after: Cursor) -> None:
    """Move the stored cursor.

    Raises:
        SupersededError: it is not at `before`.
    """
    numbers = {f"{place.topic}/{place.partition}": number for place, number in after.numbers.items()}
    await _update(database, _MOVE, after.xid, after.id, msgspec.json.encode(numbers).decode(), at=before)


async def name_topics(database: Database, cursor: Cursor, topic_ids: Mapping[str, UUID]) -> Cursor:
    """Store the ids of the topics that the numbers belong to; return the cursor with them.

    Raises:
        SupersededError: the stored cursor is not at this one.
    """
    await _update(database, _NAME_TOPICS, msgspec.json.encode(topic_ids).decode(), at=cursor)
    return replace(cursor, topic_ids=topic_ids)


async def _update(database: Database, statement: str, *values: object, at: Cursor) -> None:
    async with database.transaction() as tx:
        if rows_changed(await tx.raw.execute(statement, *values, at.xid, at.id, at.epoch)) != 1:
            raise SupersededError("another relay has moved the cursor")


def _place(name: str) -> TopicPartition:
    topic, _, partition = name.rpartition("/")
    return TopicPartition(topic, int(partition))
