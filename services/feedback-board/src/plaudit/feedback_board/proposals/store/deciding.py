"""What staff read and decide: proposals, complaints, and what became of what was shipped."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from plaudit.common.db import SqlTx, Tx
from plaudit.common.db.columns import Columns
from plaudit.feedback_board.proposals.domain.complaints import COMPLAINT_TO, MAX_COMPLAINTS, Complaint
from plaudit.feedback_board.proposals.domain.matching import Said
from plaudit.feedback_board.proposals.domain.proposal import Decision, Proposal
from plaudit.feedback_board.proposals.tables import proposals

_PROPOSAL = Columns(proposals)
_QUALIFIED = ", ".join(f"proposals.{name.strip()}" for name in _PROPOSAL.listed.split(","))

# A decided pair, or a link, of any request of the set speaks for the whole set, so that a merge proposes nothing again.
# Of several open proposals of one review for one set, the most alike one is shown.
_OPEN = f"""
SELECT {_QUALIFIED}, root.id AS root_id, root.title AS root_title, reviews.title AS review_title, reviews.excerpt,
       reviews.rating, reviews.subject AS review_subject, reviews.published_at
FROM proposals
JOIN requests AS asked ON asked.tenant_id = proposals.tenant_id AND asked.id = proposals.request_id
JOIN requests AS root ON root.tenant_id = asked.tenant_id AND root.id = coalesce(asked.merged_into, asked.id)
JOIN reviews ON reviews.tenant_id = proposals.tenant_id AND reviews.id = proposals.review_id
WHERE proposals.tenant_id = $1 AND proposals.decision IS NULL AND reviews.present
  AND reviews.revision = proposals.review_revision
  AND root.visibility = 'published' AND root.status <> 'declined'
  AND ($2::uuid IS NULL OR root.id = $2)
  AND ($3::float8 IS NULL OR proposals.score < $3 OR (proposals.score = $3 AND proposals.id > $4))
  AND NOT EXISTS (
    SELECT FROM proposals AS other JOIN requests AS its
      ON its.tenant_id = other.tenant_id AND its.id = other.request_id
    WHERE other.tenant_id = $1 AND other.review_id = proposals.review_id AND other.id <> proposals.id
      AND coalesce(its.merged_into, its.id) = root.id
      AND (other.decision IS NOT NULL OR other.score > proposals.score
           OR (other.score = proposals.score AND other.id < proposals.id))
  )
  AND NOT EXISTS (
    SELECT FROM links JOIN requests AS its ON its.tenant_id = links.tenant_id AND its.id = links.request_id
    WHERE links.tenant_id = $1 AND links.review_id = proposals.review_id
      AND coalesce(its.merged_into, its.id) = root.id
  )
ORDER BY proposals.score DESC, proposals.id LIMIT $5
"""

_FIND = f"SELECT {_PROPOSAL.listed} FROM proposals WHERE tenant_id = $1 AND id = $2"
_DECIDE = "UPDATE proposals SET decision = $3, decided_by = $4, decided_at = $5 WHERE tenant_id = $1 AND id = $2"

_COMPLAINTS = f"""
SELECT tenant_id, id AS review_id, revision, subject, rating, title, excerpt, person_key, published_at FROM reviews
WHERE tenant_id = $1 AND present AND rating <= {COMPLAINT_TO:.0f} AND published_at >= $2
  AND coalesce(title, excerpt) IS NOT NULL
  AND NOT EXISTS (
    SELECT FROM proposals WHERE proposals.tenant_id = $1 AND proposals.review_id = reviews.id
      AND proposals.decision IS DISTINCT FROM 'rejected'
  )
  AND NOT EXISTS (SELECT FROM links WHERE links.tenant_id = $1 AND links.review_id = reviews.id)
  AND NOT EXISTS (
    SELECT FROM dismissed_complaints AS gone WHERE gone.tenant_id = $1 AND gone.review_id = reviews.id
  )
ORDER BY published_at DESC, id DESC LIMIT {MAX_COMPLAINTS}
"""
_KNOWN = "SELECT id FROM reviews WHERE tenant_id = $1 AND id = ANY($2::uuid[])"
_DISMISS = """
INSERT INTO dismissed_complaints (tenant_id, review_id, actor, dismissed_at)
SELECT $1, *, $3, $4 FROM unnest($2::uuid[])
ON CONFLICT DO NOTHING RETURNING review_id
"""

# Reviews of few stars alone: a shipped request is not proposed for praise, and before it was none of it was about it.
_COUNT_MATCHES = """
SELECT count(*) FILTER (WHERE published_at < $4) AS before, count(*) FILTER (WHERE published_at >= $4) AS after
FROM reviews WHERE tenant_id = $1 AND present AND rating < $6 AND published_at >= $3 AND published_at < $5
  AND id IN (
    SELECT review_id FROM links WHERE tenant_id = $1 AND request_id = ANY($2::uuid[])
    UNION
    SELECT review_id FROM proposals
    WHERE tenant_id = $1 AND request_id = ANY($2::uuid[]) AND decision IS DISTINCT FROM 'rejected'
  )
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """An open proposal with what both sides say."""

    proposal: Proposal
    root_id: UUID
    root_title: str
    subject: str
    rating: float | None
    published_at: datetime
    quote: str
    """The sentence."""


async def list_open(
    tx: SqlTx, tenant_id: str, request_id: UUID | None, after: tuple[float, UUID] | None, limit: int
) -> list[Shown]:
    """Return open proposals, for one root or for all, the most alike first."""
    score, last_id = after or (None, None)
    return [_shown(dict(row)) for row in await tx.raw.fetch(_OPEN, tenant_id, request_id, score, last_id, limit)]


async def find(tx: SqlTx, tenant_id: str, proposal_id: UUID) -> Proposal | None:
    """Return a proposal, open or decided."""
    row = await tx.raw.fetchrow(_FIND, tenant_id, proposal_id)
    return None if row is None else _proposal(dict(row))


async def decide(tx: Tx, proposal: Proposal, decision: Decision, actor: str) -> None:
    """Store what staff made of a proposal."""
    await tx.raw.execute(_DECIDE, proposal.tenant_id, proposal.id, decision, actor, tx.now)


async def list_complaints(tx: SqlTx, tenant_id: str, since: datetime) -> list[Complaint]:
    """Return the newest bad reviews that no request is proposed for, that are linked to none, and not dismissed."""
    rows = map(dict, await tx.raw.fetch(_COMPLAINTS, tenant_id, since))
    return [
        Complaint(person_key=row.pop("person_key"), published_at=row.pop("published_at"), said=Said(**row))
        for row in rows
    ]


async def known_reviews(tx: SqlTx, tenant_id: str, review_ids: Collection[UUID]) -> set[UUID]:
    """Return those of some reviews that have arrived here."""
    return {row["id"] for row in await tx.raw.fetch(_KNOWN, tenant_id, list(review_ids))}


async def dismiss(tx: Tx, tenant_id: str, review_ids: Sequence[UUID], actor: str) -> list[UUID]:
    """Store that staff want no request of these reviews; return those of which that is new."""
    rows = await tx.raw.fetch(_DISMISS, tenant_id, list(review_ids), actor, tx.now)
    return [row["review_id"] for row in rows]


async def count_matches(
    tx: SqlTx, tenant_id: str, request_ids: Sequence[UUID], times: tuple[datetime, datetime, datetime], below: float
) -> tuple[int, int]:
    """Count reviews below some stars that are about any of these requests, or seem to be.

    Args:
        tx: the open transaction.
        tenant_id: whose.
        request_ids: a set.
        times: where the time before begins, where that after begins, and where it ends.
        below: stars.
    """
    (row,) = await tx.raw.fetch(_COUNT_MATCHES, tenant_id, list(request_ids), *times, below)
    return row["before"], row["after"]


def _shown(row: dict[str, Any]) -> Shown:
    title, excerpt = row.pop("review_title"), row.pop("excerpt")
    further = {name: row.pop(name) for name in ("root_id", "root_title", "rating", "published_at")}
    subject = row.pop("review_subject")
    proposal = _proposal(row)
    said = Said(
        tenant_id=proposal.tenant_id,
        review_id=proposal.review_id,
        revision=proposal.review_revision,
        subject=subject,
        rating=further["rating"],
        title=title,
        excerpt=excerpt,
    )
    quote = said.sentences[proposal.sentence].strip()
    return Shown(proposal=proposal, subject=said.subject, quote=quote, **further)


def _proposal(row: dict[str, Any]) -> Proposal:
    decision = row.pop("decision")
    return Proposal(decision=None if decision is None else Decision(str(decision)), **row)
