"""What clocks do to alerts: a breach raises one and begins its escalation, the end of the run resolves it."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from plaudit.alerting.alerts.commands.telling import tell_resolved
from plaudit.alerting.alerts.domain import (
    Alert,
    breach_alert,
    breach_alert_id,
    reason_to_resolve,
)
from plaudit.alerting.alerts.domain.escalation import AlertStep, steps_of
from plaudit.alerting.alerts.events import alert_event
from plaudit.alerting.alerts.store import alerts as store
from plaudit.alerting.clocks.commands import Follower
from plaudit.alerting.clocks.domain.clock import Clock, LogEntry
from plaudit.alerting.clocks.domain.clock_events import Breached, Cancelled, Fulfilled, Retracted, calls_nobody
from plaudit.alerting.people import store as people
from plaudit.alerting.people.domain import Owner, Owners, chain_of
from plaudit.common.db import Tx
from plaudit.common.events import Outgoing


class BreachAlerts(Follower):
    """Raises an alert for each breach, and resolves it when the run ends."""

    follows = frozenset({Breached, Fulfilled, Cancelled, Retracted})

    def __init__(self, fallback: Owner) -> None:
        """Take the owner of the settings, who answers where a tenant names nobody."""
        self._fallback = fallback

    def events_with(self, entry: LogEntry, now: datetime) -> Sequence[Outgoing]:
        """Publish an alert with its breach."""
        if not _raises(entry):
            return ()
        return (alert_event("alert.raised", breach_alert(entry.clock, self._fallback.address, now), now, entry),)

    async def follow(self, tx: Tx, entries: Sequence[LogEntry]) -> Sequence[Outgoing]:
        """Raise and resolve alerts; return `alert.resolved` of those that were not resolved before."""
        breaches = [entry.clock for entry in entries if _raises(entry)]
        await self._raise(tx, breaches)
        reasons: dict[tuple[str, UUID], str] = {}
        causes: dict[tuple[str, UUID], LogEntry] = {}
        for entry in entries:
            reason = reason_to_resolve(entry.clock, entry.event)
            if reason is not None:
                key = (entry.clock.tenant_id, breach_alert_id(entry.clock))
                reasons[key], causes[key] = reason, entry
        resolved = await store.resolve(tx, reasons)
        await tell_resolved(tx, resolved)
        return [alert_event("alert.resolved", each, tx.now, causes[each.tenant_id, each.id]) for each in resolved]

    async def _raise(self, tx: Tx, breaches: Sequence[Clock]) -> None:
        """Raise alerts, and begin their escalations. The owner is told at once, by the mail about the clock."""
        owners = await people.load(tx, {clock.tenant_id for clock in breaches}) if breaches else {}
        raised: list[Alert] = []
        steps: list[AlertStep] = []
        for clock in breaches:
            alert, chain = _escalated(clock, owners[clock.tenant_id], self._fallback, tx.now)
            raised.append(alert)
            steps += chain
        await store.raise_all(tx, raised)
        await store.add_steps(tx, steps)


def _escalated(clock: Clock, owners: Owners, fallback: Owner, now: datetime) -> tuple[Alert, list[AlertStep]]:
    """Return the alert of a breach with its owner, and who is told after them."""
    of = clock.about.subject, clock.about.source_id, clock.about.severity
    owner = owners.owner(fallback, *of)
    alert = breach_alert(clock, owner.address, now)
    return alert, steps_of(alert, chain_of(owner, owners.escalation(*of)), now)


def _raises(entry: LogEntry) -> bool:
    """Say whether an entry raises an alert: a breach does, unless a change of the rules made it."""
    return isinstance(entry.event, Breached) and not calls_nobody(entry.event)
