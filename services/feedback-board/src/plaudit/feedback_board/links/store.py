"""Every SQL statement about links and the reviews that can be linked."""

from collections.abc import Sequence
from uuid import UUID

from plaudit.common.db import Tx
from plaudit.common.db.columns import Columns
from plaudit.feedback_board.links.domain import KnownReview, Link, Quote
from plaudit.feedback_board.links.tables import links, reviews
from plaudit.feedback_board.requests.store import sets

_LINK = Columns(links)
_REVIEW = Columns(reviews)

# A review that is linked to a request of the set is linked to its root.
_ADD = f"""
INSERT INTO links ({_LINK.listed}) SELECT {_LINK.values()} WHERE NOT EXISTS (
    SELECT FROM links WHERE tenant_id = $1 AND request_id IN ({sets.MEMBERS}) AND review_id = $3
)
ON CONFLICT DO NOTHING RETURNING review_id
"""

_REMOVE = f"""
DELETE FROM links WHERE tenant_id = $1 AND request_id IN ({sets.MEMBERS}) AND review_id = $3 RETURNING review_id
"""

_SUBJECT_OF_REVIEW = "SELECT subject FROM reviews WHERE tenant_id = $1 AND id = $2"

_QUOTES = f"""
SELECT title, excerpt, rating, published_at FROM reviews
WHERE tenant_id = $1 AND present AND coalesce(title, excerpt) IS NOT NULL
  AND id IN (SELECT review_id FROM links WHERE tenant_id = $1 AND request_id IN ({sets.MEMBERS}))
ORDER BY published_at DESC, id
LIMIT $3
"""

# Each is looked up by itself among the erased ones, behind OFFSET 0, as below.
_UPSERT_REVIEWS = f"""
INSERT INTO reviews AS held ({_REVIEW.listed}) SELECT * FROM {_REVIEW.unnest()} AS told ({_REVIEW.listed})
WHERE NOT EXISTS (
    SELECT FROM erased
    WHERE erased.tenant_id = told.tenant_id AND erased.kind = 'review' AND erased.name = told.id::text
    OFFSET 0
)
ON CONFLICT (tenant_id, id) DO UPDATE SET {_REVIEW.excluded()}
WHERE held.revision < excluded.revision
RETURNING tenant_id, id
"""

_EMPTY_REVIEWS = """
UPDATE reviews SET present = false, person_key = NULL, rating = NULL, title = NULL, excerpt = NULL
FROM unnest($1::text[], $2::uuid[]) AS erased_now (tenant_id, id)
WHERE reviews.tenant_id = erased_now.tenant_id AND reviews.id = erased_now.id
  AND (present OR coalesce(person_key, title, excerpt) IS NOT NULL OR rating IS NOT NULL)
RETURNING reviews.tenant_id, reviews.id
"""

# Each review is looked up by itself, behind OFFSET 0: otherwise a plan made over small tables would read all links.
_LINKED_REQUESTS = """
SELECT DISTINCT linked.tenant_id, linked.request_id
FROM unnest($1::text[], $2::uuid[]) AS changed (tenant_id, review_id)
CROSS JOIN LATERAL (
    SELECT links.tenant_id, links.request_id FROM links
    WHERE links.tenant_id = changed.tenant_id AND links.review_id = changed.review_id
    OFFSET 0
) AS linked
"""


async def add(tx: Tx, link: Link) -> bool:
    """Link a known review to a root; False when it was linked already, to it or to what is merged into it."""
    return await tx.raw.fetchval(_ADD, *_LINK.row(link)) is not None


async def remove(tx: Tx, tenant_id: str, request_id: UUID, review_id: UUID) -> bool:
    """Remove the links of a review to a root and to what is merged into it; False when there were none."""
    return bool(await tx.raw.fetch(_REMOVE, tenant_id, request_id, review_id))


async def subject_of_review(tx: Tx, tenant_id: str, review_id: UUID) -> str | None:
    """Return the subject of a review that has arrived here, published or not, or None."""
    subject: str | None = await tx.raw.fetchval(_SUBJECT_OF_REVIEW, tenant_id, review_id)
    return subject


async def list_quotes(tx: Tx, tenant_id: str, request_id: UUID, limit: int) -> list[Quote]:
    """Return the newest reviews with a title or a text that are linked to a root or to what is merged into it."""
    return [Quote(**row) for row in await tx.raw.fetch(_QUOTES, tenant_id, request_id, limit)]


async def upsert_reviews(tx: Tx, changed: Sequence[KnownReview]) -> list[tuple[str, UUID]]:
    """Store reviews, at most one revision of each, and return the (tenant id, id) of those that were newer.

    Those that were erased are not stored.
    """
    return [(row["tenant_id"], row["id"]) for row in await tx.raw.fetch(_UPSERT_REVIEWS, *_REVIEW.arrays(changed))]


async def empty_reviews(tx: Tx, erased: Sequence[tuple[str, UUID]]) -> list[tuple[str, UUID]]:
    """Empty reviews, each (tenant id, id), and return those of which anything was kept."""
    rows = await tx.raw.fetch(_EMPTY_REVIEWS, *map(list, zip(*erased, strict=True)))
    return [(row["tenant_id"], row["id"]) for row in rows]


async def linked_requests(tx: Tx, changed: Sequence[tuple[str, UUID]]) -> list[tuple[str, UUID]]:
    """Return the (tenant id, request id) of all requests that any of these reviews is linked to."""
    tenant_ids, review_ids = zip(*changed, strict=True)
    rows = await tx.raw.fetch(_LINKED_REQUESTS, tenant_ids, review_ids)
    return [(row["tenant_id"], row["request_id"]) for row in rows]
