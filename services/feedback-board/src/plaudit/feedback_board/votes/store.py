"""Every SQL statement about votes."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from plaudit.common.db import Tx
from plaudit.common.db.columns import Columns
from plaudit.feedback_board.requests.domain.reach import ANONYMOUS_PREFIX
from plaudit.feedback_board.requests.store.mentions import Mentioner
from plaudit.feedback_board.votes.domain import Vote
from plaudit.feedback_board.votes.tables import votes

_ALL = Columns(votes)

# One statement, so that the number of votes is right even without the order lock: it rises only with new rows.
_ADD = f"""
WITH added AS (
    INSERT INTO votes ({_ALL.listed}) SELECT * FROM {_ALL.unnest()} ON CONFLICT DO NOTHING
    RETURNING tenant_id, request_id, person_key
), risen AS (
    UPDATE requests SET votes = votes + counted.number, anonymous_votes = anonymous_votes + counted.anonymous
    FROM (
        SELECT tenant_id, request_id, count(*) AS number,
               count(*) FILTER (WHERE starts_with(person_key, '{ANONYMOUS_PREFIX}')) AS anonymous
        FROM added GROUP BY tenant_id, request_id
    ) AS counted
    WHERE requests.tenant_id = counted.tenant_id AND requests.id = counted.request_id
)
SELECT tenant_id, request_id, person_key FROM added
"""

_REMOVE = f"""
WITH removed AS (
    DELETE FROM votes WHERE tenant_id = $1 AND request_id = $2 AND person_key = $3
        AND ($4::timestamptz IS NULL OR voted_at <= $4)
    RETURNING voted_at, starts_with(person_key, '{ANONYMOUS_PREFIX}')::int AS anonymous
)
UPDATE requests SET votes = votes - 1, anonymous_votes = anonymous_votes - removed.anonymous
FROM removed WHERE tenant_id = $1 AND id = $2
RETURNING removed.voted_at
"""

_VOTED_FOR = "SELECT request_id FROM votes WHERE tenant_id = $1 AND person_key = $2 AND request_id = ANY($3::uuid[])"

_HAVE_VOTED = """
SELECT asked.tenant_id, asked.request_id, asked.person_key
FROM unnest($1::text[], $2::uuid[], $3::text[]) AS asked (tenant_id, request_id, person_key)
WHERE EXISTS (
    SELECT FROM votes
    WHERE votes.tenant_id = asked.tenant_id AND votes.request_id = asked.request_id
      AND votes.person_key = asked.person_key
    OFFSET 0
)
"""

_VOTED_UNTIL = """
SELECT request_id FROM votes WHERE tenant_id = $1 AND person_key = $2 AND voted_at <= $3 ORDER BY request_id LIMIT $4
"""


async def add(tx: Tx, added: Sequence[Vote]) -> frozenset[Mentioner]:
    """Add votes, count them up, and return those that are new: whose person had not voted already."""
    return frozenset(map(tuple, await tx.raw.fetch(_ADD, *_ALL.arrays(added))))


async def remove(
    tx: Tx, tenant_id: str, request_id: UUID, person_key: str, until: datetime | None = None
) -> datetime | None:
    """Remove a person's vote, count it down, and return when it was cast, or None when there was no vote.

    Given a time, a later vote stays.
    """
    voted_at: datetime | None = await tx.raw.fetchval(_REMOVE, tenant_id, request_id, person_key, until)
    return voted_at


async def voted_until(tx: Tx, tenant_id: str, person_key: str, until: datetime, limit: int) -> list[UUID]:
    """Return up to `limit` requests that a person voted for up to a time."""
    return [row["request_id"] for row in await tx.raw.fetch(_VOTED_UNTIL, tenant_id, person_key, until, limit)]


async def voted_for(tx: Tx, tenant_id: str, person_key: str, request_ids: Sequence[UUID]) -> frozenset[UUID]:
    """Return those of the requests that a person has voted for."""
    rows = await tx.raw.fetch(_VOTED_FOR, tenant_id, person_key, list(request_ids))
    return frozenset(row["request_id"] for row in rows)


async def have_voted(tx: Tx, asked: Collection[Mentioner]) -> frozenset[Mentioner]:
    """Return those persons who have voted, each for the request that it stands with."""
    if not asked:
        return frozenset()
    return frozenset(map(tuple, await tx.raw.fetch(_HAVE_VOTED, *map(list, zip(*asked, strict=True)))))
