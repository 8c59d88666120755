"""A paused clock that must not stay so unseen: an alert is raised and its owner told, once for each run."""

from collections.abc import Sequence
from datetime import datetime

from plaudit.alerting.alerts.commands.telling import messages_of, tell_resolved
from plaudit.alerting.alerts.domain import pause_alert, pause_alert_id
from plaudit.alerting.alerts.domain.escalation import AlertStep, steps_of
from plaudit.alerting.alerts.domain.notes import Note, NoteKind
from plaudit.alerting.alerts.events import alert_event
from plaudit.alerting.alerts.store import alerts as store
from plaudit.alerting.clocks.commands import Follower
from plaudit.alerting.clocks.domain.clock import LogEntry
from plaudit.alerting.clocks.domain.clock_events import Cancelled, Fulfilled, PauseOverlapped, Resumed
from plaudit.alerting.people import store as people
from plaudit.alerting.people.domain import Owner, chain_of
from plaudit.common.db import Tx
from plaudit.common.delivery import commands as deliveries
from plaudit.common.delivery.domain.message import Message
from plaudit.common.events import Outgoing

WHY = "The time of its clock stands still, and meanwhile the customer said something or it became drastic. Look at it."


class PauseAlerts(Follower):
    """Raises an alert where something happens during a pause, and resolves it when the time goes on or the run ends."""

    follows = frozenset({PauseOverlapped, Resumed, Fulfilled, Cancelled})

    def __init__(self, fallback: Owner) -> None:
        """Take the owner of the settings, who answers where a tenant names nobody."""
        self._fallback = fallback

    async def follow(self, tx: Tx, entries: Sequence[LogEntry]) -> Sequence[Outgoing]:
        """Raise and resolve alerts; return what to publish about them."""
        overlaps = {
            (each.clock.tenant_id, pause_alert_id(each.clock, each.event.pause_from)): (each, each.event.pause_from)
            for each in entries
            if isinstance(each.event, PauseOverlapped)
        }
        known = await store.load(tx, set(overlaps))
        events = await self._raise(tx, [overlap for key, overlap in overlaps.items() if key not in known])
        over = {
            (each.clock.tenant_id, pause_alert_id(each.clock, pause.from_at)): each
            for each in entries
            if not isinstance(each.event, PauseOverlapped)
            for pause in each.clock.run.pauses
            if pause.said_at is not None
        }
        resolved = await store.resolve(tx, {key: _reason(each) for key, each in over.items()})
        await tell_resolved(tx, resolved)
        ended = [alert_event("alert.resolved", each, tx.now, over[each.tenant_id, each.id]) for each in resolved]
        return [*events, *ended]

    async def _raise(self, tx: Tx, overlaps: Sequence[tuple[LogEntry, datetime]]) -> list[Outgoing]:
        if not overlaps:
            return []
        owners = await people.load(tx, {each.clock.tenant_id for each, _ in overlaps})
        alerts = []
        steps: list[AlertStep] = []
        messages: list[Message] = []
        for each, pause_from in overlaps:
            about, of = each.clock.about, owners[each.clock.tenant_id]
            owner = of.owner(self._fallback, about.subject, about.source_id, about.severity)
            alert = pause_alert(each.clock, pause_from, owner.address, tx.now)
            alerts.append(alert)
            chain = chain_of(owner, of.escalation(about.subject, about.source_id, about.severity))
            steps += steps_of(alert, chain, tx.now)
            messages += messages_of(tx, alert, owner, Note(alert.id, alert.generation, NoteKind.RAISED, 0, WHY))
        await store.raise_all(tx, alerts)
        await store.add_steps(tx, steps)
        await deliveries.queue(tx, messages)
        both = zip(alerts, overlaps, strict=True)
        return [alert_event("alert.raised", alert, tx.now, cause) for alert, (cause, _) in both]


def _reason(entry: LogEntry) -> str:
    return str(entry.event.reason) if isinstance(entry.event, Cancelled) else entry.kind
