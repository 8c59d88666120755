"""Mentions of a request: its votes and linked reviews, which the view `mentions` brings together."""

from uuid import UUID

from plaudit.common.db import Tx
from plaudit.feedback_board.requests.domain.reach import Mentions, counted_since

_COUNT = """
SELECT count(DISTINCT person_key) FILTER (WHERE at > $3) AS reach,
       count(*) FILTER (WHERE at > $3 AND person_key IS NULL) AS unidentified,
       count(*) FILTER (WHERE is_review) AS linked_reviews,
       max(at) AS last_at,
       min(at) FILTER (WHERE at > $3) AS oldest_counted_at
FROM mentions WHERE tenant_id = $1 AND request_id = $2
"""


async def count(tx: Tx, tenant_id: str, request_id: UUID) -> Mentions:
    """Count a request's mentions at the time of the transaction."""
    (row,) = await tx.raw.fetch(_COUNT, tenant_id, request_id, counted_since(tx.now))
    return Mentions(**row)
