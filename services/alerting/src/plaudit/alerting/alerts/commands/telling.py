"""How people are told of alerts: when a step of the escalation is due, at the end of a silence, and of the end."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

import msgspec

from plaudit.alerting.alerts.domain import Alert, AlertState, breach_alert_id
from plaudit.alerting.alerts.domain.escalation import AlertStep, StepKind, fired, owner_now, people_of, present
from plaudit.alerting.alerts.domain.notes import LOOKED_AT, TOPIC, Note, NoteKind, message_of
from plaudit.alerting.alerts.domain.silences import Silence
from plaudit.alerting.alerts.store import alerts as store
from plaudit.alerting.alerts.store import silences
from plaudit.alerting.audit.commands import record
from plaudit.alerting.audit.domain import SYSTEM, About, Entry
from plaudit.alerting.changes import store as changes
from plaudit.alerting.clocks.domain.clock import Clock, ClockKey
from plaudit.alerting.mails import commands as clock_mails
from plaudit.alerting.people import store as people
from plaudit.alerting.people.domain import EndpointRef, Owner, Owners, Target
from plaudit.alerting.policies.domain.metrics import Metric
from plaudit.common.db import Tx
from plaudit.common.db.storable import reason_of
from plaudit.common.delivery import commands as deliveries
from plaudit.common.delivery import store as delivery_store
from plaudit.common.delivery.domain.message import Channel, Message, Recipient, endpoint, mail_to

REMINDER_WHY: Final = "Somebody acknowledged it, and it is not resolved: it is open again, and others are told next."
UNSILENCED_WHY: Final = "A silence held back what was to be told of it. The silence has ended, and it is still open."
READ_AT_A_TIME: Final = 500
"""Alerts, and clocks, when a silence ends."""


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


async def fire(tx: Tx, found: Sequence[Alert], fallback: Owner) -> int:
    """Tell people of alerts whose steps are due, and open those again that were acknowledged; return how many steps.

    Who is told is looked up now. An alert whose owner has left belongs to whoever answers for its subject.

    Args:
        tx: the open transaction.
        found: the alerts, locked.
        fallback: the owner of the settings.
    """
    claimed = await store.claim(tx, found)
    owners = await people.load(tx, {alert.tenant_id for alert in found}) if found else {}
    messages: list[Message] = []
    for alert in found:
        of = owners[alert.tenant_id]
        steps = claimed.get((alert.tenant_id, alert.id), [])
        after, telling = fired(alert, steps)
        if telling:
            after = await _with_present_owner(tx, after, of, fallback)
        if after is not alert:
            await store.save(tx, after)
            await store.carry_on(tx, after)
            await changes.note(tx, [after.tenant_id])
        targets = {present(step.told, after, of, fallback): step for step in telling}
        for target, step in targets.items():
            messages += messages_of(tx, after, target, _note(after, step))
    await deliveries.queue(tx, messages)
    return sum(map(len, claimed.values()))


async def _with_present_owner(tx: Tx, alert: Alert, owners: Owners, fallback: Owner) -> Alert:
    """Return an alert that belongs to somebody who is there; the audit trail says where that is another."""
    owner = owner_now(alert, owners, fallback)
    if owner.address == alert.owner:
        return alert
    await record(
        tx,
        Entry(
            tenant_id=alert.tenant_id,
            actor=SYSTEM,
            kind="alert.assigned",
            about_kind=About.ALERT,
            about_id=str(alert.id),
            before={"owner": alert.owner},
            after={"owner": owner.address, "note": "the owner of before is not among the owners any more"},
        ),
    )
    return msgspec.structs.replace(alert, owner=owner.address)


async def tell_resolved(tx: Tx, resolved: Sequence[Alert], note: str = "") -> None:
    """Stop the escalations of alerts, and tell whoever heard of them that nothing is left to do.

    Args:
        tx: the open transaction.
        resolved: the alerts, as they are now.
        note: what a person who resolved them says of it.
    """
    await store.stop(tx, [(each.tenant_id, each.id) for each in resolved])
    messages: list[Message] = []
    for alert in resolved:
        told = await delivery_store.recipients(tx, alert.tenant_id, alert.thread, TOPIC)
        why = f"Nothing is left to do: {note or (alert.reason or 'it ended').replace('_', ' ') + '.'}"
        said = Note(alert.id, alert.generation, NoteKind.RESOLVED, 0, why)
        messages += [message_of(said, alert, _recipient(*each)) for each in told]
    await deliveries.queue(tx, messages)


async def tell_acknowledged(tx: Tx, alert: Alert) -> None:
    """Tell PagerDuty, where it was told of an alert, that somebody looks at it."""
    told = await delivery_store.recipients(tx, alert.tenant_id, alert.thread, TOPIC)
    note = Note(alert.id, alert.generation, NoteKind.ACKNOWLEDGED, 0, "Somebody looks at it.")
    holders = [_recipient(*each) for each in told if each[0] == Channel.PAGERDUTY]
    await deliveries.queue(tx, [message_of(note, alert, each) for each in holders])


async def set_aside(tx: Tx, alert: Alert, error: Exception) -> None:
    """Mark the due steps of an alert that cannot fire, so that they are not tried again."""
    await store.set_aside(tx, (alert.tenant_id, alert.id), reason_of(error))


async def set_silence_aside(tx: Tx, silence: Silence, error: Exception) -> None:
    """Mark a silence whose end cannot be told, so that those behind it are."""
    await silences.set_aside(tx, silence, reason_of(error))


async def tell_unsilenced(tx: Tx, silence: Silence, fallback: Owner) -> int:
    """Tell owners what is open at the end of a silence: alerts, and clocks of which mails were held back.

    Each is a message in its own thread, so that what becomes of it reaches whoever was told; they are gathered.

    Args:
        tx: the open transaction.
        silence: which has ended.
        fallback: the owner of the settings.

    Returns:
        How many alerts and clocks that is.
    """
    owners = (await people.load(tx, [silence.tenant_id]))[silence.tenant_id]
    told = 0
    last: silences.ListKey | None = None
    while found := await silences.still_open(tx, silence, last, READ_AT_A_TIME):
        last = found[-1].raised_at, found[-1].id
        await deliveries.queue(tx, [_unsilenced(tx, alert, silence, owners, fallback) for alert in found])
        told += len(found)
    last = None
    while running := await silences.still_running(tx, silence, last, READ_AT_A_TIME):
        last = running[-1].run.due_at, running[-1].id
        await clock_mails.tell_unsilenced(tx, running, silence.id, owners, fallback)
        told += len(running)
    await silences.told(tx, silence)
    return told


def _unsilenced(tx: Tx, alert: Alert, silence: Silence, owners: Owners, fallback: Owner) -> Message:
    note = Note(alert.id, alert.generation, NoteKind.UNSILENCED, 0, UNSILENCED_WHY, silence.id)
    [message] = messages_of(tx, alert, owner_now(alert, owners, fallback), note)
    return message


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


def _note(alert: Alert, step: AlertStep) -> Note:
    if step.kind is StepKind.REMIND:
        return Note(alert.id, alert.generation, NoteKind.REMINDED, step.number, REMINDER_WHY)
    return Note(
        alert.id, alert.generation, NoteKind.ESCALATED, step.number, f"Nobody has acknowledged it: {_said(step)}."
    )


def _said(step: AlertStep) -> str:
    if not step.repetition:
        return f"this is step {step.place} of its escalation"
    if not step.place:
        return f"its escalation begins again (repetition {step.repetition})"
    return f"this is step {step.place} of its escalation again (repetition {step.repetition})"


def _recipient(channel: str, recipient: str) -> Recipient:
    return mail_to(recipient) if channel == Channel.EMAIL else endpoint(UUID(recipient))


def _silence_of(active: Sequence[Silence], alert_id: UUID, clock: Clock) -> Silence | None:
    if clock.metric == Metric.STATUTORY:
        return None
    about = clock.about
    return next((each for each in active if each.scope.holds(alert_id, about.subject, about.source_id)), None)
