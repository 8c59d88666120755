"""The statement that adds what the company did to a review."""

from plaudit.common.db import Tx
from plaudit.ingest.reviews.domain.decisions import NewRevision
from plaudit.ingest.reviews.domain.state_formats import STATE_FORMAT, encode_state

_NEXT_REVISION = """
UPDATE reviews SET revision = $2, answered_at = $3, changed_at = $4, traits = $5 WHERE id = $1
"""
_ADD_REVISION = """
INSERT INTO revisions
    (tenant_id, review_id, revision, delivery_id, type, version, known_at, state, state_format, removed, actor, traits)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
"""


async def add_revision(tx: Tx, new: NewRevision, actor: str) -> None:
    """Store a revision of what the company did; the review's order key must be locked."""
    review, state = new.stored, new.stored.state
    answered_at, traits = (None, None) if state is None else (state.answered_at, state.traits)
    await tx.raw.execute(_NEXT_REVISION, review.review_id, review.revision, answered_at, new.known_at, traits)
    await tx.raw.execute(
        _ADD_REVISION,
        new.tenant_id,
        review.review_id,
        review.revision,
        new.delivery_id,
        new.type,
        review.version,
        new.known_at,
        encode_state(state),
        STATE_FORMAT,
        review.removed,
        actor,
        traits,
    )
