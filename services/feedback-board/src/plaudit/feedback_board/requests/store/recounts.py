"""Marks of requests whose mentions changed. They are appended and never upserted, so that none is lost to a recount."""

from collections.abc import Collection, Sequence
from typing import Final
from uuid import UUID

from plaudit.common.db import Tx

_MARK = "INSERT INTO recounts (tenant_id, request_id) SELECT * FROM unnest($1::text[], $2::uuid[])"

_MARKED = """
SELECT oldest.tenant_id, coalesce(requests.merged_into, oldest.request_id) AS request_id, array_agg(oldest.id) AS marks
FROM (SELECT * FROM recounts ORDER BY id LIMIT $1) AS oldest
LEFT JOIN requests ON requests.tenant_id = oldest.tenant_id AND requests.id = oldest.request_id
GROUP BY 1, 2
"""

_DUE = """
SELECT tenant_id, id AS request_id FROM requests
WHERE recount_at <= $1 AND visibility = 'published' ORDER BY recount_at LIMIT $2
"""

ANY_DUE: Final = """
SELECT EXISTS (SELECT FROM recounts)
    OR EXISTS (SELECT FROM requests WHERE recount_at <= {now} AND visibility = 'published')
"""
"""Whether any request is marked or due; for `Database.holds`."""

_IS_MARKED = "SELECT EXISTS (SELECT FROM recounts WHERE tenant_id = $1 AND request_id = $2)"

_DELETE_MARKS = "DELETE FROM recounts WHERE id = ANY($1::bigint[])"


async def mark(tx: Tx, requests: Collection[tuple[str, UUID]]) -> None:
    """Mark requests, each (tenant id, request id), for a recount."""
    if requests:
        await tx.raw.execute(_MARK, *map(list, zip(*requests, strict=True)))


async def list_due(tx: Tx, limit: int) -> dict[tuple[str, UUID], list[int]]:
    """Return (tenant id, request id) → its marks, of requests that are marked or due by time. It locks nothing.

    The marks of a merged request are those of its root.
    """
    due: dict[tuple[str, UUID], list[int]] = {}
    for row in await tx.raw.fetch(_MARKED, limit):
        due[row["tenant_id"], row["request_id"]] = row["marks"]
    for row in await tx.raw.fetch(_DUE, tx.now, limit):
        due.setdefault((row["tenant_id"], row["request_id"]), [])
    return due


async def is_marked(tx: Tx, tenant_id: str, request_id: UUID) -> bool:
    """Return whether a request itself, and not one that is merged into it, is marked for a recount."""
    return bool(await tx.raw.fetchval(_IS_MARKED, tenant_id, request_id))


async def delete_marks(tx: Tx, marks: Sequence[int]) -> None:
    """Delete marks that were read, and no others."""
    await tx.raw.execute(_DELETE_MARKS, list(marks))
