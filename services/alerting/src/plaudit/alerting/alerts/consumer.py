"""The group `alerting-alerts` on `reviews.v1`, and those that tell endpoints of `alerts.v1` and `board.v1`.

A negative review that nobody is for raises an alert, once. Endpoints are told of each event of the topics they take.
"""

from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any, Final

import structlog

from plaudit.alerting.alerts.commands.endpoints import tell_endpoints
from plaudit.alerting.alerts.commands.uncaught import Told, apply
from plaudit.alerting.alerts.domain.told_events import Event
from plaudit.alerting.alerts.domain.uncaught import order_key
from plaudit.alerting.people.domain import Owner
from plaudit.common import erasure
from plaudit.common.contracts import ALERTS, BOARD, REVIEWS, ReviewChange
from plaudit.common.db import OrderKey, Tx
from plaudit.common.erasure import REVIEW_ERASED
from plaudit.common.events import Outgoing
from plaudit.common.kafka.subscription import Record, Subscription

log = structlog.get_logger()

GROUP: Final = "alerting-alerts"
ENDPOINTS_GROUP: Final = "alerting-endpoints"
BOARD_ENDPOINTS_GROUP: Final = "alerting-board-endpoints"


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


def endpoint_subscription(public_url: str) -> Subscription[dict[str, Any]]:
    """Return the subscription of endpoints.

    Args:
        public_url: the address of Plaudit from outside; empty where it is not known.
    """
    return Subscription(
        group=ENDPOINTS_GROUP,
        topic=ALERTS,
        data=dict[str, Any],
        handle=partial(tell, public_url),
        order_keys=alarm_keys,
    )


def board_endpoint_subscription(public_url: str) -> Subscription[dict[str, Any]]:
    """Return the subscription of endpoints to what happens on the board.

    Args:
        public_url: the address of Plaudit from outside; empty where it is not known.
    """
    return Subscription(group=BOARD_ENDPOINTS_GROUP, topic=BOARD, data=dict[str, Any], handle=partial(tell, public_url))


def alarm_keys(record: Record[dict[str, Any]]) -> Iterable[OrderKey]:
    """Return the order key of the alarm that an event begins or ends: what waits to begin is not ended before."""
    event = _event(record)
    if event.action:
        yield f"alarm:{event.tenant_id}:{event.thread}"


async def tell(public_url: str, tx: Tx, records: Sequence[Record[dict[str, Any]]]) -> Sequence[Outgoing]:
    """Queue what endpoints are told; publishes nothing."""
    events = [_event(record) for record in records]
    for each in events:
        if each.lacks_alarm:
            log.warning("event_names_no_alarm", tenant_id=each.tenant_id, kind=each.type)
    await tell_endpoints(tx, events, public_url)
    return ()


def order_keys(record: Record[ReviewChange]) -> Iterable[OrderKey]:
    """Return the order key of the alert that a review can raise."""
    yield order_key(record.event.tenant, record.event.data.review_id)


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


def _event(record: Record[dict[str, Any]]) -> Event:
    event = record.event
    return Event(event.tenant, event.id, event.type, event.time, event.subject, event.data)
