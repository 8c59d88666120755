"""How people are told of alerts: when a step of the escalation is due, and what is asked once more as it leaves."""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final
from uuid import UUID

import msgspec

from plaudit.alerting.alerts.domain import Alert, AlertState, breach_alert_id
from plaudit.alerting.alerts.domain.escalation import AlertStep, StepKind, fired, people_of
from plaudit.alerting.alerts.domain.notes import (
    LOOKED_AT,
    RESOLVED,
    TOPIC,
    Note,
    NoteKind,
    content_of,
    message_of,
    note_of,
    unsilenced_message,
    why_withheld,
)
from plaudit.alerting.alerts.domain.silences import Silence
from plaudit.alerting.alerts.store import alerts as store
from plaudit.alerting.alerts.store import silences
from plaudit.alerting.changes import store as changes
from plaudit.alerting.clocks.domain.clock import Clock, ClockKey
from plaudit.alerting.clocks.domain.words import name_of
from plaudit.alerting.people import store as people
from plaudit.alerting.people.domain import EndpointRef, Owner, Owners, Target
from plaudit.alerting.policies.domain.metrics import Metric
from plaudit.common.db import Tx
from plaudit.common.delivery import commands as deliveries
from plaudit.common.delivery import store as delivery_store
from plaudit.common.delivery.commands import Check, Due, Verdict, Withdraw
from plaudit.common.delivery.domain.message import Channel, Message, Recipient, endpoint, mail_to
from plaudit.common.time_zones import zone_of

Withheld = Callable[[Tx, Sequence[Clock]], Awaitable[Mapping[ClockKey, str]]]
"""Clocks → why nothing is told of them now."""
REMINDER_WHY: Final = "Somebody acknowledged it, and it is not resolved: it is open again, and others are told next."
LISTED_OPEN: Final = 500
"""Alerts, and clocks, that are looked at when a silence ends."""
MAX_ERROR_CHARS: Final = 500


async def tell(tx: Tx, alert: Alert, target: Target, note: Note) -> None:
    """Queue the messages of one note to whom it is for, not before the end of the quiet hours of each."""
    await deliveries.queue(tx, messages_of(tx, alert, target, note))


def messages_of(tx: Tx, alert: Alert, target: Target, note: Note) -> list[Message]:
    """Return the messages of one note: to an endpoint, or to each person."""
    if isinstance(target, EndpointRef):
        return [message_of(note, alert, endpoint(target.id))]
    return [
        message_of(note, alert, mail_to(each.address), each.not_before(tx.now, is_urgent=alert.is_urgent))
        for each in people_of(target)
    ]


async def fire(tx: Tx, found: Sequence[Alert]) -> int:
    """Tell people of alerts whose steps are due, and open those again that were acknowledged; return how many steps.

    Args:
        tx: the open transaction.
        found: the alerts, locked.
    """
    claimed = await store.claim(tx, found)
    messages: list[Message] = []
    for alert in found:
        steps = claimed.get((alert.tenant_id, alert.id), [])
        after, telling = fired(alert, steps)
        if after is not alert:
            await store.save(tx, after)
            await store.carry_on(tx, after)
            await changes.note(tx, [after.tenant_id])
        for step in telling:
            messages += messages_of(tx, after, step.told, _note(after, step))
    await deliveries.queue(tx, messages)
    return sum(map(len, claimed.values()))


async def tell_resolved(tx: Tx, resolved: Sequence[Alert]) -> None:
    """Stop the escalations of alerts, and tell whoever heard of them that nothing is left to do."""
    await store.stop(tx, [(each.tenant_id, each.id) for each in resolved])
    messages: list[Message] = []
    for alert in resolved:
        told = await delivery_store.recipients(tx, alert.tenant_id, alert.thread, TOPIC)
        why = f"Nothing is left to do: {(alert.reason or 'it ended').replace('_', ' ')}."
        note = Note(alert.id, alert.generation, NoteKind.RESOLVED, 0, why)
        messages += [message_of(note, alert, _recipient(*each)) for each in told]
    await deliveries.queue(tx, messages)


async def tell_acknowledged(tx: Tx, alert: Alert) -> None:
    """Tell PagerDuty, where it was told of an alert, that somebody looks at it."""
    told = await delivery_store.recipients(tx, alert.tenant_id, alert.thread, TOPIC)
    note = Note(alert.id, alert.generation, NoteKind.ACKNOWLEDGED, 0, "Somebody looks at it.")
    holders = [_recipient(*each) for each in told if each[0] == Channel.PAGERDUTY]
    await deliveries.queue(tx, [message_of(note, alert, each) for each in holders])


async def set_aside(tx: Tx, alert: Alert, error: Exception) -> None:
    """Mark the due steps of an alert that cannot fire, so that they are not tried again."""
    await store.set_aside(tx, (alert.tenant_id, alert.id), f"{type(error).__name__}: {error}"[:MAX_ERROR_CHARS])


async def set_silence_aside(tx: Tx, silence: Silence, error: Exception) -> None:
    """Mark a silence whose end cannot be told, so that those behind it are."""
    await silences.set_aside(tx, silence, f"{type(error).__name__}: {error}".replace("\0", "")[:MAX_ERROR_CHARS])


async def tell_unsilenced(tx: Tx, silence: Silence, fallback: Owner) -> int:
    """Tell each owner once what is open at the end of a silence: alerts, and clocks of which mails were held back.

    Args:
        tx: the open transaction.
        silence: which has ended.
        fallback: the owner of the settings.

    Returns:
        How many alerts and clocks that is.
    """
    owners = (await people.load(tx, [silence.tenant_id]))[silence.tenant_id]
    by_owner: defaultdict[str, list[str]] = defaultdict(list)
    for alert in await silences.still_open(tx, silence, LISTED_OPEN):
        by_owner[alert.owner].append(f"{alert.summary} (since {alert.raised_at:%Y-%m-%d %H:%M} UTC)")
    for clock in await silences.still_running(tx, silence, LISTED_OPEN):
        about = clock.about
        owner = owners.owner(fallback, about.subject, about.source_id, about.severity)
        by_owner[owner.address].append(f"{name_of(clock)}: due by {clock.run.due_at:%Y-%m-%d %H:%M} UTC")
    await deliveries.queue(
        tx,
        [
            unsilenced_message(silence.tenant_id, silence.id, lines, mail_to(owner))
            for owner, lines in sorted(by_owner.items())
        ],
    )
    await silences.told(tx, silence)
    return sum(map(len, by_owner.values()))


async def withheld(tx: Tx, clocks: Sequence[Clock]) -> dict[ClockKey, str]:
    """Return clocks of which nothing is told now, and why: a silence holds, or somebody looks at the alert.

    What the law asks for is never silenced.
    """
    active = await silences.active(tx, {clock.tenant_id for clock in clocks})
    ids = {clock.key: (clock.tenant_id, breach_alert_id(clock)) for clock in clocks}
    known = await store.load(tx, set(ids.values()))
    reasons: dict[ClockKey, str] = {}
    for clock in clocks:
        alert = known.get(ids[clock.key])
        held = _silence_of(active.get(clock.tenant_id, ()), ids[clock.key][1], clock)
        if held is not None:
            reasons[clock.key] = held.in_words
        elif alert is not None and alert.state is AlertState.ACKNOWLEDGED:
            reasons[clock.key] = LOOKED_AT
    return reasons


def check_of(public_url: str, fallback: Owner) -> Check:
    """Return what composes messages about alerts as they leave, or withdraws them.

    Args:
        public_url: the address of Plaudit from outside; empty where it is not known.
        fallback: the owner of the settings.
    """

    async def check(tx: Tx, due: Sequence[Due]) -> Mapping[UUID, Verdict]:
        notes = {each.delivery.id: note for each in due if (note := note_of(each.content)) is not None}
        about = [each for each in due if each.delivery.id in notes]
        alerts = await store.load(tx, {(each.delivery.tenant_id, notes[each.delivery.id].alert_id) for each in about})
        tenants = {each.delivery.tenant_id for each in about}
        owners, active = await people.load(tx, tenants), await silences.active(tx, tenants)
        verdicts: dict[UUID, Verdict] = {}
        for each in about:
            note, tenant_id = notes[each.delivery.id], each.delivery.tenant_id
            alert = alerts.get((tenant_id, note.alert_id))
            held = "" if alert is None else _held(active.get(tenant_id, ()), alert)
            reason = why_withheld(note, alert) or held
            if reason or alert is None:
                verdicts[each.delivery.id] = Withdraw(reason or RESOLVED)
                continue
            reader = known_owner(owners[tenant_id], each.delivery.recipient, fallback)
            verdicts[each.delivery.id] = content_of(
                note,
                alert,
                owner=known_owner(owners[tenant_id], alert.owner, fallback).name,
                now=tx.now,
                zone=zone_of(reader.zone),
                public_url=public_url,
            )
        return verdicts

    return check


def known_owner(owners: Owners, address: str, fallback: Owner) -> Owner:
    """Return the person at an address, who is in the fallback's zone where nothing is known of them."""
    return owners.by_address(address) or msgspec.structs.replace(fallback, address=address, name=address)


def _note(alert: Alert, step: AlertStep) -> Note:
    if step.kind is StepKind.REMIND:
        return Note(alert.id, alert.generation, NoteKind.REMINDED, step.number, REMINDER_WHY)
    why = f"Nobody has acknowledged it: this is step {step.number} of its escalation."
    return Note(alert.id, alert.generation, NoteKind.ESCALATED, step.number, why)


def _recipient(channel: str, recipient: str) -> Recipient:
    return mail_to(recipient) if channel == Channel.EMAIL else endpoint(UUID(recipient))


def _held(active: Sequence[Silence], alert: Alert) -> str:
    if alert.is_statutory:
        return ""
    found = next((each for each in active if each.scope.holds(alert.id, alert.subject, alert.source_id)), None)
    return "" if found is None else found.in_words


def _silence_of(active: Sequence[Silence], alert_id: UUID, clock: Clock) -> Silence | None:
    if clock.metric == Metric.STATUTORY:
        return None
    about = clock.about
    return next((each for each in active if each.scope.holds(alert_id, about.subject, about.source_id)), None)
