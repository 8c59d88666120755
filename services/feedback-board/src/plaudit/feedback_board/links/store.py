"""Votes, links and what is known of reviews: what a wish's reach is counted from."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from plaudit.common.db import Tx
from plaudit.feedback_board.domain.reach import Mentions, counted_since

# One statement, so that the counter is right even without the order lock: it moves when a row really came.
_ADD_VOTE = """
WITH added AS (
    INSERT INTO votes (tenant_id, request_id, person, voted_at) VALUES ($1, $2, $3, $4)
    ON CONFLICT DO NOTHING RETURNING person
)
UPDATE requests SET votes = votes + 1 WHERE tenant_id = $1 AND id = $2 AND EXISTS (SELECT FROM added) RETURNING votes
"""

_TAKE_VOTE = """
WITH taken AS (
    DELETE FROM votes WHERE tenant_id = $1 AND request_id = $2 AND person = $3 RETURNING person
)
UPDATE requests SET votes = votes - 1 WHERE tenant_id = $1 AND id = $2 AND EXISTS (SELECT FROM taken) RETURNING votes
"""

_VOTED_FOR = "SELECT request_id FROM votes WHERE tenant_id = $1 AND person = $2 AND request_id = ANY($3::uuid[])"

_ADD_LINK = """
INSERT INTO links (tenant_id, request_id, review_id, linked_at) VALUES ($1, $2, $3, $4)
ON CONFLICT DO NOTHING RETURNING review_id
"""

_TAKE_LINK = "DELETE FROM links WHERE tenant_id = $1 AND request_id = $2 AND review_id = $3 RETURNING review_id"

_COUNT = """
SELECT count(DISTINCT person) FILTER (WHERE at > $3) AS reach,
       count(*) FILTER (WHERE at > $3 AND person IS NULL) AS unidentified,
       count(*) FILTER (WHERE is_review) AS linked_reviews,
       max(at) AS last_at,
       min(at) FILTER (WHERE at > $3) AS oldest_counted_at
FROM (
    SELECT person, voted_at AS at, false AS is_review FROM votes WHERE tenant_id = $1 AND request_id = $2
    UNION ALL
    SELECT reviews.person, reviews.published_at, true
    FROM links JOIN reviews ON reviews.tenant_id = links.tenant_id AND reviews.id = links.review_id
    WHERE links.tenant_id = $1 AND links.request_id = $2 AND reviews.present
) AS mentions
"""

_SUBJECT_OF_REVIEW = "SELECT subject FROM reviews WHERE tenant_id = $1 AND id = $2"

_QUOTES = """
SELECT reviews.title, reviews.excerpt, reviews.rating, reviews.published_at
FROM links JOIN reviews ON reviews.tenant_id = links.tenant_id AND reviews.id = links.review_id
WHERE links.tenant_id = $1 AND links.request_id = $2 AND reviews.present
  AND coalesce(reviews.title, reviews.excerpt) IS NOT NULL
ORDER BY reviews.published_at DESC, reviews.id
LIMIT $3
"""

_UPSERT_REVIEWS = """
INSERT INTO reviews AS held (tenant_id, id, revision, subject, present, person, published_at, rating, title, excerpt)
SELECT * FROM unnest($1::text[], $2::uuid[], $3::int[], $4::text[], $5::boolean[], $6::text[], $7::timestamptz[],
                     $8::float8[], $9::text[], $10::text[])
ON CONFLICT (tenant_id, id) DO UPDATE
SET revision = excluded.revision, subject = excluded.subject, present = excluded.present, person = excluded.person,
    published_at = excluded.published_at, rating = excluded.rating, title = excluded.title, excerpt = excluded.excerpt
WHERE held.revision < excluded.revision
RETURNING tenant_id, id
"""

_MARK_FOR_RECOUNT = """
INSERT INTO recounts (tenant_id, request_id)
SELECT DISTINCT links.tenant_id, links.request_id
FROM unnest($1::text[], $2::uuid[]) AS changed (tenant_id, review_id)
JOIN links USING (tenant_id, review_id)
"""


class KnownReview(NamedTuple):
    """What the board keeps of a review at one revision, in the order of its columns."""

    tenant_id: str
    id: UUID
    revision: int
    subject: str
    present: bool
    person: str | None
    published_at: datetime
    rating: float | None
    title: str | None
    excerpt: str | None


class Quote(NamedTuple):
    """The beginning of a linked review, to show."""

    title: str | None
    excerpt: str | None
    rating: float | None
    published_at: datetime


async def add_vote(tx: Tx, tenant: str, request_id: UUID, person: str) -> int | None:
    """Add a person's vote and return the number of votes, or None when the person had voted already."""
    votes: int | None = await tx.raw.fetchval(_ADD_VOTE, tenant, request_id, person, tx.now)
    return votes


async def take_vote(tx: Tx, tenant: str, request_id: UUID, person: str) -> int | None:
    """Take a person's vote back and return the number of votes, or None when there was none."""
    votes: int | None = await tx.raw.fetchval(_TAKE_VOTE, tenant, request_id, person)
    return votes


async def voted_for(tx: Tx, tenant: str, person: str, request_ids: Sequence[UUID]) -> frozenset[UUID]:
    """Return those of the wishes that a person has voted for."""
    rows = await tx.raw.fetch(_VOTED_FOR, tenant, person, list(request_ids))
    return frozenset(row["request_id"] for row in rows)


async def add_link(tx: Tx, tenant: str, request_id: UUID, review_id: UUID) -> bool:
    """Link a known review to a wish; False when it was linked already."""
    return await tx.raw.fetchval(_ADD_LINK, tenant, request_id, review_id, tx.now) is not None


async def take_link(tx: Tx, tenant: str, request_id: UUID, review_id: UUID) -> bool:
    """Take a link back; False when there was none."""
    return await tx.raw.fetchval(_TAKE_LINK, tenant, request_id, review_id) is not None


async def count(tx: Tx, tenant: str, request_id: UUID) -> Mentions:
    """Count a wish's mentions as of now."""
    (row,) = await tx.raw.fetch(_COUNT, tenant, request_id, counted_since(tx.now))
    return Mentions(**row)


async def subject_of_review(tx: Tx, tenant: str, review_id: UUID) -> str | None:
    """Return the subject of a review that has arrived here, published or not, or None."""
    subject: str | None = await tx.raw.fetchval(_SUBJECT_OF_REVIEW, tenant, review_id)
    return subject


async def quotes(tx: Tx, tenant: str, request_id: UUID, limit: int) -> list[Quote]:
    """Return the newest linked reviews that say something."""
    return [Quote(**row) for row in await tx.raw.fetch(_QUOTES, tenant, request_id, limit)]


async def keep_reviews(tx: Tx, reviews: Sequence[KnownReview]) -> None:
    """Keep the newest revision of each review, and mark the wishes linked to those that changed for a recount.

    Args:
        tx: holds the order keys of all these reviews: a link under way has been committed or not begun.
        reviews: at most one revision of each; one that is not above what is held changes nothing.
    """
    if not reviews:
        return
    changed = await tx.raw.fetch(_UPSERT_REVIEWS, *zip(*sorted(reviews, key=lambda one: one[:2]), strict=True))
    if changed:
        await tx.raw.execute(_MARK_FOR_RECOUNT, [row["tenant_id"] for row in changed], [row["id"] for row in changed])
