"""The group `board` on `reviews.v1`: keeps of each review what a wish needs, and marks linked wishes for a recount.

It publishes nothing. A wish's order key is not in a review's event, and must be locked before anything is written: so
the handler appends a mark for each linked wish, and the job `board-recounts` counts and tells (see `jobs`).
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from plaudit.common.contracts import REVIEWS
from plaudit.common.db import OrderKey, Tx
from plaudit.common.events import Outgoing
from plaudit.common.kafka.subscription import InvalidRecordError, Record, Subscription
from plaudit.feedback_board.commands import review_key
from plaudit.feedback_board.domain.text import excerpt
from plaudit.feedback_board.store.mentions import KnownReview, keep_reviews


class LinkableReview(msgspec.Struct, frozen=True, gc=False):
    """Of a review's published state, what the board reads."""

    subject: str
    rating: float
    published_at: datetime
    title: str | None = None
    text: str | None = None
    person: str | None = None


class LinkableChange(msgspec.Struct, frozen=True, gc=False):
    """Of a review's change, what the board reads."""

    review_id: UUID
    revision: int
    before: LinkableReview | None
    after: LinkableReview | None


def order_keys(record: Record[LinkableChange]) -> Iterable[OrderKey]:
    """Return the review's own key: a link to it is made either before this change or after it."""
    return (review_key(record.event.tenant, record.event.data.review_id),)


async def keep(tx: Tx, records: Sequence[Record[LinkableChange]]) -> Sequence[Outgoing]:
    """Keep the newest revision of each review in the batch."""
    newest: dict[tuple[str, UUID], KnownReview] = {}
    for record in records:
        review = _known(record)
        held = newest.get(review[:2])
        if held is None or held.revision < review.revision:
            newest[review[:2]] = review
    await keep_reviews(tx, list(newest.values()))
    return ()


def _known(record: Record[LinkableChange]) -> KnownReview:
    change, tenant = record.event.data, record.event.tenant
    if (review := change.after) is not None:
        return KnownReview(
            tenant_id=tenant,
            id=change.review_id,
            revision=change.revision,
            subject=review.subject,
            present=True,
            person=review.person,
            published_at=review.published_at,
            rating=review.rating,
            title=excerpt(review.title),
            excerpt=excerpt(review.text),
        )
    if (review := change.before) is None:
        raise InvalidRecordError("a review's change has neither a state before nor one after it")
    # Nobody sees it any more, so nothing of what it said is kept.
    return KnownReview(
        tenant_id=tenant,
        id=change.review_id,
        revision=change.revision,
        subject=review.subject,
        present=False,
        person=None,
        published_at=review.published_at,
        rating=None,
        title=None,
        excerpt=None,
    )


SUBSCRIPTION: Subscription[LinkableChange] = Subscription(
    group="board", topic=REVIEWS, data=LinkableChange, handle=keep, order_keys=order_keys
)
