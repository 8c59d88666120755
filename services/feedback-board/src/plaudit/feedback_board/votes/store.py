"""Every SQL statement about votes."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from plaudit.common.db import Tx
from plaudit.common.db.columns import Columns
from plaudit.feedback_board.requests.domain.reach import ANONYMOUS_PREFIX
from plaudit.feedback_board.requests.store import sets
from plaudit.feedback_board.requests.store.mentions import Mentioner
from plaudit.feedback_board.votes.domain import Vote
from plaudit.feedback_board.votes.tables import votes

_ALL = Columns(votes)

# Behind OFFSET 0 each is looked up by itself: otherwise a plan made over small tables would read all votes.
_VOTED = """
EXISTS (
    SELECT FROM requests AS member
    JOIN votes AS held ON held.tenant_id = member.tenant_id AND held.request_id = member.id
    WHERE member.tenant_id = asked.tenant_id AND coalesce(member.merged_into, member.id) = asked.request_id
      AND held.person_key = asked.person_key
    OFFSET 0
)
"""

# One statement, so that the number of votes is right even without the order lock: it rises only with new rows. Whoever
# voted for a request that is merged into this one has voted.
_ADD = f"""
WITH asked AS (
    SELECT * FROM {_ALL.unnest()} AS asked ({_ALL.listed})
), added AS (
    INSERT INTO votes ({_ALL.listed}) SELECT {_ALL.listed} FROM asked WHERE NOT {_VOTED}
    ON CONFLICT DO NOTHING RETURNING tenant_id, request_id, person_key
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

# A vote of the person that is later than `$4`, for any request of the set, still counts.
_REMOVE = f"""
WITH removed AS (
    DELETE FROM votes WHERE tenant_id = $1 AND request_id IN ({sets.MEMBERS}) AND person_key = $3
        AND ($4::timestamptz IS NULL OR voted_at <= $4)
    RETURNING voted_at
), fallen AS (
    SELECT (EXISTS (SELECT FROM removed) AND NOT EXISTS (
        SELECT FROM votes WHERE tenant_id = $1 AND request_id IN ({sets.MEMBERS}) AND person_key = $3 AND voted_at > $4
    ))::int AS number
), counted AS (
    UPDATE requests
    SET votes = votes - number, anonymous_votes = anonymous_votes - number * starts_with($3, '{ANONYMOUS_PREFIX}')::int
    FROM fallen WHERE tenant_id = $1 AND id = $2 AND number > 0
)
SELECT max(voted_at) FROM removed
"""

# A vote keeps the request and the time that it was cast for and at.
_ADOPT = f"""
WITH gone AS (
    DELETE FROM votes WHERE tenant_id = $1 AND request_id = ANY($2::uuid[]) AND person_key = $3 RETURNING *
), adopted AS (
    INSERT INTO votes ({_ALL.listed}) SELECT tenant_id, request_id, $4, voted_at FROM gone ON CONFLICT DO NOTHING
)
SELECT count(*) FROM gone
"""

_VOTED_FOR = """
SELECT DISTINCT root_id FROM mentions
WHERE tenant_id = $1 AND person_key = $2 AND root_id = ANY($3::uuid[]) AND NOT is_review
"""

_HAVE_VOTED = f"""
SELECT asked.tenant_id, asked.request_id, asked.person_key
FROM unnest($1::text[], $2::uuid[], $3::text[]) AS asked (tenant_id, request_id, person_key)
WHERE {_VOTED}
"""

_VOTED_UNTIL = """
SELECT request_id FROM votes WHERE tenant_id = $1 AND person_key = $2 AND voted_at <= $3 ORDER BY request_id LIMIT $4
"""

_COUNT_NETWORK = """
INSERT INTO vote_networks AS held (tenant_id, hour, network, request_id, votes) VALUES ($1, $2, $3, $4, 1)
ON CONFLICT (tenant_id, hour, network, request_id) DO UPDATE SET votes = held.votes + 1
"""

_DELETE_OLD_NETWORKS = """
DELETE FROM vote_networks WHERE (tenant_id, hour, network, request_id) IN (
    SELECT tenant_id, hour, network, request_id FROM vote_networks
    WHERE tenant_id = $1 AND hour < $2 ORDER BY hour LIMIT $3 FOR UPDATE SKIP LOCKED
)
"""


async def count_network(tx: Tx, tenant_id: str, hour: datetime, network: bytes, request_id: UUID) -> None:
    """Count an anonymous vote of a network, within an hour of the clock."""
    await tx.raw.execute(_COUNT_NETWORK, tenant_id, hour, network, request_id)


async def delete_old_networks(tx: Tx, tenant_id: str, before: datetime, limit: int) -> None:
    """Delete up to `limit` counts of networks, of hours that began before a time."""
    await tx.raw.execute(_DELETE_OLD_NETWORKS, tenant_id, before, limit)


async def add(tx: Tx, added: Sequence[Vote]) -> frozenset[Mentioner]:
    """Add votes for roots, count them up, and return those that are new: whose person had voted for none of the set."""
    return frozenset(map(tuple, await tx.raw.fetch(_ADD, *_ALL.arrays(added))))


async def remove(
    tx: Tx, tenant_id: str, request_id: UUID, person_key: str, until: datetime | None = None
) -> datetime | None:
    """Remove a person's votes for a root and its set, count the person down, and return when the last of them was cast.

    None when there were none.

    Given a time, a later vote stays.
    """
    voted_at: datetime | None = await tx.raw.fetchval(_REMOVE, tenant_id, request_id, person_key, until)
    return voted_at


async def adopt(tx: Tx, tenant_id: str, request_ids: Sequence[UUID], visitor: str, person_key: str) -> int:
    """Give a visitor's votes to a person, where the person has none; return how many votes the visitor had.

    The figures of the requests do not follow: whoever calls this counts them anew.
    """
    number: int = await tx.raw.fetchval(_ADOPT, tenant_id, list(request_ids), visitor, person_key)
    return number


async def voted_until(tx: Tx, tenant_id: str, person_key: str, until: datetime, limit: int) -> list[UUID]:
    """Return up to `limit` requests that a person voted for up to a time."""
    return [row["request_id"] for row in await tx.raw.fetch(_VOTED_UNTIL, tenant_id, person_key, until, limit)]


async def voted_for(tx: Tx, tenant_id: str, person_key: str, request_ids: Sequence[UUID]) -> frozenset[UUID]:
    """Return those of the roots that a person has voted for, or for what is merged into them."""
    rows = await tx.raw.fetch(_VOTED_FOR, tenant_id, person_key, list(request_ids))
    return frozenset(row["root_id"] for row in rows)


async def have_voted(tx: Tx, asked: Collection[Mentioner]) -> frozenset[Mentioner]:
    """Return those persons who have voted for the root that each stands with, or for what is merged into it."""
    if not asked:
        return frozenset()
    return frozenset(map(tuple, await tx.raw.fetch(_HAVE_VOTED, *map(list, zip(*asked, strict=True)))))
