"""What alerting publishes about clocks: `clock.*` on `alerts.v1`."""

from datetime import datetime

from plaudit.alerting.clocks.domain.clock import LogEntry
from plaudit.alerting.clocks.domain.clock_events import Breached, Cancelled, Retracted, Started, Warned
from plaudit.common.contracts import ALERTS, ClockChange
from plaudit.common.events import Outgoing


def clock_event(entry: LogEntry, now: datetime) -> Outgoing:
    """Return the event to publish for an entry of a clock's log."""
    clock, event = entry.clock, entry.event
    review, run = clock.review, clock.run
    return Outgoing(
        topic=ALERTS,
        key=f"{clock.tenant_id}/{review.subject}",
        type=f"clock.{entry.kind}",
        subject=review.subject,
        tenant_id=clock.tenant_id,
        time=now,
        traceparent=entry.traceparent,
        tracestate=entry.tracestate,
        data=ClockChange(
            clock_id=str(clock.id),
            review_id=review.id,
            source_id=review.source_id,
            external_id=review.external_id,
            subject=review.subject,
            metric=clock.metric,
            policy_revision=run.policy.revision,
            anchor_at=run.anchor_at,
            due_at=run.due_at,
            happened_at=event.at,
            fraction=event.percent / 100 if isinstance(event, Warned) else None,
            provisional=isinstance(event, Breached) and event.provisional,
            reason=event.reason if isinstance(event, Started | Cancelled | Retracted) else None,
        ),
    )
