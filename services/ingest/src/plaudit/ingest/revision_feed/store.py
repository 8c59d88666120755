"""Every statement of the feed of revisions.

It is read below the snapshot's xmin only, where all transactions have ended: a place in it has nothing new before it.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from plaudit.common.db import Tx
from plaudit.ingest.reviews.domain.state import ReviewState
from plaudit.ingest.reviews.store import read_state
from plaudit.ingest.revision_feed.domain import Extent, FedRevision, Place, sequences

_BEHIND = """
tenant_id = $1 AND (xid, review_id, revision) > ({})
AND xid < pg_snapshot_xmin(pg_current_snapshot()) ORDER BY xid, review_id, revision
"""
# The page is cut first, and each row looks up the others by their keys (`OFFSET 0` keeps it so): by its estimates of
# rows under row level security, the planner would give each page to parallel processes, or read whole tables for it.
_FOLLOWING = f"""
SELECT v.xid, v.review_id, v.revision, r.source_id, r.partition_key, v.type, v.version, v.known_at,
    CASE WHEN NOT p.removed THEN p.state END AS before_state, p.state_format AS before_format,
    CASE WHEN NOT v.removed THEN v.state END AS after_state, v.state_format AS after_format,
    r.erased_at IS NOT NULL AS is_erased
FROM (
    SELECT xid, review_id, revision, type, version, known_at, removed, state, state_format
    FROM revisions WHERE {_BEHIND.format("$2, $3, $4")} LIMIT $5
) AS v
CROSS JOIN LATERAL (
    SELECT source_id, partition_key, erased_at FROM reviews WHERE tenant_id = $1 AND id = v.review_id OFFSET 0
) AS r
LEFT JOIN LATERAL (
    SELECT removed, state, state_format FROM revisions AS earlier
    WHERE v.revision > 1 AND earlier.review_id = v.review_id AND earlier.revision = v.revision - 1 OFFSET 0
) AS p ON true
ORDER BY v.xid, v.review_id, v.revision
"""
_AHEAD = f"""
WITH RECURSIVE ahead AS (
    SELECT $2::xid8 AS xid, $3::uuid AS review_id, $4::int AS revision, 0 AS number
    UNION ALL
    SELECT last.*, number + 1 FROM ahead CROSS JOIN LATERAL (
        SELECT xid, review_id, revision FROM revisions
        WHERE {_BEHIND.format("ahead.xid, ahead.review_id, ahead.revision")} OFFSET $5 - 1 LIMIT 1
    ) AS last WHERE number < $6
)
SELECT xid, review_id, revision FROM ahead WHERE number > 0 ORDER BY number
"""
_PUBLISHED = "SELECT until, is_within, epoch, numbers, counted FROM published_position()"
_END = "SELECT pg_snapshot_xmin(pg_current_snapshot())"


async def following(tx: Tx, tenant_id: str, after: Place, limit: int) -> Iterator[FedRevision]:
    """Return up to `limit` revisions behind a place, each made when it is asked for: not all need be held at once."""
    rows = await tx.raw.fetch(_FOLLOWING, tenant_id, *after, limit)
    return (_revision(*row) for row in rows)


async def ahead(tx: Tx, tenant_id: str, after: Place, items: int, pages: int) -> list[Place]:
    """Return the places of the last revisions of the pages behind a place, of so many full ones at most."""
    return [Place(*row) for row in await tx.raw.fetch(_AHEAD, tenant_id, *after, items, pages)]


async def published(tx: Tx, topic: str) -> Extent:
    """Return how far the events of a topic are published."""
    [row] = await tx.raw.fetch(_PUBLISHED)
    numbers, counted = (_counts(row[name]) for name in ("numbers", "counted"))
    return Extent(row["until"], row["is_within"], row["epoch"], sequences(topic, numbers, counted))


async def end(tx: Tx) -> Place:
    """Return the place behind which everything is that is not final yet."""
    return Place(await tx.raw.fetchval(_END), UUID(int=0), 0)


def _counts(value: Any) -> dict[str, int]:
    decoded = msgspec.json.decode(value) if isinstance(value, str) else value
    return msgspec.convert(decoded, dict[str, int])


def _revision(
    xid: int,
    review_id: UUID,
    revision: int,
    source_id: UUID,
    partition_key: str,
    kind: str,
    version: int | None,
    known_at: datetime,
    before: bytes | None,
    before_format: int | None,
    after: bytes | None,
    after_format: int | None,
    is_erased: bool,
) -> FedRevision:
    """Return a row of `_FOLLOWING`, whose columns are in this order: by their names, each would take twice as long."""
    return FedRevision(
        xid,
        review_id,
        revision,
        source_id,
        partition_key,
        kind,
        version,
        known_at,
        _state(before, before_format),
        _state(after, after_format),
        is_erased,
    )


def _state(stored: bytes | None, state_format: int | None) -> ReviewState | None:
    return None if stored is None or state_format is None else read_state(stored, state_format)
