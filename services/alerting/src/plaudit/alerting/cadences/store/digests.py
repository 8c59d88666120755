"""Weekly digests, and what is kept for the next one."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime

import msgspec
from asyncpg import Record

from plaudit.alerting.cadences.domain.digest import (
    WAITING,
    Clocks,
    Digest,
    SeenReview,
    SeenScore,
    WaitingClock,
    WaitingRequest,
)
from plaudit.alerting.cadences.domain.seen import KeptReview, Score, SeenRequest
from plaudit.alerting.cadences.tables import digest_requests, digest_reviews, digest_scores
from plaudit.alerting.clocks.store import RUNNING_BY_DUE_TIME
from plaudit.common.db import Tx
from plaudit.common.db.columns import Columns

_REQUEST = Columns(digest_requests)
_REVIEW = Columns(digest_reviews)
_SCORE = Columns(digest_scores, without=("told",))
_ADD = """
INSERT INTO digests (tenant_id, local_date, digest, composed_at) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING
RETURNING true
"""
_READ = "SELECT digest FROM digests WHERE tenant_id = $1 AND local_date = $2"
_LAST = "SELECT digest FROM digests WHERE tenant_id = $1 ORDER BY local_date DESC LIMIT 1"
_DATES = "SELECT local_date FROM digests WHERE tenant_id = $1 ORDER BY local_date DESC LIMIT $2"
_COUNT = "SELECT count(*) FROM (SELECT FROM clocks WHERE tenant_id = $1 AND {condition} LIMIT {most}) AS bounded"
_MOST = 10_000
_IS_WAITING = "state IN ('running', 'breached') AND waiting"
_LATE = f"""
SELECT count(*) FROM (
    (SELECT FROM {RUNNING_BY_DUE_TIME} WHERE t.tenant_id = $1 AND t.due_at < $3 AND c.state = 'running' LIMIT {_MOST})
    UNION ALL
    (SELECT FROM clocks WHERE tenant_id = $1 AND state = 'breached' AND waiting AND settled_due_at < $3 LIMIT {_MOST})
    LIMIT {_MOST}
) AS bounded
"""
_CLOCKS = f"""
SELECT
    ({_COUNT.format(condition=_IS_WAITING, most=_MOST)}) AS running,
    ({_LATE}) AS late,
    ({_COUNT.format(condition="breached_at >= $2 AND breached_at < $3", most=_MOST)}) AS breached,
    ({_COUNT.format(condition="state = 'fulfilled' AND fulfilled_at >= $2 AND fulfilled_at < $3", most=_MOST)})
        AS fulfilled
"""
_FIRST_DUE = f"""
SELECT id::text AS clock_id, subject, due_at FROM (
    (SELECT c.id, c.subject, t.due_at FROM {RUNNING_BY_DUE_TIME}
    WHERE t.tenant_id = $1 AND c.state = 'running' ORDER BY t.due_at, t.clock_id LIMIT $2)
    UNION ALL
    (SELECT id, subject, settled_due_at FROM clocks
    WHERE tenant_id = $1 AND state = 'breached' AND waiting ORDER BY settled_due_at, id LIMIT $2)
) AS waiting ORDER BY due_at, waiting.id LIMIT $2
"""
_SCORES = "SELECT subject, score, told, count FROM digest_scores WHERE tenant_id = $1 AND score IS DISTINCT FROM told"
_TELL_SCORES = "UPDATE digest_scores SET told = score WHERE tenant_id = $1 AND score IS DISTINCT FROM told"
# The first score that is seen is what the next digest compares with.
_SEE_SCORE = f"""
INSERT INTO digest_scores ({_SCORE.listed}, told) SELECT seen.*, seen.score FROM {_SCORE.unnest()}
    AS seen ({_SCORE.listed})
ON CONFLICT (tenant_id, subject) DO UPDATE SET number = excluded.number, score = excluded.score, count = excluded.count
WHERE digest_scores.number < excluded.number
"""
_SEE_REQUEST = f"""
INSERT INTO digest_requests ({_REQUEST.listed}) SELECT * FROM {_REQUEST.unnest()}
ON CONFLICT (tenant_id, request_id) DO UPDATE SET {_REQUEST.excluded()}
"""
_REQUESTS = """
SELECT request_id, title, status, votes, created_at FROM digest_requests
WHERE tenant_id = $1 AND status = ANY($2::text[]) ORDER BY votes DESC, created_at, request_id LIMIT $3
"""
_REQUESTS_BY_STATUS = """
SELECT status, count(*) AS count FROM digest_requests WHERE tenant_id = $1 AND status = ANY($2::text[]) GROUP BY 1
"""
# What happened to the rating and when an answer came stays, also when a later revision says nothing of it.
_SEE_REVIEW = f"""
INSERT INTO digest_reviews ({_REVIEW.listed}) VALUES ({_REVIEW.values()})
ON CONFLICT (tenant_id, review_id) DO UPDATE SET {_REVIEW.excluded(keep=("raised_from", "raised_at"))},
    raised_from = coalesce(excluded.raised_from, digest_reviews.raised_from),
    raised_at = coalesce(excluded.raised_at, digest_reviews.raised_at)
WHERE digest_reviews.revision < excluded.revision
"""
_DROP_REVIEWS = """
DELETE FROM digest_reviews r USING unnest($1::text[], $2::text[]) AS k (tenant_id, review_id)
WHERE r.tenant_id = k.tenant_id AND r.review_id = k.review_id
"""
_REVIEWS = """
SELECT review_id, subject, stars, topics, published_at, raised_from, raised_at, answered_at FROM digest_reviews
WHERE tenant_id = $1 AND changed_at >= $2
"""
_PURGE_REVIEWS = "DELETE FROM digest_reviews WHERE tenant_id = $1 AND changed_at < $2"


async def add(tx: Tx, tenant_id: str, digest: Digest) -> bool:
    """Store a digest; return whether there was none of its date."""
    encoded = msgspec.json.encode(digest).decode()
    return bool(await tx.raw.fetchval(_ADD, tenant_id, digest.local_date, encoded, digest.end))


async def read(tx: Tx, tenant_id: str, local_date: date) -> Digest | None:
    """Return the digest of a date."""
    return _digest(await tx.raw.fetchval(_READ, tenant_id, local_date))


async def last(tx: Tx, tenant_id: str) -> Digest | None:
    """Return the newest digest."""
    return _digest(await tx.raw.fetchval(_LAST, tenant_id))


async def dates(tx: Tx, tenant_id: str, limit: int) -> list[date]:
    """Return the dates of the newest digests."""
    return [row["local_date"] for row in await tx.raw.fetch(_DATES, tenant_id, limit)]


async def clocks(tx: Tx, tenant_id: str, start: datetime, end: datetime, most_listed: int) -> Clocks:
    """Return how the clocks stand, and what became of them in a time; counts go no further than 10,000."""
    counts = await tx.raw.fetchrow(_CLOCKS, tenant_id, start, end)
    first_due = await tx.raw.fetch(_FIRST_DUE, tenant_id, most_listed)
    assert counts is not None, "an aggregate has one row"
    return Clocks(**counts, first_due=tuple(WaitingClock(**row) for row in first_due))


async def scores(tx: Tx, tenant_id: str) -> list[SeenScore]:
    """Return the scores that differ from what the digest before told."""
    return [SeenScore(**row) for row in await tx.raw.fetch(_SCORES, tenant_id)]


async def tell_scores(tx: Tx, tenant_id: str) -> None:
    """Record that the scores are told as they stand."""
    await tx.raw.execute(_TELL_SCORES, tenant_id)


async def see_scores(tx: Tx, seen: Sequence[Score]) -> None:
    """Keep the last score of each subject, of which `seen` holds one."""
    if seen:
        await tx.raw.execute(_SEE_SCORE, *_SCORE.arrays(seen))


async def see_requests(tx: Tx, seen: Sequence[SeenRequest]) -> None:
    """Keep how requests of the board stand; `seen` holds each once."""
    if seen:
        await tx.raw.execute(_SEE_REQUEST, *_REQUEST.arrays(seen))


async def requests(tx: Tx, tenant_id: str, limit: int) -> tuple[list[WaitingRequest], dict[str, int]]:
    """Return requests that wait for a decision, those with the most votes first, and how many there are by status."""
    rows = await tx.raw.fetch(_REQUESTS, tenant_id, WAITING, limit)
    counts = await tx.raw.fetch(_REQUESTS_BY_STATUS, tenant_id, WAITING)
    return [WaitingRequest(**row) for row in rows], {row["status"]: row["count"] for row in counts}


async def see_reviews(tx: Tx, seen: Iterable[KeptReview]) -> None:
    """Keep what the digest needs of reviews; a lower revision changes nothing."""
    rows = [_REVIEW.row(each) for each in seen]
    if rows:
        topics = _REVIEW.names.index("topics")
        encoded = [(*row[:topics], msgspec.json.encode(row[topics]).decode(), *row[topics + 1 :]) for row in rows]
        await tx.raw.executemany(_SEE_REVIEW, encoded)


async def drop_reviews(tx: Tx, keys: Sequence[tuple[str, str]]) -> None:
    """Delete what is kept of reviews, each (tenant, review id)."""
    if keys:
        await tx.raw.execute(_DROP_REVIEWS, [tenant_id for tenant_id, _ in keys], [each for _, each in keys])


async def reviews(tx: Tx, tenant_id: str, since: datetime) -> list[SeenReview]:
    """Return the reviews of which anything happened since then."""
    return [_review(row) for row in await tx.raw.fetch(_REVIEWS, tenant_id, since)]


async def purge_reviews(tx: Tx, tenant_id: str, before: datetime) -> None:
    """Delete reviews of which nothing has happened for long."""
    await tx.raw.execute(_PURGE_REVIEWS, tenant_id, before)


def _review(row: Record) -> SeenReview:
    return SeenReview(**{**dict(row), "topics": tuple(row["topics"])})


def _digest(found: object) -> Digest | None:
    return None if found is None else msgspec.convert(found, Digest)
