"""Alerts: what a person should look at. A breach raises one; the end of its clock's run resolves it."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from typing import Final
from uuid import UUID

import msgspec
from uuid_utils.compat import uuid5

from plaudit.alerting.clocks.domain.about import about_review, stars
from plaudit.alerting.clocks.domain.clock import Clock, review_root, thread_of
from plaudit.alerting.clocks.domain.clock_events import Cancelled, ClockEvent, Fulfilled, Retracted
from plaudit.alerting.clocks.domain.words import name_of, words_of
from plaudit.alerting.mails.domain.letters import URGENT
from plaudit.alerting.policies.domain.metrics import Metric
from plaudit.common.contracts import ReviewState
from plaudit.common.text import isolated, one_line, shortened

BREACH_KIND: Final = "sla_breach"
STORM_KIND: Final = "storm"
"""More messages to the people of a tenant than it wants in an hour."""
UNCAUGHT_KIND: Final = "uncaught"
"""A negative review that no class and no assignment is for."""
ENDPOINT_KIND: Final = "endpoint_disabled"
"""An endpoint that gets nothing any more because it is gone, or has failed for days."""
ADDRESS_KIND: Final = "address_refused"
"""An address of the staff that a mail server refuses for good: whoever it belongs to is told nothing."""
MAX_REASON_CHARS: Final = 200
PAUSE_KIND: Final = "pause_overlap"
"""While the time of a clock stood still the customer said something, or the review became drastic."""
ENDINGS: Final[Mapping[str, str]] = {
    BREACH_KIND: "It is resolved when its clock ends: note there that it is done, or settle the clock.",
    PAUSE_KIND: "It is resolved when the time of its clock goes on, or when the clock ends.",
    ENDPOINT_KIND: "It is resolved when the endpoint is enabled or deleted.",
    STORM_KIND: "It is resolved by itself, when fewer messages are sent.",
}
"""Kinds that are not resolved by hand → what resolves them."""
BY_PEOPLE: Final = frozenset((UNCAUGHT_KIND, ADDRESS_KIND))
"""Kinds of whose end nothing may ever tell us: people resolve them too."""
BY_HAND: Final = "resolved_by_hand"
"""Why an alert is resolved that a person has resolved; the audit trail has what they noted."""
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
    """The alert is resolved: nothing can be done about it any more."""


class AlertEndsOtherwiseError(Exception):
    """Alerts of this kind are not resolved by hand; the text says what resolves them."""


class Alert(msgspec.Struct, frozen=True, gc=False):
    """Something a person should look at."""

    tenant_id: str
    id: UUID
    clock_id: UUID | None
    """The clock that was breached; none where it is about no clock."""
    review_id: str
    subject: str
    kind: str
    severity: str
    summary: str
    owner: str
    """The address of the person who answers for it."""
    raised_at: datetime
    state: AlertState = AlertState.OPEN
    acknowledged_at: datetime | None = None
    acknowledged_by: str | None = None
    """The key, or the person."""
    resolved_at: datetime | None = None
    reason: str | None = None
    """Why it is resolved."""
    source_id: str | None = None
    review_severity: str | None = None
    """Of the review or incident that it is about, where that is known."""
    is_statutory: bool = False
    """Whether the law sets the due time: such an alert is never silenced."""
    generation: int = 1
    """Counts up with each change by a person: what was queued before does not leave any more."""
    remind_at: datetime | None = None
    """Of one that is acknowledged: when it opens again, unless it is resolved before."""
    title: str | None = None
    """Of a review that has no clock; where there is one, the clock keeps its words."""
    excerpt: str | None = None

    @property
    def is_urgent(self) -> bool:
        """Whether it is told in quiet hours too."""
        return self.is_statutory or self.review_severity in URGENT

    @property
    def is_by_hand(self) -> bool:
        """Whether people resolve it."""
        return self.kind in BY_PEOPLE

    @property
    def thread(self) -> str:
        """The thread of all messages about it: that of its clock, if it is about one."""
        return thread_of_alert(self.kind, self.id, self.clock_id, self.review_id)


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
        source_id=clock.about.source_id,
        review_severity=clock.about.severity,
        is_statutory=clock.metric == Metric.STATUTORY,
    )


def pause_alert_id(clock: Clock, pause_from: datetime) -> UUID:
    """Return the id of the one alert that a pause of a clock can raise."""
    return uuid5(clock.id, f"{PAUSE_KIND}\n{pause_from.isoformat()}")


def pause_alert(clock: Clock, pause_from: datetime, owner: str, now: datetime) -> Alert:
    """Return the alert that something raises that the customer said while the time stood still."""
    return msgspec.structs.replace(
        breach_alert(clock, owner, now),
        id=pause_alert_id(clock, pause_from),
        kind=PAUSE_KIND,
        summary=f"{name_of(clock)}: the customer said something, or it became drastic, while the time stood still",
    )


def storm_alert(tenant_id: str, owner: str, since: datetime, summary: str) -> Alert:
    """Return the alert that a storm of messages raises."""
    return Alert(
        tenant_id=tenant_id,
        id=storm_alert_id(tenant_id, since),
        clock_id=None,
        review_id="",
        subject="",
        kind=STORM_KIND,
        severity=BREACH_SEVERITY,
        summary=summary,
        owner=owner,
        raised_at=since,
    )


def storm_alert_id(tenant_id: str, since: datetime) -> UUID:
    """Return the id of the one alert that a storm raises."""
    return uuid5(review_root(tenant_id, ""), f"{STORM_KIND}\n{since.isoformat()}")


def endpoint_alert(tenant_id: str, endpoint_id: UUID, name: str, reason: str, owner: str, now: datetime) -> Alert:
    """Return the alert that an endpoint raises which is disabled by itself.

    Args:
        tenant_id: whose.
        endpoint_id: which.
        name: of the endpoint.
        reason: why it is disabled.
        owner: who answers for it.
        now: when it is disabled.
    """
    return Alert(
        tenant_id=tenant_id,
        id=endpoint_alert_id(endpoint_id, now),
        clock_id=None,
        review_id="",
        subject="",
        kind=ENDPOINT_KIND,
        severity=BREACH_SEVERITY,
        summary=f"The endpoint {isolated(one_line(name))} is disabled: {shortened(one_line(reason), MAX_REASON_CHARS)}",
        owner=owner,
        raised_at=now,
    )


def endpoint_alert_id(endpoint_id: UUID, since: datetime) -> UUID:
    """Return the id of the one alert that an endpoint raises when it is disabled."""
    return uuid5(endpoint_id, f"{ENDPOINT_KIND}\n{since.isoformat()}")


def address_alert(tenant_id: str, address: str, reason: str, owner: str, now: datetime) -> Alert:
    """Return the alert that an address of the staff raises which is refused for good.

    Args:
        tenant_id: whose.
        address: which.
        reason: what the mail server says.
        owner: who answers for it.
        now: when it is refused.
    """
    return Alert(
        tenant_id=tenant_id,
        id=address_alert_id(tenant_id, address, now),
        clock_id=None,
        review_id="",
        subject="",
        kind=ADDRESS_KIND,
        severity=BREACH_SEVERITY,
        summary=f"Mails to {isolated(one_line(address))} are refused: {shortened(one_line(reason), MAX_REASON_CHARS)}",
        owner=owner,
        raised_at=now,
    )


def address_alert_id(tenant_id: str, address: str, since: datetime) -> UUID:
    """Return the id of the one alert that an address raises when it is refused."""
    return uuid5(review_root(tenant_id, ""), f"{ADDRESS_KIND}\n{address}\n{since.isoformat()}")


def uncaught_alert(tenant_id: str, review_id: str, review: ReviewState, owner: str, now: datetime) -> Alert:
    """Return the alert that a negative review raises which nobody catches."""
    about = about_review(review_id, review)
    return Alert(
        tenant_id=tenant_id,
        id=uncaught_alert_id(tenant_id, review_id),
        clock_id=None,
        review_id=review_id,
        subject=review.subject,
        kind=UNCAUGHT_KIND,
        severity=BREACH_SEVERITY,
        summary=f"No policy and no owner is for a {stars(review.rating)}-star review of {review.subject}",
        owner=owner,
        raised_at=now,
        source_id=review.source.id,
        review_severity=review.severity,
        title=about.title,
        excerpt=about.excerpt,
    )


def uncaught_alert_id(tenant_id: str, review_id: str) -> UUID:
    """Return the id of the one alert that a review can raise because nobody catches it."""
    return uuid5(review_root(tenant_id, review_id), UNCAUGHT_KIND)


def thread_of_alert(kind: str, alert_id: UUID, clock_id: UUID | None, review_id: str) -> str:
    """Return the thread of all messages about an alert: that of its clock or review, if it is about one."""
    if clock_id is not None:
        return thread_of(clock_id)
    return review_thread(review_id) if review_id else f"{kind}:{alert_id}"


def review_thread(review_id: str) -> str:
    """Return the thread of messages about a review that has no clock."""
    return f"review:{review_id}"


def check_by_hand(alert: Alert) -> None:
    """Say whether a person may resolve an alert.

    Raises:
        AlertResolvedError: it is resolved.
        AlertEndsOtherwiseError: something else resolves it.
    """
    if alert.state is AlertState.RESOLVED:
        raise AlertResolvedError
    if not alert.is_by_hand:
        raise AlertEndsOtherwiseError(ENDINGS.get(alert.kind, "It is resolved when what it is about is over."))


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
