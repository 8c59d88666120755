"""The relay's cursor: how far the outbox is published, and the last number of each partition.

Rows come in the order (xid, id), and only below the snapshot's horizon: every transaction below it has ended, so what
lies between the cursor and the horizon is a fixed set. Reading it again gives the same rows, and so the same numbers.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast
from uuid import UUID

import asyncpg
import msgspec
from aiokafka import TopicPartition

from plaudit.common.db import Database, Tx
from plaudit.common.events.numbering import splice

CHUNK_ROWS = 4_000
CHUNK_BYTES = 16 * 1024 * 1024
"""Envelopes of one read; the row that crosses it is the last."""

Numbers = dict[TopicPartition, int]

_LOAD = "SELECT xid, id, epoch, numbers, topic_ids FROM relay_cursor WHERE name = 'outbox'"

# Qualified in ORDER BY: an output column of the same name would sort as what it is there, text for example.
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

# The planner must not take a sequential scan and a sort for a table that was small when the plan was made.
FORCE_INDEX = "SET enable_seqscan = off; SET enable_sort = off; SET enable_bitmapscan = off"
RESET = "RESET enable_seqscan; RESET enable_sort; RESET enable_bitmapscan"


class SupersededError(Exception):
    """Another relay has moved the cursor."""


@dataclass(frozen=True)
class Cursor:
    """Where the relay stands, and what the next record of each partition must continue."""

    xid: int
    id: int
    epoch: int
    numbers: Numbers
    topic_ids: Mapping[str, UUID]


@dataclass
class Chunk:
    """Rows of one read, numbered, with the cursor behind them."""

    before: Numbers
    """Last numbers before this chunk: the first record of a partition has the next one."""
    cursor: Cursor
    records: dict[TopicPartition, list[tuple[bytes, bytes]]] = field(default_factory=dict)
    """Key and value of each record, in the order of its partition: their numbers follow each other."""
    rows: int = 0


def number(cursor: Cursor, rows: Sequence[asyncpg.Record]) -> Chunk:
    """Give each row the next number of its partition and splice it into the envelope."""
    epoch, before = cursor.epoch, cursor.numbers
    numbers = dict(before)
    records: dict[TopicPartition, list[tuple[bytes, bytes]]] = {}
    # A plain tuple finds the entry of the named one, and is made in a fraction of its time.
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
    behind = Cursor(last["xid"], last["id"], epoch, numbers, cursor.topic_ids)
    return Chunk(before, behind, records, len(rows))


async def read(connection: asyncpg.Connection, cursor: Cursor, limit: int = CHUNK_ROWS) -> list[asyncpg.Record]:
    """Return the rows behind the cursor and below the horizon: at most `limit`, and about `CHUNK_BYTES`."""
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
    """Set the stored cursor from one place to the next.

    Raises:
        SupersededError: it does not stand at `before`.
    """
    numbers = {f"{place.topic}/{place.partition}": number for place, number in after.numbers.items()}
    async with database.transaction() as tx:
        status = await tx.raw.execute(
            _MOVE, after.xid, after.id, msgspec.json.encode(numbers).decode(), before.xid, before.id, before.epoch
        )
        if status != "UPDATE 1":
            raise SupersededError("another relay has moved the cursor")


async def name_topics(database: Database, cursor: Cursor, topic_ids: Mapping[str, UUID]) -> Cursor:
    """Store which topics, by id, the numbers belong to; return the cursor with them.

    Raises:
        SupersededError: the stored cursor does not stand where this one does.
    """
    async with database.transaction() as tx:
        status = await tx.raw.execute(
            _NAME_TOPICS, msgspec.json.encode(topic_ids).decode(), cursor.xid, cursor.id, cursor.epoch
        )
        if status != "UPDATE 1":
            raise SupersededError("another relay has moved the cursor")
    return Cursor(cursor.xid, cursor.id, cursor.epoch, cursor.numbers, topic_ids)


def _place(name: str) -> TopicPartition:
    topic, _, partition = name.rpartition("/")
    return TopicPartition(topic, int(partition))
