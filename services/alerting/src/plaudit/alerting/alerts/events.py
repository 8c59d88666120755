"""What alerting publishes about alerts: `alert.*` on `alerts.v1`."""

from datetime import datetime
from typing import Final

from plaudit.alerting.alerts.domain import Alert
from plaudit.alerting.clocks.commands import Cause
from plaudit.alerting.clocks.domain.clock import LogEntry
from plaudit.common.contracts import ALERTS, AlertChange
from plaudit.common.events import Outgoing

OWNER_ON_THE_BUS: Final = "owner"
"""The owner's role: no address goes on the bus."""


def alert_event(
    type_: str, alert: Alert, now: datetime, cause: LogEntry | Cause, *, until: datetime | None = None
) -> Outgoing:
    """Return the event to publish about an alert, for example `alert.raised`, in the trace of what caused it.

    Args:
        type_: what happened.
        alert: as it stands after that.
        now: the time.
        cause: what it is traced to.
        until: how long nobody is told of it, where a person said so.
    """
    return Outgoing(
        topic=ALERTS,
        key=f"{alert.tenant_id}/{alert.subject}",
        type=type_,
        subject=alert.subject or alert.kind,  # a storm is of no subject, and an event names what it is about
        tenant_id=alert.tenant_id,
        time=now,
        traceparent=cause.traceparent,
        tracestate=cause.tracestate,
        data=AlertChange(
            alert_id=str(alert.id),
            subject=alert.subject,
            kind=alert.kind,
            severity=alert.severity,
            summary=alert.summary,
            owner=OWNER_ON_THE_BUS,
            raised_at=alert.raised_at,
            clock_id=None if alert.clock_id is None else str(alert.clock_id),
            review_id=alert.review_id or None,
            reason=alert.reason,
            state=alert.state,
            until=until,
        ),
    )
