"""Sets of merged requests: a root, and all requests that are merged into it. A request that is not merged is a root.

All of a set are published: what is held or removed is merged into nothing, and a root with others leaves no board.
Whoever holds the order key of a root may rely on its set: a merge, and its undoing, lock all requests of both sets.
"""

from collections.abc import Collection, Sequence
from typing import Final
from uuid import UUID

from plaudit.common.db import Tx
from plaudit.feedback_board.requests.domain.reach import ANONYMOUS_PREFIX

MEMBERS: Final = "SELECT id FROM requests WHERE tenant_id = $1 AND coalesce(merged_into, id) = $2"
"""The ids of the set of root `$2`, for other statements; by the index `requests_by_root`."""

_ROOTS = "SELECT id, coalesce(merged_into, id) AS root_id FROM requests WHERE tenant_id = $1 AND id = ANY($2::uuid[])"

_COUNT_VOTES = f"""
SELECT count(DISTINCT person_key) AS votes,
       count(DISTINCT person_key) FILTER (WHERE starts_with(person_key, '{ANONYMOUS_PREFIX}')) AS anonymous
FROM mentions WHERE tenant_id = $1 AND root_id = ANY($2::uuid[]) AND NOT is_review
"""

_SAVE_VOTES = "UPDATE requests SET votes = $3, anonymous_votes = $4 WHERE tenant_id = $1 AND id = $2"


async def members(tx: Tx, tenant_id: str, root_id: UUID) -> list[UUID]:
    """Return the ids of a root and of all that is merged into it; none for a merged request."""
    return [row["id"] for row in await tx.raw.fetch(MEMBERS, tenant_id, root_id)]


async def root_of(tx: Tx, tenant_id: str, request_id: UUID) -> UUID:
    """Return the id of the root of a request that exists."""
    return (await roots(tx, tenant_id, [request_id]))[request_id]


async def roots(tx: Tx, tenant_id: str, request_ids: Collection[UUID]) -> dict[UUID, UUID]:
    """Return request id → the id of its root, of those requests that exist."""
    rows = await tx.raw.fetch(_ROOTS, tenant_id, list(request_ids))
    return {row["id"]: row["root_id"] for row in rows}


async def count_votes(tx: Tx, tenant_id: str, root_ids: Sequence[UUID]) -> tuple[int, int]:
    """Return how many people vote for any of these roots or their sets, and how many of them are anonymous."""
    (row,) = await tx.raw.fetch(_COUNT_VOTES, tenant_id, list(root_ids))
    return row["votes"], row["anonymous"]


async def recount_votes(tx: Tx, tenant_id: str, root_id: UUID) -> tuple[int, int]:
    """Count who votes for a root whose order key is locked, and how many are anonymous; save and return both."""
    votes, anonymous = await count_votes(tx, tenant_id, [root_id])
    await tx.raw.execute(_SAVE_VOTES, tenant_id, root_id, votes, anonymous)
    return votes, anonymous
