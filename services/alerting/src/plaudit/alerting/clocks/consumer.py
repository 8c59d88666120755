"""One group on `reviews.v1`: what a review's change does to its clock."""

from collections.abc import Iterable, Sequence
from functools import partial
from typing import Final

from plaudit.alerting.clocks.commands import Follower, ReviewRevision, apply_revisions
from plaudit.alerting.clocks.domain.clock import clock_id, order_key
from plaudit.alerting.policies.domain import FIRST_ANSWER
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


def subscription(followers: Sequence[Follower]) -> Subscription[ReviewChange]:
    """Return the group's subscription; the followers act on what happens to clocks."""
    return Subscription(
        group=GROUP,
        topic=REVIEWS,
        data=ReviewChange,
        handle=partial(apply_records, followers),
        order_keys=order_keys,
        gather_seconds=GATHER_SECONDS,
    )


def order_keys(record: Record[ReviewChange]) -> Iterable[OrderKey]:
    """Return the order key of the one clock that the record can change."""
    event = record.event
    return (order_key(clock_id(event.tenant, event.data.review_id, FIRST_ANSWER)),)


async def apply_records(
    followers: Sequence[Follower], tx: Tx, records: Sequence[Record[ReviewChange]]
) -> Sequence[Outgoing]:
    """Apply the changes of a batch to clocks."""
    return await apply_revisions(tx, [_revision(record) for record in records], followers)


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
