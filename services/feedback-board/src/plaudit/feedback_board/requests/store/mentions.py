"""Mentions of a request: its votes and linked reviews, which the view `mentions` brings together.

Those of a root are the ones of all requests that are merged into it, too: each person and each review once.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Final, TypeAlias
from uuid import UUID

from plaudit.common.db import Tx
from plaudit.feedback_board.requests.domain.reach import ANONYMOUS_PREFIX, Mentions, counted_since
from plaudit.feedback_board.requests.domain.trend import FADING, NO_TREND
from plaudit.feedback_board.requests.domain.weighing import NO_PERSONA

Mentioner: TypeAlias = tuple[str, UUID, str]
"""Tenant id, the id of a root, person key."""

# The exponential of what is far below is an error to PostgreSQL; what faded a hundred times adds nothing.
_TREND: Final = f"""
coalesce(
    (extract(epoch FROM max(newest)) * 1000000)::bigint + round(1000000 * {FADING.total_seconds()} * ln(
        sum(exp(greatest(extract(epoch FROM at - newest)::float8 / {FADING.total_seconds()}, -100)))
    ))::bigint,
    {NO_TREND}
)
"""

# Whoever voted for several requests of a set, and a review that is linked to several, is held once.
_HELD: Final = """
SELECT max(person_key) AS person_key, max(at) AS at, is_review, max(max(at)) OVER () AS newest
FROM mentions WHERE tenant_id = $1 AND root_id = $2
GROUP BY is_review, review_id, CASE WHEN NOT is_review THEN person_key END
"""

# The persona of each person is looked up by itself, behind OFFSET 0: otherwise a plan made over small tables would read
# the personas of all people.
_COUNT = f"""
WITH held AS ({_HELD}), people AS (
    SELECT coalesce(found.stratum, '{NO_PERSONA}') AS stratum, count(*) AS number
    FROM (
        SELECT DISTINCT person_key FROM held WHERE at > $3 AND NOT starts_with(person_key, '{ANONYMOUS_PREFIX}')
    ) AS counted
    LEFT JOIN LATERAL (
        SELECT stratum FROM strata WHERE strata.tenant_id = $1 AND strata.person_key = counted.person_key OFFSET 0
    ) AS found ON true
    GROUP BY 1
)
SELECT (SELECT coalesce(jsonb_object_agg(stratum, number), '{{}}') FROM people) AS strata,
       count(DISTINCT person_key) FILTER (
           WHERE at > $3 AND starts_with(person_key, '{ANONYMOUS_PREFIX}')
       ) AS anonymous_reach,
       count(*) FILTER (WHERE at > $3 AND person_key IS NULL) AS unidentified,
       count(*) FILTER (WHERE is_review) AS linked_reviews,
       max(at) AS last_at,
       min(at) FILTER (WHERE at > $3) AS oldest_counted_at,
       {_TREND} AS trend
FROM held
"""
_COUNT_TOGETHER = _COUNT.replace("root_id = $2", "root_id = ANY($2::uuid[])")

_TREND_OF_REQUEST = f"SELECT {_TREND} FROM ({_HELD}) AS held"


# Each is looked up by itself, behind OFFSET 0: otherwise a plan made over small tables would read all reviews.
_REVIEWERS = """
SELECT asked.tenant_id, asked.root_id, asked.person_key
FROM unnest($1::text[], $2::uuid[], $3::text[]) AS asked (tenant_id, root_id, person_key)
WHERE EXISTS (
    SELECT FROM mentions
    WHERE mentions.tenant_id = asked.tenant_id AND mentions.root_id = asked.root_id
      AND mentions.person_key = asked.person_key AND mentions.is_review AND mentions.at > $4
    OFFSET 0
)
"""

_NEWEST = "SELECT at FROM mentions WHERE tenant_id = $1 AND request_id = $2 ORDER BY at DESC LIMIT 1"

_OLDEST_SINCE = "SELECT at FROM mentions WHERE tenant_id = $1 AND request_id = $2 AND at > $3 ORDER BY at LIMIT 1"


async def count(tx: Tx, tenant_id: str, request_id: UUID) -> Mentions:
    """Count the mentions of a root at the time of the transaction; of a merged request, none."""
    (row,) = await tx.raw.fetch(_COUNT, tenant_id, request_id, counted_since(tx.now))
    return Mentions(**row)


async def count_together(tx: Tx, tenant_id: str, root_ids: Sequence[UUID]) -> Mentions:
    """Count the mentions of several roots as if they were one."""
    (row,) = await tx.raw.fetch(_COUNT_TOGETHER, tenant_id, list(root_ids), counted_since(tx.now))
    return Mentions(**row)


async def trend(tx: Tx, tenant_id: str, root_id: UUID) -> int:
    """Return the trend of all mentions of a root."""
    found: int = await tx.raw.fetchval(_TREND_OF_REQUEST, tenant_id, root_id)
    return found


async def reviewers(tx: Tx, voters: Collection[Mentioner]) -> frozenset[Mentioner]:
    """Return those voters who also wrote a linked review that counts for reach at the time of the transaction."""
    if not voters:
        return frozenset()
    arrays = map(list, zip(*voters, strict=True))
    return frozenset(map(tuple, await tx.raw.fetch(_REVIEWERS, *arrays, counted_since(tx.now))))


async def newest(tx: Tx, tenant_id: str, request_id: UUID) -> datetime | None:
    """Return the time of the newest mention of a request that nothing is merged into, or None."""
    at: datetime | None = await tx.raw.fetchval(_NEWEST, tenant_id, request_id)
    return at


async def oldest_counted(tx: Tx, tenant_id: str, request_id: UUID) -> datetime | None:
    """Return the time of the oldest mention that counts for reach now, of a request that nothing is merged into."""
    at: datetime | None = await tx.raw.fetchval(_OLDEST_SINCE, tenant_id, request_id, counted_since(tx.now))
    return at
