"""Every SQL statement about votes."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from plaudit.common.db import Tx
from plaudit.common.db.columns import Columns
from plaudit.feedback_board.requests.store import sets
from plaudit.feedback_board.votes.domain import Vote
from plaudit.feedback_board.votes.tables import votes

_ALL = Columns(votes)
_VOTED = f"SELECT FROM votes WHERE tenant_id = $1 AND person_key = $3 AND request_id IN ({sets.MEMBERS})"

# One statement, so that the number of votes is right even without the order lock: it rises only with a new row. Whoever
# voted for a request that is merged into this one has voted.
_ADD = f"""
WITH added AS (
    INSERT INTO votes ({_ALL.listed}) SELECT {_ALL.values()} WHERE NOT EXISTS ({_VOTED})
    ON CONFLICT DO NOTHING RETURNING tenant_id, request_id
)
UPDATE requests SET votes = votes + 1 FROM added
WHERE requests.tenant_id = added.tenant_id AND requests.id = added.request_id
RETURNING votes
"""

# A vote of the person that is later than `$4`, for any request of the set, still counts.
_REMOVE = f"""
WITH removed AS (
    DELETE FROM votes WHERE tenant_id = $1 AND request_id IN ({sets.MEMBERS}) AND person_key = $3
        AND ($4::timestamptz IS NULL OR voted_at <= $4)
    RETURNING person_key
)
UPDATE requests SET votes = votes - (NOT EXISTS ({_VOTED} AND voted_at > $4))::int
WHERE tenant_id = $1 AND id = $2 AND EXISTS (SELECT FROM removed)
RETURNING votes
"""

_VOTED_FOR = """
SELECT DISTINCT root_id FROM mentions
WHERE tenant_id = $1 AND person_key = $2 AND root_id = ANY($3::uuid[]) AND NOT is_review
"""

_VOTED_UNTIL = """
SELECT request_id FROM votes WHERE tenant_id = $1 AND person_key = $2 AND voted_at <= $3 ORDER BY request_id LIMIT $4
"""


async def add(tx: Tx, vote: Vote) -> int | None:
    """Add a vote for a root and return its number of votes, or None when the person had voted for any of its set."""
    number: int | None = await tx.raw.fetchval(_ADD, *_ALL.row(vote))
    return number


async def remove(
    tx: Tx, tenant_id: str, request_id: UUID, person_key: str, until: datetime | None = None
) -> int | None:
    """Remove a person's votes for a root and its set; return the root's number of votes, or None when there were none.

    Given a time, a later vote stays.
    """
    number: int | None = await tx.raw.fetchval(_REMOVE, tenant_id, request_id, person_key, until)
    return number


async def voted_until(tx: Tx, tenant_id: str, person_key: str, until: datetime, limit: int) -> list[UUID]:
    """Return up to `limit` requests that a person voted for up to a time."""
    return [row["request_id"] for row in await tx.raw.fetch(_VOTED_UNTIL, tenant_id, person_key, until, limit)]


async def voted_for(tx: Tx, tenant_id: str, person_key: str, request_ids: Sequence[UUID]) -> frozenset[UUID]:
    """Return those of the roots that a person has voted for, or for what is merged into them."""
    rows = await tx.raw.fetch(_VOTED_FOR, tenant_id, person_key, list(request_ids))
    return frozenset(row["root_id"] for row in rows)
