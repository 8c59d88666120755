"""Mentions of a request: its votes and linked reviews, which the view `mentions` brings together.

Those of a root are the ones of all requests that are merged into it, too: each person and each review once.
"""

from collections.abc import Sequence
from uuid import UUID

from plaudit.common.db import Tx
from plaudit.feedback_board.requests.domain.reach import Mentions, counted_since

_COUNT = """
SELECT count(DISTINCT person_key) FILTER (WHERE at > $3) AS reach,
       count(DISTINCT review_id) FILTER (WHERE at > $3 AND person_key IS NULL) AS unidentified,
       count(DISTINCT review_id) AS linked_reviews,
       max(at) AS last_at,
       min(at) FILTER (WHERE at > $3) AS oldest_counted_at
FROM mentions WHERE tenant_id = $1 AND root_id = $2
"""
_COUNT_TOGETHER = _COUNT.replace("root_id = $2", "root_id = ANY($2::uuid[])")


async def count(tx: Tx, tenant_id: str, request_id: UUID) -> Mentions:
    """Count the mentions of a root at the time of the transaction; of a merged request, none."""
    (row,) = await tx.raw.fetch(_COUNT, tenant_id, request_id, counted_since(tx.now))
    return Mentions(**row)


async def count_together(tx: Tx, tenant_id: str, root_ids: Sequence[UUID]) -> Mentions:
    """Count the mentions of several roots as if they were one."""
    (row,) = await tx.raw.fetch(_COUNT_TOGETHER, tenant_id, list(root_ids), counted_since(tx.now))
    return Mentions(**row)
