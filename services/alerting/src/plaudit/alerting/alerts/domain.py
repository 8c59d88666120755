"""Alerts: what a person should look at. A breach raises one; the end of its clock's run resolves it."""

from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from typing import Final
from uuid import UUID

import msgspec
from uuid_utils.compat import uuid5

from plaudit.alerting.clocks.domain.clock import Clock
from plaudit.alerting.clocks.domain.clock_events import Cancelled, ClockEvent, Fulfilled, Retracted
from plaudit.alerting.clocks.domain.words import name_of, words_of
from plaudit.alerting.policies.domain.metrics import Metric

BREACH_KIND: Final = "sla_breach"
BREACH_SEVERITY: Final = "high"
CACHED_IDS: Final = 5_000
ANSWERS: Final = frozenset((Metric.FIRST_ANSWER, Metric.NEXT_ANSWER))
"""Metrics that an answer fulfils."""


class AlertState(StrEnum):
    """Whether somebody has to look at an alert."""

    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"


class AlertResolvedError(Exception):
    """The alert is resolved: it cannot be acknowledged any more."""


class Alert(msgspec.Struct, frozen=True, gc=False):
    """Something a person should look at."""

    tenant_id: str
    id: UUID
    clock_id: UUID
    review_id: str
    subject: str
    kind: str
    severity: str
    summary: str
    owner: str
    raised_at: datetime
    state: AlertState = AlertState.OPEN
    acknowledged_at: datetime | None = None
    acknowledged_by: str | None = None
    """The public id of an API key."""
    resolved_at: datetime | None = None
    reason: str | None = None
    """Why it is resolved."""


def breach_alert_id(clock: Clock) -> UUID:
    """Return the id of the one alert that a run of a clock can raise by its breach."""
    return _breach_alert_id(clock.id, clock.run.number)


@lru_cache(maxsize=CACHED_IDS)
def _breach_alert_id(clock_id: UUID, run: int) -> UUID:
    return uuid5(clock_id, f"{BREACH_KIND}\n{run}")


def breach_alert(clock: Clock, owner: str, now: datetime) -> Alert:
    """Return the alert that a breach raises."""
    return Alert(
        tenant_id=clock.tenant_id,
        id=breach_alert_id(clock),
        clock_id=clock.id,
        review_id=clock.about.review_id or "",
        subject=clock.about.subject,
        kind=BREACH_KIND,
        severity=BREACH_SEVERITY,
        summary=_summary(clock),
        owner=owner,
        raised_at=now,
    )


def _summary(clock: Clock) -> str:
    late = words_of(clock).late
    return f"{name_of(clock)} {late}" if late.startswith("not ") else f"{name_of(clock)}: {late}"


def reason_to_resolve(clock: Clock, event: ClockEvent) -> str | None:
    """Return why an event resolves the alert of its run's breach; none if it does not.

    Args:
        clock: as it stands after the event.
        event: what happened.
    """
    is_breached = clock.run.breached_at is not None
    match event:
        case Retracted():
            return "retracted"
        case Fulfilled() if is_breached:
            return "answered" if clock.metric in ANSWERS else "fulfilled"
        case Cancelled() if is_breached:
            return event.reason
    return None
