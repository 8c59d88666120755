"""The statements that fill the sums of a half-life: from the ledger, and by the positions of both groups."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec

from plaudit.common.contracts import REVIEWS
from plaudit.common.db import Tx
from plaudit.scoring.filling.domain import Entry, FillingPartition, Standing
from plaudit.scoring.half_lives.domain import HalfLife
from plaudit.scoring.history.domain import Place
from plaudit.scoring.history.store import RATED_US

_COLUMNS: Final = "tenant_id, half_life_us, phase, after_review, entries_read, entries_total, waits_for, unused_since"
_DUE: Final = """
next_turn_at <= {now} AND (phase <> 'kept' OR unused_since IS NOT NULL)
"""
IS_DUE: Final = f"SELECT EXISTS (SELECT FROM half_lives WHERE {_DUE})"
"""The condition that something is to be filled or dropped, for `Database.holds`."""
_CLAIM: Final = f"""
SELECT {_COLUMNS} FROM half_lives WHERE {_DUE.format(now="$1")}
ORDER BY next_turn_at, tenant_id, half_life_us LIMIT 1 FOR UPDATE SKIP LOCKED
"""
_SAVE: Final = """
UPDATE half_lives SET phase = $3, after_review = $4, entries_read = $5, entries_total = $6, waits_for = $7,
    next_turn_at = $8
WHERE tenant_id = $1 AND half_life_us = $2
"""
_DROP: Final = "DELETE FROM half_lives WHERE tenant_id = $1 AND half_life_us = $2"
_DROP_SUMS: Final = """
DELETE FROM tenant_sums WHERE ctid = ANY(ARRAY(
    SELECT ctid FROM tenant_sums WHERE tenant_id = $1 AND half_life_us = $2 LIMIT $3
))
"""
_PARTITIONS: Final = """
SELECT partition, epoch, sequence, resolved_letters, is_live FROM half_life_partitions
WHERE tenant_id = $1 AND half_life_us = $2 ORDER BY partition
"""
_BEGIN_PARTITION: Final = """
INSERT INTO half_life_partitions (tenant_id, half_life_us, partition, epoch, sequence, resolved_letters, is_live)
VALUES ($1, $2, $3, $4, $5, $6, false)
"""
_MOVE_PARTITION: Final = """
UPDATE half_life_partitions SET epoch = $4, sequence = $5, is_live = $6
WHERE tenant_id = $1 AND half_life_us = $2 AND partition = $3
"""
_DROP_PARTITION: Final = """
DELETE FROM half_life_partitions WHERE tenant_id = $1 AND half_life_us = $2 AND partition = $3
"""
_POSITION: Final = """
SELECT epoch, sequence FROM positions WHERE consumer_group = $1 AND topic = $2 AND partition = $3
"""
_LETTERS: Final = """
SELECT consumer_group, array_agg(record_offset) FILTER (WHERE state = 'open') AS open_letters,
    count(*) FILTER (WHERE state <> 'open') AS resolved
FROM dead_letters WHERE consumer_group = ANY($1::text[]) AND topic = $2 AND partition = $3 GROUP BY consumer_group
"""
_ABOUT_ALL: Final = "SELECT greatest(reltuples, 0)::bigint FROM pg_class WHERE oid = 'ledger'::regclass"
# The bound of a chunk: a review whose entries are all in it, so many entries of any tenant further on.
_BOUND: Final = """
SELECT review_id FROM ledger WHERE review_id > $1 ORDER BY review_id OFFSET $2 LIMIT 1
"""
# States that were added and taken away again come out as 0 times: what ends cancels before any weight is summed.
_STANDING: Final = f"""
SELECT ledger.partition, subject, source_id, traits, rating, {RATED_US} AS rated_us, sum(sign) AS times
FROM ledger JOIN unnest($4::int[], $5::bigint[], $6::bigint[]) AS until (partition, epoch, sequence)
    ON ledger.partition = until.partition
WHERE tenant_id = $1 AND review_id > $2 AND review_id <= $3
  AND (ledger.epoch, ledger.sequence) <= (until.epoch, until.sequence)
GROUP BY ledger.partition, review_id, subject, source_id, traits, rating, rated_at
"""
_ENTRIES: Final = f"""
SELECT epoch, sequence, subject, source_id, traits, rating, {RATED_US} AS rated_us, sign
FROM ledger
WHERE partition = $2 AND tenant_id = $1 AND (epoch, sequence) > ($3, $4) AND (epoch, sequence) <= ($5, $6)
ORDER BY epoch, sequence, sign LIMIT $7
"""
NO_REVIEW: Final = UUID(int=0)
_LAST_REVIEW: Final = UUID(int=2**128 - 1)


async def claim(tx: Tx) -> HalfLife | None:
    """Lock a half-life that is to be filled or dropped, and that no other process works on; the longest waiting."""
    row = await tx.raw.fetchrow(_CLAIM, tx.now)
    return None if row is None else msgspec.convert(dict(row), HalfLife)


async def save(tx: Tx, half_life: HalfLife, next_turn_at: datetime) -> None:
    """Store how far a half-life is, and when to carry on with it."""
    await tx.raw.execute(
        _SAVE,
        half_life.tenant_id,
        half_life.half_life_us,
        half_life.phase,
        half_life.after_review,
        half_life.entries_read,
        half_life.entries_total,
        half_life.waits_for,
        next_turn_at,
    )


async def drop(tx: Tx, half_life: HalfLife) -> None:
    """Forget a half-life, whose sums are gone."""
    await tx.raw.execute(_DROP, half_life.tenant_id, half_life.half_life_us)


async def drop_sums(tx: Tx, half_life: HalfLife, limit: int) -> int:
    """Delete up to so many rows of sums; return how many."""
    status = await tx.raw.execute(_DROP_SUMS, half_life.tenant_id, half_life.half_life_us, limit)
    return int(status.rpartition(" ")[2])


async def partitions(tx: Tx, half_life: HalfLife) -> list[FillingPartition]:
    """Return the partitions that are filled or being filled, in order."""
    rows = await tx.raw.fetch(_PARTITIONS, half_life.tenant_id, half_life.half_life_us)
    return [
        FillingPartition(
            row["partition"], Place(row["epoch"], row["sequence"]), row["resolved_letters"], row["is_live"]
        )
        for row in rows
    ]


async def begin_partition(tx: Tx, half_life: HalfLife, partition: int, place: Place, resolved_letters: int) -> None:
    """Note up to which record of a partition the ledger is to be read."""
    await tx.raw.execute(
        _BEGIN_PARTITION, half_life.tenant_id, half_life.half_life_us, partition, *place, resolved_letters
    )


async def move_partition(tx: Tx, half_life: HalfLife, partition: int, place: Place, *, is_live: bool) -> None:
    """Note up to which record a partition is filled, and whether live adds to it from there on."""
    await tx.raw.execute(_MOVE_PARTITION, half_life.tenant_id, half_life.half_life_us, partition, *place, is_live)


async def drop_partition(tx: Tx, half_life: HalfLife, partition: int) -> None:
    """Let live add to a partition no more. The position row of live must be locked."""
    await tx.raw.execute(_DROP_PARTITION, half_life.tenant_id, half_life.half_life_us, partition)


async def place(tx: Tx, group: str, partition: int, *, lock: bool = False) -> Place | None:
    """Return the last record that a group has applied in a partition; None where it has not begun with it.

    Args:
        tx: the open transaction.
        group: the consumer group.
        partition: which.
        lock: whether the group stands still there until the transaction ends.
    """
    row = await tx.raw.fetchrow(_POSITION + (" FOR UPDATE" if lock else ""), group, REVIEWS.name, partition)
    return None if row is None else Place(row["epoch"], row["sequence"])


async def letters(tx: Tx, groups: Sequence[str], partition: int) -> tuple[list[frozenset[int]], int]:
    """Return the offsets of each group's open dead letters of a partition, and how many of all groups are settled."""
    rows = await tx.raw.fetch(_LETTERS, groups, REVIEWS.name, partition)
    found = {row["consumer_group"]: frozenset(row["open_letters"] or ()) for row in rows}
    return [found.get(group, frozenset()) for group in groups], sum(row["resolved"] for row in rows)


async def about_all_entries(tx: Tx) -> int:
    """Return about how many entries the ledger has; 0 where the database has not counted them yet."""
    count: int = await tx.raw.fetchval(_ABOUT_ALL)
    return count


async def standing(
    tx: Tx, half_life: HalfLife, until: Sequence[FillingPartition], limit: int
) -> tuple[UUID | None, list[Standing]]:
    """Return what the next reviews of the ledger are, up to a stated record of each partition.

    Args:
        tx: the open transaction.
        half_life: whose tenant's, after which review.
        until: later entries are left out.
        limit: about how many entries of all tenants are looked at.

    Returns:
        The last review looked at, None where it was the last of all; and the states of the reviews.
    """
    after = half_life.after_review or NO_REVIEW
    bound: UUID | None = await tx.raw.fetchval(_BOUND, after, limit)
    columns = zip(*((each.partition, *each.place) for each in until), strict=True)
    rows = await tx.raw.fetch(
        _STANDING, half_life.tenant_id, after, bound or _LAST_REVIEW, *(columns if until else ([], [], []))
    )
    found = [
        Standing(
            row["partition"],
            row["subject"],
            str(row["source_id"]),
            row["traits"],
            row["rating"],
            row["rated_us"],
            row["times"],
        )
        for row in rows
    ]
    return bound, found


async def entries(tx: Tx, tenant_id: str, partition: int, after: Place, until: Place, limit: int) -> list[Entry]:
    """Return a tenant's entries of a partition between two records, in order, at most so many."""
    rows = await tx.raw.fetch(_ENTRIES, tenant_id, partition, *after, *until, limit)
    return [
        Entry(
            row["epoch"],
            row["sequence"],
            Standing(
                partition,
                row["subject"],
                str(row["source_id"]),
                row["traits"],
                row["rating"],
                row["rated_us"],
                row["sign"],
            ),
        )
        for row in rows
    ]
