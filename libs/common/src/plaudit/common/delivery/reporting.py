"""Counts and logs what became of attempts, after it is recorded."""

import logging
from collections.abc import Sequence

import structlog
from prometheus_client import Counter

from plaudit.common.delivery.commands import FAILED
from plaudit.common.delivery.domain.message import Delivery, State
from plaudit.common.delivery.domain.outcomes import Outcome
from plaudit.common.delivery.store import Ended

log = structlog.get_logger()

ATTEMPTS = Counter(
    "plaudit_message_attempts_total",
    "Attempts to hand over a message, by channel and outcome: sent, failed, refused, gone or withdrawn.",
    ["channel", "outcome"],
)


def report(outcomes: Sequence[tuple[Delivery, Outcome]], ended: Sequence[Ended]) -> None:
    """Count and log attempts, and count what is given up.

    Args:
        outcomes: of the attempts.
        ended: what they made of their deliveries.
    """
    for each in ended:
        if each.state == State.FAILED:
            FAILED.labels(each.delivery.channel).inc()
    for delivery, outcome in outcomes:
        ATTEMPTS.labels(delivery.channel, outcome.kind).inc()
        log.log(
            logging.INFO if outcome.kind == "sent" else logging.WARNING,
            "message",
            channel=delivery.channel,
            topic=delivery.topic,
            delivery_id=str(delivery.id),
            outcome=outcome.kind,
            attempt=delivery.attempts,
            status=outcome.status,
        )
