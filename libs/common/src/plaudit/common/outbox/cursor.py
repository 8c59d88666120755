"""The relay's cursor: how far the outbox is published, and the last number of each partition.

Rows are read in the order (xid, id), and only below the watermark: the snapshot's xmin, below which every transaction
has ended and rows are final. The rows between the cursor and the watermark are a fixed set, so reading them again gives
the same rows with the same numbers.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

import asyncpg
import msgspec
from aiokafka import TopicPartition

from plaudit.common.db import Database, Tx
from plaudit.common.db.results import rows_changed

Numbers = dict[TopicPartition, int]

_LOAD = "SELECT xid, id, epoch, numbers, topic_ids FROM relay_cursor WHERE name = 'outbox'"

_MOVE = """
UPDATE relay_cursor SET xid = $1, id = $2, numbers = $3, moved_at = now()
WHERE name = 'outbox' AND xid = $4 AND id = $5 AND epoch = $6
"""
_NAME_TOPICS = "UPDATE relay_cursor SET topic_ids = $1 WHERE name = 'outbox' AND xid = $2 AND id = $3 AND epoch = $4"


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


@dataclass(frozen=True)
class Chunk:
    """The rows of one read, numbered, and the cursor after them."""

    before: Numbers
    """Last numbers before this chunk; the first record of a partition has the next one."""
    cursor: Cursor
    records: Mapping[TopicPartition, Sequence[tuple[bytes, bytes]]]
    """Key and envelope of each record, by partition and in the order of their numbers."""
    rows: int = 0


def number(cursor: Cursor, rows: Sequence[asyncpg.Record]) -> Chunk:
    """Give each row the next number of its partition: they follow each other in its list of records."""
    records: dict[tuple[str, int], list[tuple[bytes, bytes]]] = {}
    for _, _, topic, partition, key, envelope in rows:
        place = (topic, partition)
        listed = records.get(place)
        if listed is None:
            records[place] = listed = []
        listed.append((key, envelope))
    numbers = dict(cursor.numbers)
    named = {TopicPartition(*place): listed for place, listed in records.items()}
    for place, listed in named.items():
        numbers[place] = numbers.get(place, 0) + len(listed)
    last = rows[-1]
    after = Cursor(last["xid"], last["id"], cursor.epoch, numbers, cursor.topic_ids)
    return Chunk(cursor.numbers, after, named, len(rows))


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
    async with database.driver_transaction() as tx:
        if rows_changed(await tx.raw.execute(statement, *values, at.xid, at.id, at.epoch)) != 1:
            raise SupersededError("another relay has moved the cursor")


def _place(name: str) -> TopicPartition:
    topic, _, partition = name.rpartition("/")
    return TopicPartition(topic, int(partition))
