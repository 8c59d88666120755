"""The group `alerting-alerts` on `reviews.v1`: a negative review that nobody is for raises an alert, once."""

from collections.abc import Iterable, Sequence
from functools import partial
from typing import Final

from plaudit.alerting.alerts.commands.uncaught import Told, apply
from plaudit.alerting.clocks.domain.clock import review_root
from plaudit.alerting.people.domain import Owner
from plaudit.common import erasure
from plaudit.common.contracts import REVIEWS, ReviewChange
from plaudit.common.db import OrderKey, Tx
from plaudit.common.erasure import REVIEW_ERASED
from plaudit.common.events import Outgoing
from plaudit.common.kafka.subscription import Record, Subscription

GROUP: Final = "alerting-alerts"


def uncaught_subscription(fallback: Owner) -> Subscription[ReviewChange]:
    """Return the group's subscription.

    Args:
        fallback: the owner of the settings.
    """
    return Subscription(
        group=GROUP,
        topic=REVIEWS,
        data=ReviewChange,
        handle=partial(raise_uncaught, fallback),
        order_keys=order_keys,
        gather_seconds=1.0,
    )


def order_keys(record: Record[ReviewChange]) -> Iterable[OrderKey]:
    """Return the order key of the alert that a review can raise."""
    yield f"uncaught:{review_root(record.event.tenant, record.event.data.review_id)}"


async def raise_uncaught(fallback: Owner, tx: Tx, records: Sequence[Record[ReviewChange]]) -> Sequence[Outgoing]:
    """Raise and resolve alerts about reviews that nobody is for.

    Erasures are noted, so that no record that is set aside keeps the words of an erased review.
    """
    events = await apply(tx, [_told(record) for record in records], fallback)
    await erasure.note_reviews(tx, (record.event for record in records))
    return events


def _told(record: Record[ReviewChange]) -> Told:
    event = record.event
    return Told(event.tenant, event.data, event.type == REVIEW_ERASED, event.traceparent, event.tracestate)
