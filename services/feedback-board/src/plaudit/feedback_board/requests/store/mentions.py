"""Mentions of a request: its votes and linked reviews, which the view `mentions` brings together."""

from uuid import UUID

from plaudit.common.db import Tx
from plaudit.feedback_board.requests.domain.reach import Mentions, counted_since

_COUNT = """
WITH held AS (
    SELECT mentions.person_key, mentions.at, mentions.is_review, coalesce(strata.stratum, '') AS stratum
    FROM mentions LEFT JOIN strata ON strata.tenant_id = mentions.tenant_id AND strata.person_key = mentions.person_key
    WHERE mentions.tenant_id = $1 AND mentions.request_id = $2
), people AS (
    SELECT stratum, count(DISTINCT person_key) AS people FROM held
    WHERE at > $3 AND person_key IS NOT NULL
    GROUP BY stratum
)
SELECT (SELECT coalesce(jsonb_object_agg(stratum, people), '{}') FROM people) AS strata,
       count(*) FILTER (WHERE at > $3 AND person_key IS NULL) AS unidentified,
       count(*) FILTER (WHERE is_review) AS linked_reviews,
       max(at) AS last_at,
       min(at) FILTER (WHERE at > $3) AS oldest_counted_at
FROM held
"""


async def count(tx: Tx, tenant_id: str, request_id: UUID) -> Mentions:
    """Count a request's mentions at the time of the transaction."""
    (row,) = await tx.raw.fetch(_COUNT, tenant_id, request_id, counted_since(tx.now))
    return Mentions(**row)
