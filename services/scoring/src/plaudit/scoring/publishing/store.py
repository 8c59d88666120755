"""Every statement over published scores, and those that take marks. `sums/store.py` appends marks."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple

from plaudit.common.db import Tx
from plaudit.common.db.columns import Columns, under
from plaudit.scoring.publishing.domain import Mark, Place, Published, ScoreKey
from plaudit.scoring.publishing.tables import published_scores
from plaudit.scoring.sums.domain.kept import KeptSums
from plaudit.scoring.sums.domain.parts import KeptPart
from plaudit.scoring.sums.tables import INTEGERS

ANY_WORK: Final = """
SELECT EXISTS (SELECT FROM marks) OR EXISTS (SELECT FROM published_scores WHERE next_change_at <= {now})
"""
"""Whether there may be anything to publish; for `Database.holds`."""
MAX_MARKS: Final = 500

_MARKS = f"""
SELECT id, marked_at, row_ids FROM (
    SELECT *, sum(cardinality(row_ids)) OVER (ORDER BY id) - cardinality(row_ids) AS ids_before
    FROM (SELECT * FROM marks ORDER BY id LIMIT {MAX_MARKS}) AS oldest
) AS counted
WHERE ids_before < $1 ORDER BY id
"""
_PREFIXES = "SELECT id, tenant_id, prefix FROM sums WHERE id = ANY($1::bigint[])"
# A mark that is locked is another publisher's, who deletes it and marks anew what it has not published, or keeps it.
_DELETE_MARKS = """
DELETE FROM marks WHERE id = ANY (ARRAY(SELECT id FROM marks WHERE id = ANY ($1::bigint[]) FOR UPDATE SKIP LOCKED))
RETURNING id
"""
_EPOCH = "(SELECT epoch FROM relay_cursor WHERE name = 'outbox')"
_WANTED = "unnest($1::text[], $2::text[]) AS wanted (tenant_id, prefix)"
# LIMIT keeps each look-up by itself: the planner would else read the whole table to join it with many.
_LAST = f"""
SELECT last.* FROM {_WANTED}
CROSS JOIN LATERAL (
    SELECT tenant_id, prefix, number, published_at, next_change_at, epoch = {_EPOCH} AS is_held
    FROM published_scores AS p
    WHERE p.tenant_id = wanted.tenant_id AND p.prefix = wanted.prefix LIMIT 1
) AS last
"""
_TOTALS = ", ".join(
    f"max({name}) AS {name}"
    if name == "newest_us"
    else f"sum({name})::{'bigint' if name in INTEGERS else 'float8'} AS {name}"
    for name in KeptSums._fields
)
_SUMS = f"""
SELECT wanted.tenant_id, wanted.prefix, kept.* FROM {_WANTED}
CROSS JOIN LATERAL (
    SELECT source_id::text AS source_id, traits, block, {_TOTALS} FROM sums AS s
    WHERE s.tenant_id = wanted.tenant_id AND s.prefix = wanted.prefix GROUP BY s.source_id, traits, block
) AS kept
"""
_KEPT = Columns(published_scores, under("key", "tenant_id", "prefix"), without=("epoch", "xid"))
_KEEP = f"""
INSERT INTO published_scores ({_KEPT.listed}, epoch)
SELECT {_KEPT.listed}, {_EPOCH} FROM {_KEPT.unnest()} AS published ({_KEPT.listed})
ON CONFLICT (tenant_id, prefix) DO UPDATE SET {_KEPT.excluded()}, epoch = excluded.epoch, xid = excluded.xid
"""
_DUE = "SELECT tenant_id, prefix FROM published_scores WHERE next_change_at <= $1 ORDER BY next_change_at LIMIT $2"
_WALKED = f"""
SELECT tenant_id, prefix, NOT EXISTS (
    SELECT FROM published_scores AS p
    WHERE p.tenant_id = walked.tenant_id AND p.prefix = walked.prefix AND p.epoch = {_EPOCH}
) AS is_missing
FROM (
    SELECT DISTINCT tenant_id, prefix FROM sums WHERE (tenant_id, prefix) > ($1, $2)
    ORDER BY tenant_id, prefix LIMIT $3
) AS walked
ORDER BY tenant_id, prefix
"""
# Only where all transactions have ended: so nothing new comes before what was read. '0' is the character after '/'.
_EVENTS = """
SELECT xid, prefix, data FROM published_scores
WHERE tenant_id = $1 AND (xid, prefix) > ($2, $3) AND xid < pg_snapshot_xmin(pg_current_snapshot())
AND ($4::text IS NULL OR prefix = $4)
AND ($5::text IS NULL OR prefix = $5 OR (prefix >= $5 || '/' AND prefix < $5 || '0'))
ORDER BY xid, prefix LIMIT $6
"""
_END = "SELECT pg_snapshot_xmin(pg_current_snapshot())"


class ToldEvent(NamedTuple):
    """The data of a subject's last event, and its place among all."""

    place: Place
    data: bytes


@dataclass(frozen=True, slots=True)
class KeptEvent:
    """The last event of a subject, as a row."""

    key: ScoreKey
    number: int
    published_at: datetime
    next_change_at: datetime | None
    data: bytes


async def marks(tx: Tx, limit: int) -> list[Mark]:
    """Return the oldest marks, of at least so many rows if there are so many. Locks nothing and assigns no xid."""
    return [Mark(**row) for row in await tx.raw.fetch(_MARKS, limit)]


async def prefixes_of(tx: Tx, row_ids: Collection[int]) -> dict[int, ScoreKey]:
    """Return row id → whose row of sums it is; one that is gone is left out."""
    rows = await tx.raw.fetch(_PREFIXES, sorted(row_ids))
    return {row["id"]: ScoreKey(row["tenant_id"], row["prefix"]) for row in rows}


async def delete_marks(tx: Tx, mark_ids: Sequence[int]) -> set[int]:
    """Delete marks; return the ids of those that were deleted. Marks that another publisher has in hand are left."""
    return {row["id"] for row in await tx.raw.fetch(_DELETE_MARKS, mark_ids)}


async def last_published(tx: Tx, keys: Collection[ScoreKey]) -> dict[ScoreKey, Published]:
    """Return what is known of the last events of subjects that were ever published."""
    rows = await tx.raw.fetch(_LAST, *_arrays(keys))
    return {ScoreKey(tenant_id, prefix): Published(*last) for tenant_id, prefix, *last in rows}


async def sums_of(tx: Tx, keys: Collection[ScoreKey]) -> dict[ScoreKey, list[KeptPart]]:
    """Return the sums of subjects of any tenants, by source; one without sums is left out."""
    found: dict[ScoreKey, list[KeptPart]] = {}
    for tenant_id, prefix, source_id, traits, block, *numbers in await tx.raw.fetch(_SUMS, *_arrays(keys)):
        part = KeptPart(source_id, traits, block, KeptSums._make(numbers))
        found.setdefault(ScoreKey(tenant_id, prefix), []).append(part)
    return found


async def keep(tx: Tx, events: Sequence[KeptEvent]) -> None:
    """Keep the last events of subjects, in place of those before. Their order keys must be held."""
    if events:
        await tx.raw.execute(_KEEP, *_KEPT.arrays(events))


async def due(tx: Tx, limit: int) -> list[ScoreKey]:
    """Return subjects whose stars have changed by time alone, the longest due first. Locks nothing."""
    return [ScoreKey(*row) for row in await tx.raw.fetch(_DUE, tx.now, limit)]


async def walk(tx: Tx, after: ScoreKey, limit: int) -> Mapping[ScoreKey, bool]:
    """Return the next subjects in order, and of each whether its score is missing in the topic that there is now."""
    rows = await tx.raw.fetch(_WALKED, *after, limit)
    return {ScoreKey(row["tenant_id"], row["prefix"]): row["is_missing"] for row in rows}


async def events_after(
    tx: Tx, tenant_id: str, after: Place, subject: str | None, under: str | None, limit: int
) -> list[ToldEvent]:
    """Return the last events of a tenant's subjects, in their order.

    Args:
        tx: the open transaction.
        tenant_id: whose.
        after: only those behind this place.
        subject: only of this subject, if given.
        under: only of this subject and what is below it, if given.
        limit: at most so many.
    """
    rows = await tx.raw.fetch(_EVENTS, tenant_id, *after, subject, under, limit)
    return [ToldEvent(Place(row["xid"], row["prefix"]), row["data"]) for row in rows]


async def end(tx: Tx) -> Place:
    """Return the place behind which all events are that are not final yet."""
    return Place(await tx.raw.fetchval(_END), "")


def _arrays(keys: Iterable[ScoreKey]) -> tuple[list[str], list[str]]:
    listed = list(keys)
    return [key.tenant_id for key in listed], [key.prefix for key in listed]
