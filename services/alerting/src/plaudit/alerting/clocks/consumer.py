"""One group on `reviews.v1`: what a review's change does to its clocks."""

from collections.abc import Iterable, Sequence
from functools import partial
from typing import Final

from plaudit.alerting.clocks.commands import Follower, apply_revisions
from plaudit.alerting.clocks.domain.clock import contacts_key, order_key, review_root
from plaudit.alerting.clocks.domain.review_clocks import ReviewRevision
from plaudit.common.contracts import REVIEWS, ReviewChange
from plaudit.common.db import OrderKey, Tx
from plaudit.common.erasure import REVIEW_ERASED
from plaudit.common.events import Outgoing
from plaudit.common.kafka.subscription import Record, Subscription

GROUP: Final = "alerting"
GATHER_SECONDS: Final = 0.1
"""At a hundred reviews a second, ten are one transaction, which costs little more than that of one. A clock, which runs
for hours, starts or ends so much later at most; the first review after a quiet while does not wait."""
FIRST_TYPE: Final = "review.created"


def subscription(followers: Sequence[Follower], partitions: int) -> Subscription[ReviewChange]:
    """Return the group's subscription.

    Args:
        followers: act on what happens to clocks.
        partitions: of each topic.
    """
    return Subscription(
        group=GROUP,
        topic=REVIEWS,
        data=ReviewChange,
        handle=partial(apply_records, followers, partitions),
        order_keys=order_keys,
        gather_seconds=GATHER_SECONDS,
    )


def order_keys(record: Record[ReviewChange]) -> Iterable[OrderKey]:
    """Return the order keys of what the record can change: the review's clocks, and the look for its contacts.

    A follow-up that starts reads the contacts with the review's person, whose events wait meanwhile.
    """
    event = record.event
    yield order_key(review_root(event.tenant, event.data.review_id))
    review = event.data.after
    if review is not None and review.person is not None and review.answer is not None:
        yield contacts_key(event.tenant, review.person)


async def apply_records(
    followers: Sequence[Follower], partitions: int, tx: Tx, records: Sequence[Record[ReviewChange]]
) -> Sequence[Outgoing]:
    """Apply the changes of a batch to clocks."""
    return await apply_revisions(tx, [_revision(record) for record in records], followers, partitions)


def _revision(record: Record[ReviewChange]) -> ReviewRevision:
    event = record.event
    return ReviewRevision(
        tenant_id=event.tenant,
        partition=record.partition,
        recorded_at=event.time,
        change=event.data,
        is_first=event.type == FIRST_TYPE,
        traceparent=event.traceparent,
        tracestate=event.tracestate,
        is_erasure=event.type == REVIEW_ERASED,
    )
