"""Every statement of the feed of revisions.

It is read below the snapshot's xmin only, where all transactions have ended: a place in it has nothing new before it.
"""

from typing import Any
from uuid import UUID

import msgspec

from plaudit.common.db import Tx
from plaudit.ingest.reviews.domain.state import ReviewState
from plaudit.ingest.reviews.store import read_state
from plaudit.ingest.revision_feed.domain import Extent, FedRevision, Place, sequences

_FOLLOWING = """
SELECT v.xid, v.review_id, v.revision, v.type, v.version, v.known_at, r.source_id, r.partition_key,
    r.erased_at IS NOT NULL AS is_erased,
    CASE WHEN NOT v.removed THEN v.state END AS after_state, v.state_format AS after_format,
    CASE WHEN NOT p.removed THEN p.state END AS before_state, p.state_format AS before_format
FROM revisions v
JOIN reviews r ON r.tenant_id = v.tenant_id AND r.id = v.review_id
LEFT JOIN revisions p ON p.review_id = v.review_id AND p.revision = v.revision - 1
WHERE v.tenant_id = $1 AND (v.xid, v.review_id, v.revision) > ($2, $3, $4)
AND v.xid < pg_snapshot_xmin(pg_current_snapshot())
ORDER BY v.xid, v.review_id, v.revision LIMIT $5
"""
_PUBLISHED = "SELECT until, is_within, epoch, numbers, counted FROM published_position()"
_END = "SELECT pg_snapshot_xmin(pg_current_snapshot())"


async def following(tx: Tx, tenant_id: str, after: Place, limit: int) -> list[FedRevision]:
    """Return up to `limit` revisions behind a place."""
    rows = await tx.raw.fetch(_FOLLOWING, tenant_id, *after, limit)
    return [
        FedRevision(
            Place(row["xid"], row["review_id"], row["revision"]),
            row["source_id"],
            row["partition_key"],
            row["type"],
            row["version"],
            row["known_at"],
            _state(row["before_state"], row["before_format"]),
            _state(row["after_state"], row["after_format"]),
            is_erased=row["is_erased"],
        )
        for row in rows
    ]


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


def _state(stored: bytes | None, state_format: int | None) -> ReviewState | None:
    return None if stored is None or state_format is None else read_state(stored, state_format)
