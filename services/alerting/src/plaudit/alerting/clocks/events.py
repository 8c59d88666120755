"""What alerting publishes about clocks: `clock.*` on `alerts.v1`."""

from datetime import datetime
from typing import Final

from plaudit.alerting.clocks.domain.clock import LogEntry
from plaudit.alerting.clocks.domain.clock_events import (
    Breached,
    Cancelled,
    ClockEvent,
    Fulfilled,
    Retracted,
    Started,
    Warned,
)
from plaudit.common.contracts import ALERTS, ClockChange
from plaudit.common.events import Outgoing

# Not a union: one is made anew each time that it is asked.
_WITH_REASON: Final = (Started, Cancelled, Retracted)


def clock_event(entry: LogEntry, now: datetime) -> Outgoing:
    """Return the event to publish for an entry of a clock's log."""
    clock, event = entry.clock, entry.event
    about, run = clock.about, clock.run
    return Outgoing(
        topic=ALERTS,
        key=f"{clock.tenant_id}/{about.subject}",
        type=f"clock.{entry.kind}",
        subject=about.subject,
        tenant_id=clock.tenant_id,
        time=now,
        traceparent=entry.traceparent,
        tracestate=entry.tracestate,
        data=ClockChange(
            clock_id=str(clock.id),
            review_id=about.review_id or "",
            source_id=about.source_id or "",
            external_id=about.external_id or "",
            subject=about.subject,
            metric=clock.metric,
            policy_revision=run.policy.revision,
            anchor_at=run.anchor_at,
            due_at=run.due_at,
            happened_at=event.at,
            fraction=None if not isinstance(event, Warned) or event.percent is None else event.percent / 100,
            provisional=isinstance(event, Breached) and event.provisional,
            reason=_reason(event),
            about_kind=about.kind,
            about_id=about.id,
            instance=clock.instance,
            policy_id=run.policy.id,
            policy_class=run.policy.name,
            calendar=run.calendar_name,
            calendar_revision=run.calendar_revision,
            channel=event.channel if isinstance(event, Fulfilled) else None,
            by_hand=_is_by_hand(event),
            after=event.after if isinstance(event, Warned) else None,
        ),
    )


def _reason(event: ClockEvent) -> str | None:
    """Return why it happened, where that is a word of ours; what people noted stays here."""
    if isinstance(event, Breached):
        return event.cause
    return event.reason if isinstance(event, _WITH_REASON) else None


def _is_by_hand(event: ClockEvent) -> bool:
    """Say whether a person made it happen."""
    return getattr(event, "by", None) is not None
