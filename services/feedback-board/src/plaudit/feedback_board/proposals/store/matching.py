"""What the job reads and writes: marks, requests and reviews to compare, and what is proposed."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from plaudit.common.db import Tx
from plaudit.common.db.columns import Columns
from plaudit.feedback_board.proposals.domain.matching import MAX_REQUESTS, Asked, Said
from plaudit.feedback_board.proposals.domain.proposal import Proposal
from plaudit.feedback_board.proposals.tables import proposals

SAMPLE: Final = 5_000
"""Reviews of a tenant, the newest ones, that rarity is counted in and a new request is compared with."""

_PROPOSED = Columns(proposals, without=("decision", "decided_by", "decided_at"))
_SAID = "tenant_id, id AS review_id, revision, subject, rating, title, excerpt"

ANY_TO_MATCH: Final = "SELECT EXISTS (SELECT FROM reviews_to_match) OR EXISTS (SELECT FROM requests_to_match)"
"""For `Database.holds`."""

_REQUEST_MARKS = "SELECT id, tenant_id, request_id FROM requests_to_match ORDER BY id LIMIT $1"
_DELETE_REQUEST_MARKS = "DELETE FROM requests_to_match WHERE id = ANY($1::bigint[])"
_REVIEW_MARKS = "SELECT id, tenant_id, review_id FROM reviews_to_match ORDER BY id LIMIT $1"
_DELETE_REVIEW_MARKS = "DELETE FROM reviews_to_match WHERE id = ANY($1::bigint[])"
_MARK_REVIEWS = "INSERT INTO reviews_to_match (tenant_id, review_id) SELECT $1, * FROM unnest($2::uuid[])"

_RAISE_VERSIONS = """
INSERT INTO matched_boards (tenant_id, version) SELECT *, 1 FROM unnest($1::text[])
ON CONFLICT (tenant_id) DO UPDATE SET version = matched_boards.version + 1
"""
_VERSIONS = "SELECT tenant_id, version FROM matched_boards WHERE tenant_id = ANY($1::text[])"

# What is declined or off the board is proposed for nothing.
_ASKED = """
SELECT id, coalesce(merged_into, id) AS root_id, title, text, subject, status = 'shipped' AS is_shipped
FROM requests WHERE tenant_id = $1 AND visibility = 'published' AND status <> 'declined'
  AND ($2::uuid[] IS NULL OR id = ANY($2::uuid[]))
ORDER BY id DESC LIMIT $3
"""
_SAMPLE = f"""
SELECT {_SAID} FROM reviews
WHERE tenant_id = $1 AND present AND coalesce(title, excerpt) IS NOT NULL ORDER BY id DESC LIMIT $2
"""

# Each review is looked up by itself, behind OFFSET 0, as for links.
_REVIEWS = f"""
SELECT found.* FROM unnest($1::text[], $2::uuid[]) AS marked (tenant_id, id)
CROSS JOIN LATERAL (
    SELECT {_SAID} FROM reviews
    WHERE reviews.tenant_id = marked.tenant_id AND reviews.id = marked.id AND reviews.present
    OFFSET 0
) AS found
"""
_REVIEWS_PROPOSED_FOR = """
SELECT DISTINCT review_id FROM proposals
WHERE tenant_id = $1 AND request_id = ANY($2::uuid[]) AND decision IS NULL
"""

_DELETE_OTHERS = """
DELETE FROM proposals USING unnest($1::text[], $2::uuid[]) AS read_anew (tenant_id, review_id)
WHERE proposals.tenant_id = read_anew.tenant_id AND proposals.review_id = read_anew.review_id
  AND decision IS NULL AND NOT id = ANY($3::uuid[])
"""
_PROPOSE = f"""
INSERT INTO proposals AS held ({_PROPOSED.listed}) SELECT * FROM {_PROPOSED.unnest()}
ON CONFLICT (tenant_id, id) DO UPDATE
SET review_revision = excluded.review_revision, sentence = excluded.sentence, score = excluded.score
WHERE held.decision IS NULL
  AND (held.review_revision, held.sentence, held.score)
      IS DISTINCT FROM (excluded.review_revision, excluded.sentence, excluded.score)
"""


@dataclass(frozen=True, slots=True)
class Mark:
    """Something that is to be compared anew."""

    id: int
    tenant_id: str
    of: UUID
    """The review or the request."""


async def list_request_marks(tx: Tx, limit: int) -> list[Mark]:
    """Return marks of requests. It locks nothing."""
    return [Mark(*row) for row in await tx.raw.fetch(_REQUEST_MARKS, limit)]


async def list_review_marks(tx: Tx, limit: int) -> list[Mark]:
    """Return marks of reviews. It locks nothing."""
    return [Mark(*row) for row in await tx.raw.fetch(_REVIEW_MARKS, limit)]


async def delete_request_marks(tx: Tx, marks: Sequence[Mark]) -> None:
    """Delete marks that were read, and no others."""
    await tx.raw.execute(_DELETE_REQUEST_MARKS, [each.id for each in marks])


async def delete_review_marks(tx: Tx, marks: Sequence[Mark]) -> None:
    """Delete marks that were read, and no others."""
    await tx.raw.execute(_DELETE_REVIEW_MARKS, [each.id for each in marks])


async def mark_reviews(tx: Tx, tenant_id: str, review_ids: Collection[UUID]) -> None:
    """Mark reviews to be compared with the requests anew."""
    await tx.raw.execute(_MARK_REVIEWS, tenant_id, sorted(review_ids))


async def raise_versions(tx: Tx, tenant_ids: Collection[str]) -> None:
    """Let every process read the requests of these tenants anew."""
    await tx.raw.execute(_RAISE_VERSIONS, sorted(tenant_ids))


async def versions(tx: Tx, tenant_ids: Collection[str]) -> dict[str, int]:
    """Return tenant id → the version of its requests; 0 is that of a tenant without."""
    rows = await tx.raw.fetch(_VERSIONS, sorted(tenant_ids))
    return dict.fromkeys(tenant_ids, 0) | {row["tenant_id"]: row["version"] for row in rows}


async def list_asked(tx: Tx, tenant_id: str, request_ids: Collection[UUID] | None = None) -> list[Asked]:
    """Return the requests that reviews may be about, the newest ones; or those of some that are."""
    wanted = None if request_ids is None else list(request_ids)
    return [Asked(**row) for row in await tx.raw.fetch(_ASKED, tenant_id, wanted, MAX_REQUESTS)]


async def sample(tx: Tx, tenant_id: str) -> list[Said]:
    """Return the newest reviews of a tenant that say something."""
    return [Said(**row) for row in await tx.raw.fetch(_SAMPLE, tenant_id, SAMPLE)]


async def list_reviews(tx: Tx, wanted: Sequence[tuple[str, UUID]]) -> list[Said]:
    """Return those of these reviews, each (tenant id, id), that are published now."""
    tenant_ids, review_ids = zip(*wanted, strict=True)
    return [Said(**row) for row in await tx.raw.fetch(_REVIEWS, tenant_ids, review_ids)]


async def reviews_proposed_for(tx: Tx, tenant_id: str, request_ids: Collection[UUID]) -> set[UUID]:
    """Return the reviews with an open proposal for any of these requests."""
    rows = await tx.raw.fetch(_REVIEWS_PROPOSED_FOR, tenant_id, list(request_ids))
    return {row["review_id"] for row in rows}


async def replace_open(tx: Tx, reviews: Sequence[tuple[str, UUID]], proposed: Sequence[Proposal]) -> None:
    """Replace the open proposals of reviews; what is decided stays as it is."""
    await tx.raw.execute(_DELETE_OTHERS, *map(list, zip(*reviews, strict=True)), [each.id for each in proposed])
    if proposed:
        await tx.raw.execute(_PROPOSE, *_PROPOSED.arrays(proposed))
