"""Position rows: how far a consumer group has come in each partition, stored in the database of its effect.

A batch moves the rows of its partitions by compare-and-set, in the transaction of its effect. If a row is not as
expected, another consumer has moved it, and the batch is rolled back.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from plaudit.common.db import Tx

_LOAD = """
SELECT partition, topic_id, next_offset, epoch, sequence, parked FROM positions
WHERE consumer_group = $1 AND topic = $2 AND partition = ANY($3::int[])
"""
_BEGIN = """
INSERT INTO positions (consumer_group, topic, partition, topic_id, next_offset, epoch, sequence)
SELECT $1, $2, begun.partition, $3, begun.next_offset, 0, 0
FROM unnest($4::int[], $5::bigint[]) AS begun (partition, next_offset)
ON CONFLICT DO NOTHING
"""
_ADVANCE = """
UPDATE positions SET next_offset = moved.new_offset, epoch = moved.new_epoch, sequence = moved.new_sequence,
    moved_at = now()
FROM unnest($3::int[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[], $8::bigint[], $9::bigint[])
    AS moved (partition, old_offset, old_epoch, old_sequence, new_offset, new_epoch, new_sequence)
WHERE positions.consumer_group = $1 AND positions.topic = $2 AND positions.partition = moved.partition
  AND positions.next_offset = moved.old_offset AND positions.epoch = moved.old_epoch
  AND positions.sequence = moved.old_sequence
RETURNING positions.partition, positions.parked
"""
_PARK = """
UPDATE positions SET parked = positions.parked + more.letters
FROM unnest($3::int[], $4::int[]) AS more (partition, letters)
WHERE positions.consumer_group = $1 AND positions.topic = $2 AND positions.partition = more.partition
RETURNING positions.partition, positions.parked
"""


class FencedError(Exception):
    """Another consumer has moved one of the batch's partitions."""


@dataclass(frozen=True, slots=True)
class Place:
    """A place in a partition's log: the next offset, and the number of the last record that was applied."""

    next_offset: int
    epoch: int
    """0 while nothing was applied: then the first number is taken as given."""
    sequence: int


@dataclass(slots=True)
class Position:
    """One row as this process knows it."""

    topic_id: UUID
    place: Place
    parked: int


@dataclass(frozen=True, slots=True)
class Move:
    """What a batch does to one row."""

    partition: int
    before: Place
    after: Place


async def load(tx: Tx, group: str, topic: str, partitions: Sequence[int]) -> dict[int, Position]:
    """Return the rows of these partitions that exist."""
    rows = await tx.raw.fetch(_LOAD, group, topic, list(partitions))
    return {
        row["partition"]: Position(
            row["topic_id"], Place(row["next_offset"], row["epoch"], row["sequence"]), row["parked"]
        )
        for row in rows
    }


async def begin(tx: Tx, group: str, topic: str, topic_id: UUID, starts: Mapping[int, int]) -> None:
    """Insert rows for partitions that this group has not read yet.

    Args:
        tx: the open transaction.
        group: the consumer group.
        topic: its name.
        topic_id: of the topic that has the name now.
        starts: partition → the first offset of its log.
    """
    await tx.raw.execute(_BEGIN, group, topic, topic_id, list(starts), list(starts.values()))


async def advance(tx: Tx, group: str, topic: str, moves: Sequence[Move]) -> dict[int, int]:
    """Move the rows by compare-and-set; return partition → count of parked letters.

    Raises:
        FencedError: a row is not as expected.
    """
    rows = await tx.raw.fetch(
        _ADVANCE,
        group,
        topic,
        [move.partition for move in moves],
        [move.before.next_offset for move in moves],
        [move.before.epoch for move in moves],
        [move.before.sequence for move in moves],
        [move.after.next_offset for move in moves],
        [move.after.epoch for move in moves],
        [move.after.sequence for move in moves],
    )
    if len(rows) != len(moves):
        raise FencedError(f"{len(moves) - len(rows)} of {len(moves)} partitions of {topic} were moved by another")
    return {row["partition"]: row["parked"] for row in rows}


async def park(tx: Tx, group: str, topic: str, more: Mapping[int, int]) -> dict[int, int]:
    """Add to the counts of parked letters; return the new counts. This transaction must have moved the rows before."""
    rows = await tx.raw.fetch(_PARK, group, topic, list(more), list(more.values()))
    return {row["partition"]: row["parked"] for row in rows}
