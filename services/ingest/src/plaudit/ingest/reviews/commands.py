"""What people of the company change of reviews. What platforms say is in `hooks/commands.py`."""

from collections.abc import Callable
from uuid import UUID

from plaudit.common.outbox import UnitOfWork
from plaudit.ingest.reviews import store
from plaudit.ingest.reviews.domain.decisions import NewRevision, Revised, Unchanged
from plaudit.ingest.reviews.domain.order_keys import order_key
from plaudit.ingest.reviews.domain.state import KnownReview, ReviewState, StoredReview
from plaudit.ingest.reviews.events import review_event
from plaudit.ingest.sources import store as sources
from plaudit.ingest.sources.domain import AnswersOf

Decide = Callable[[StoredReview, ReviewState], Revised | Unchanged]
"""What becomes of a review, given what is stored of it and its state."""


def review_key(review: KnownReview) -> str:
    """Return the order key of a review: what is locked before anything is decided about it."""
    return order_key(review.tenant_id, str(review.source_id), review.stored.external_id)


async def revise(
    work: UnitOfWork, review: KnownReview, decide: Decide, *, cause: UUID, actor: str, answers_of: AnswersOf
) -> bool:
    """Write the next revision of a review, and publish its event; return whether there is one.

    Args:
        work: the open unit of work, with the review's order key locked before the review was read.
        review: as it is stored.
        decide: what becomes of it.
        cause: the id of what was done.
        actor: the key or the person.
        answers_of: says whether answers are told at a source.
    """
    decision = decide(review.stored, review.state)
    if isinstance(decision, Unchanged):
        return False
    told = await sources.answers_told(work.tx, review.tenant_id, [review.source_id], answers_of)
    new = NewRevision(
        decision.stored,
        decision.type,
        decision.change,
        tenant_id=review.tenant_id,
        source_id=str(review.source_id),
        delivery_id=str(cause),
        known_at=work.tx.now,
        traceparent=None,
        answers=told[review.source_id],
    )
    await store.add_revision(work.tx, new, actor)
    if new.change is not None:
        await work.emit(review_event(new, new.change))
    return True
