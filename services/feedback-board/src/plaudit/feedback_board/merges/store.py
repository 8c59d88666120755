"""Every SQL statement about merges."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from plaudit.common.db import Tx
from plaudit.common.db.columns import Columns
from plaudit.feedback_board.merges.domain import Merge
from plaudit.feedback_board.merges.tables import merges

_ALL = Columns(merges)

_INSERT = f"INSERT INTO merges ({_ALL.listed}) VALUES ({_ALL.values()})"

_DELETE = f"DELETE FROM merges WHERE tenant_id = $1 AND request_id = $2 RETURNING {_ALL.listed}"

_BELOW = """
WITH RECURSIVE below AS (
    SELECT $2::uuid AS id
    UNION
    SELECT merges.request_id FROM merges JOIN below ON merges.tenant_id = $1 AND merges.into_id = below.id
)
SELECT id FROM below
"""

# What was merged into one of them before keeps the time at which that was.
_POINT = """
UPDATE requests
SET merged_into = $3, merged_at = coalesce(merged_at, $4), recount_at = NULL, revision = revision + 1
WHERE tenant_id = $1 AND id = ANY($2::uuid[])
"""

_FREE = "UPDATE requests SET merged_into = NULL, merged_at = NULL WHERE tenant_id = $1 AND id = $2"

_MERGED = """
SELECT id, title, merged_at FROM requests
WHERE tenant_id = $1 AND coalesce(merged_into, id) = $2 AND merged_into IS NOT NULL
ORDER BY merged_at DESC, id LIMIT $3
"""


async def insert(tx: Tx, merge: Merge) -> None:
    """Store a merge."""
    await tx.raw.execute(_INSERT, *_ALL.row(merge))


async def delete(tx: Tx, tenant_id: str, request_id: UUID) -> Merge:
    """Delete the merge of a request that is merged, and return it."""
    (row,) = await tx.raw.fetch(_DELETE, tenant_id, request_id)
    return Merge(**row)


async def list_below(tx: Tx, tenant_id: str, request_id: UUID) -> list[UUID]:
    """Return the ids of a request and of all that came with it when it was merged, or was merged into it as a root."""
    return [row["id"] for row in await tx.raw.fetch(_BELOW, tenant_id, request_id)]


async def point(tx: Tx, tenant_id: str, request_ids: Collection[UUID], root_id: UUID, at: datetime) -> None:
    """Point requests at their root. Their figures stay as they are, and no recount is due."""
    await tx.raw.execute(_POINT, tenant_id, list(request_ids), root_id, at)


async def free(tx: Tx, tenant_id: str, request_id: UUID) -> None:
    """Make a request a root again."""
    await tx.raw.execute(_FREE, tenant_id, request_id)


async def list_merged(tx: Tx, tenant_id: str, root_id: UUID, limit: int) -> list[tuple[UUID, str, datetime]]:
    """Return up to `limit` of the requests that are merged into a root, newest first: id, title, and since when."""
    rows = await tx.raw.fetch(_MERGED, tenant_id, root_id, limit)
    return [(row["id"], row["title"], row["merged_at"]) for row in rows]
