"""What is asked just before messages leave: whether they are still wanted, and what they say now."""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar
from uuid import UUID

import structlog
from prometheus_client import Counter

from plaudit.common.db import Tx
from plaudit.common.db.savepoints import savepoint
from plaudit.common.db.storable import reason_of
from plaudit.common.delivery.domain.message import Channel, Content, Delivery, takes_topic
from plaudit.common.jobs import bisect

log = structlog.get_logger()

FAILED = Counter(
    "plaudit_messages_failed_total",
    "Deliveries that are given up: refused, failed at the last attempt, or not to be checked or composed. They can be "
    "sent again by hand.",
    ["channel"],
)
for _channel in Channel:
    FAILED.labels(_channel)  # from the start, so that the first one is an increase


@dataclass(frozen=True, slots=True)
class Withdraw:
    """A check's word that a message is not wanted any more."""

    reason: str


@dataclass(frozen=True, slots=True)
class Later:
    """A check's word that a message is not to leave yet."""

    until: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class Failed:
    """What becomes of a message on which its check, or what composes it, raises: it can be sent again by hand."""

    reason: str


Verdict = Withdraw | Later | Content
"""What a check says of a delivery: it is not to leave, not yet, or with what it says now."""
Check = Callable[[Tx, Sequence["Due"]], Awaitable[Mapping[UUID, Verdict]]]
"""Asked just before deliveries leave, in the transaction that leases them; what it does not name leaves as queued."""
Checks = Mapping[str, Check]
"""Topic, with all that is below it → its check."""
Said = TypeVar("Said")


@dataclass(frozen=True, slots=True)
class Due:
    """A delivery that is about to leave, and what it said when it was queued."""

    delivery: Delivery
    content: Content


def failed(delivery: Delivery, error: Exception) -> Failed:
    """Return what becomes of a delivery on which code of ours raises; it is logged and counted."""
    FAILED.labels(delivery.channel).inc()
    log.error(
        "message_set_aside",
        channel=delivery.channel,
        topic=delivery.topic,
        delivery_id=str(delivery.id),
        exc_info=error,
    )
    return Failed(reason_of(error))


async def asked_apart(
    tx: Tx, due: Sequence[Due], ask: Callable[[Tx, Sequence[Due]], Awaitable[Mapping[UUID, Said]]]
) -> dict[UUID, Said | Failed]:
    """Return what is said of deliveries; where asking raises, those on which it does are found by halving, and fail.

    Args:
        tx: the open transaction; what a question wrote before it raised is undone.
        due: which.
        ask: is asked about some of them; about all at once where nothing raises.

    Raises:
        Exception: a transient error.
    """
    said: dict[UUID, Said | Failed] = {}

    async def ask_some(some: Sequence[Due]) -> None:
        async with savepoint(tx):
            said.update(await ask(tx, some))

    async def fail(one: Due, error: Exception) -> None:
        said[one.delivery.id] = failed(one.delivery, error)

    if due:
        await bisect(due, ask_some, fail)
    return said


async def checked(tx: Tx, leased: Sequence[Due], checks: Checks) -> dict[UUID, Verdict | Failed]:
    """Return what the checks say, each asked once about all of its topic; what a check raises on has failed."""
    asked: defaultdict[str, list[Due]] = defaultdict(list)
    for each in leased:
        for topic in checks:
            if takes_topic([topic], each.delivery.topic):
                asked[topic].append(each)
    verdicts: dict[UUID, Verdict | Failed] = {}
    for topic, deliveries in asked.items():
        verdicts |= await asked_apart(tx, deliveries, checks[topic])
    return verdicts
