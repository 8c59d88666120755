"""How alerts change: a breach raises one, the end of the run resolves it, a person acknowledges it."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import RowMapping

from plaudit.alerting.alerts import store
from plaudit.alerting.alerts.domain import (
    AlertResolvedError,
    AlertState,
    breach_alert,
    breach_alert_id,
    reason_to_resolve,
)
from plaudit.alerting.alerts.events import alert_event
from plaudit.alerting.clocks.commands import Follower
from plaudit.alerting.clocks.domain.clock import LogEntry
from plaudit.alerting.clocks.domain.clock_events import Breached, Cancelled, Fulfilled, Retracted, calls_nobody
from plaudit.common.db import SqlTx, Tx
from plaudit.common.events import Outgoing


class BreachAlerts(Follower):
    """Raises an alert for each breach, and resolves it when the run ends."""

    follows = frozenset({Breached, Fulfilled, Cancelled, Retracted})

    def __init__(self, owner_email: str) -> None:
        self._owner_email = owner_email

    def events_with(self, entry: LogEntry, now: datetime) -> Sequence[Outgoing]:
        """Publish an alert with its breach."""
        if not _raises(entry):
            return ()
        return (alert_event("alert.raised", breach_alert(entry.clock, self._owner_email, now), now, entry),)

    async def follow(self, tx: Tx, entries: Sequence[LogEntry]) -> Sequence[Outgoing]:
        """Raise and resolve alerts; return `alert.resolved` of those that were not resolved before."""
        breaches = [entry.clock for entry in entries if _raises(entry)]
        await store.raise_all(tx, [breach_alert(clock, self._owner_email, tx.now) for clock in breaches])
        reasons: dict[tuple[str, UUID], str] = {}
        causes: dict[tuple[str, UUID], LogEntry] = {}
        for entry in entries:
            reason = reason_to_resolve(entry.clock, entry.event)
            if reason is not None:
                key = (entry.clock.tenant_id, breach_alert_id(entry.clock))
                reasons[key], causes[key] = reason, entry
        resolved = await store.resolve(tx, reasons)
        return [alert_event("alert.resolved", each, tx.now, causes[each.tenant_id, each.id]) for each in resolved]


def _raises(entry: LogEntry) -> bool:
    """Say whether an entry raises an alert: a breach does, unless a change of the rules made it."""
    return isinstance(entry.event, Breached) and not calls_nobody(entry.event)


async def acknowledge(tx: SqlTx, tenant_id: str, alert_id: UUID, acknowledged_by: str) -> RowMapping | None:
    """Record that somebody looks at an alert; once it is acknowledged, this changes nothing.

    Args:
        tx: the open transaction.
        tenant_id: whose.
        alert_id: which.
        acknowledged_by: the public id of the key, or the person, as `person:<id>`.

    Returns:
        The alert, or None where there is none.

    Raises:
        AlertResolvedError: it is resolved.
    """
    await store.acknowledge(tx, tenant_id, alert_id, acknowledged_by)
    alert = await store.read_alert(tx, tenant_id, alert_id)
    if alert is not None and alert["state"] == AlertState.RESOLVED:
        raise AlertResolvedError
    return alert
