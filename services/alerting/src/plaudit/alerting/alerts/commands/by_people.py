"""What people do about alerts. Each is recorded in the audit trail, in the same transaction.

What is done to one alert is published as well, in the order of its changes: the alert's row is locked.
"""

from datetime import datetime
from uuid import UUID

import msgspec

from plaudit.alerting.alerts.commands.telling import tell, tell_acknowledged, tell_resolved
from plaudit.alerting.alerts.domain import BY_HAND, Alert, AlertState, check_by_hand
from plaudit.alerting.alerts.domain import escalation as escalations
from plaudit.alerting.alerts.domain.notes import Note, NoteKind
from plaudit.alerting.alerts.domain.silences import Scope, Silence, SilenceRefusedError, checked
from plaudit.alerting.alerts.events import alert_event
from plaudit.alerting.alerts.store import alerts as store
from plaudit.alerting.alerts.store import silences
from plaudit.alerting.audit.commands import record
from plaudit.alerting.audit.domain import About, Entry
from plaudit.alerting.changes import store as changes
from plaudit.alerting.clocks.commands import NO_CAUSE
from plaudit.alerting.people import store as people
from plaudit.alerting.people.domain import Owner, chain_of, fallback_owner
from plaudit.common.db import Tx, lock
from plaudit.common.idempotency import IdempotencyKey
from plaudit.common.idempotency import commands as idempotency
from plaudit.common.idempotency.domain import order_key as idempotency_order_key
from plaudit.common.outbox import UnitOfWork
from plaudit.common.refusals import WrongInputError
from plaudit.common.text import shows


class UnknownOwnerError(WrongInputError):
    """Nobody of the tenant's people has this address; the text says what to do."""


class NoReasonError(WrongInputError):
    """Why something is done has to be said, in words that show."""


async def acknowledge(
    work: UnitOfWork, tenant_id: str, alert_id: UUID, by: str, remind_after_seconds: int | None = None
) -> Alert | None:
    """Record that somebody looks at an alert: nobody else is told of it until its reminder.

    Once it is acknowledged, this changes nothing. When the reminder comes, it is open again and its escalation goes on.

    Args:
        work: the open unit of work.
        tenant_id: whose.
        alert_id: which.
        by: the key, as `key:<public id>`, or the person, as `person:<id>`.
        remind_after_seconds: until the reminder; by the alert's urgency, if not given.

    Returns:
        The alert, or None where there is none.

    Raises:
        AlertResolvedError: it is resolved.
    """
    tx = work.tx
    alert = await store.lock(tx, tenant_id, alert_id)
    if alert is None:
        return None
    after = escalations.acknowledged(alert, by, tx.now, remind_after_seconds)
    if after is alert or after.remind_at is None:
        return alert
    await store.save(tx, after)
    await store.postpone(tx, after, after.remind_at - tx.now)
    found = (await people.load(tx, [tenant_id]))[tenant_id]
    await store.add_steps(
        tx, [escalations.reminder_of(after, found.by_address(after.owner) or fallback_owner(after.owner))]
    )
    await tell_acknowledged(tx, after)
    await changes.note(tx, [tenant_id])
    await record(tx, _entry("alert.acknowledged", by, alert, after))
    await work.emit(alert_event("alert.acknowledged", after, tx.now, NO_CAUSE, until=after.remind_at))
    return after


async def assign(
    work: UnitOfWork, tenant_id: str, alert_id: UUID, owner: Owner, by: str, note: str = ""
) -> Alert | None:
    """Give an alert to another owner, who is told at once; its escalation begins anew.

    Args:
        work: the open unit of work.
        tenant_id: whose.
        alert_id: which.
        owner: the new owner, of the tenant's people.
        by: as of `acknowledge`.
        note: what the new owner should know.

    Returns:
        The alert, or None where there is none.

    Raises:
        AlertResolvedError: it is resolved.
    """
    tx = work.tx
    alert = await store.lock(tx, tenant_id, alert_id)
    if alert is None:
        return None
    after = escalations.assigned(alert, owner)
    await store.save(tx, after)
    await store.stop(tx, [(tenant_id, alert_id)])
    found = (await people.load(tx, [tenant_id]))[tenant_id]
    chain = chain_of(owner, found.escalation(after.subject, after.source_id, after.review_severity))
    await store.add_steps(tx, escalations.steps_of(after, chain, tx.now))
    said = f"It was assigned to you: {note}" if note else "It was assigned to you."
    await tell(tx, after, owner, Note(after.id, after.generation, NoteKind.ASSIGNED, 0, said))
    await changes.note(tx, [tenant_id])
    await record(tx, _entry("alert.assigned", by, alert, after, {"note": note} if note else {}))
    await work.emit(alert_event("alert.assigned", after, tx.now, NO_CAUSE))
    return after


async def resolve(work: UnitOfWork, tenant_id: str, alert_id: UUID, note: str, by: str) -> Alert | None:
    """Resolve an alert of whose end nothing tells us; whoever was told of it is told why.

    Args:
        work: the open unit of work.
        tenant_id: whose.
        alert_id: which.
        note: why, in words for the team.
        by: as of `acknowledge`.

    Returns:
        The alert, or None where there is none.

    Raises:
        AlertResolvedError: it is resolved.
        AlertEndsOtherwiseError: something else resolves alerts of its kind.
        NoReasonError: the note shows nothing.
    """
    tx = work.tx
    if not shows(note):
        raise NoReasonError("Write why, in a few words for your team.")
    alert = await store.lock(tx, tenant_id, alert_id)
    if alert is None:
        return None
    check_by_hand(alert)
    [after] = await store.resolve(tx, {(tenant_id, alert_id): BY_HAND})
    await tell_resolved(tx, [after], note)
    await changes.note(tx, [tenant_id])
    await record(tx, _entry("alert.resolved", by, alert, after, {"note": note}))
    await work.emit(alert_event("alert.resolved", after, tx.now, NO_CAUSE))
    return after


async def silence(
    work: UnitOfWork,
    tenant_id: str,
    silence_id: UUID,
    scope: Scope,
    until: datetime,
    reason: str,
    by: str,
    *,
    key: IdempotencyKey | None = None,
) -> Silence | None:
    """Let nothing be told of an alert or a subject until an end; what is still open then is told once.

    Args:
        work: the open unit of work.
        tenant_id: whose.
        silence_id: a new id.
        scope: what it is for.
        until: its end, at most 30 days from now.
        reason: why.
        by: as of `acknowledge`.
        key: of the request; a repeat returns the silence that the first one made.

    Returns:
        The silence, or None where there is no such alert.

    Raises:
        SilenceRefusedError: the end or the reason cannot be, or the law sets the due time of the alert's clock.
        KeyReusedError: the key came with another request before.
    """
    tx = work.tx
    kept = await _kept(tx, tenant_id, key)
    if kept is not None:
        return kept
    reason = checked(until, reason, tx.now)
    alert: Alert | None = None
    if scope.alert_id is not None:
        alert = await store.lock(tx, tenant_id, scope.alert_id)
        if alert is None:
            return None
        if alert.is_statutory:
            raise SilenceRefusedError("The law sets the due time: such an alert is never silenced.")
        if alert.state is AlertState.RESOLVED:
            raise SilenceRefusedError("The alert is resolved: there is nothing to silence.")
    made = Silence(
        tenant_id=tenant_id,
        id=silence_id,
        alert_id=scope.alert_id,
        subject_prefix=scope.subject_prefix,
        source_id=scope.source_id,
        reason=reason,
        created_at=tx.now,
        created_by=by,
        until=until,
    )
    await silences.add(tx, made)
    await changes.note(tx, [tenant_id])
    await record(tx, _silence_entry("silence.began", by, made, None, _silence_facts(made)))
    if alert is not None:
        await work.emit(alert_event("alert.silenced", alert, tx.now, NO_CAUSE, until=until))
    if key is not None:
        await idempotency.keep(tx, tenant_id, key, msgspec.json.encode(made.id).decode())
    return made


async def unsilence(tx: Tx, tenant_id: str, silence_id: UUID, by: str) -> Silence | None:
    """End a silence now; one that has ended stays as it is. What is still open is told once.

    Returns:
        The silence, or None where there is none.
    """
    before = await silences.read(tx, tenant_id, silence_id)
    if before is None or not before.is_active(tx.now):
        return before
    after = await silences.end(tx, tenant_id, silence_id, by)
    if after is None:  # somebody else has ended it meanwhile
        return await silences.read(tx, tenant_id, silence_id)
    await changes.note(tx, [tenant_id])
    await record(tx, _silence_entry("silence.ended", by, after, _silence_facts(before), _silence_facts(after)))
    return after


async def _kept(tx: Tx, tenant_id: str, key: IdempotencyKey | None) -> Silence | None:
    """Return the silence that a request made before; none where it is new."""
    if key is None:
        return None
    await lock(tx, [idempotency_order_key(tenant_id, key.key)])
    answer = await idempotency.find(tx, tenant_id, key)
    return None if answer is None else await silences.read(tx, tenant_id, msgspec.json.decode(answer, type=UUID))


def _entry(kind: str, by: str, before: Alert, after: Alert, more: dict[str, str] | None = None) -> Entry:
    return Entry(
        tenant_id=after.tenant_id,
        actor=by,
        kind=kind,
        about_kind=About.ALERT,
        about_id=str(after.id),
        before=_facts(before),
        after={**_facts(after), **(more or {})},
    )


def _facts(alert: Alert) -> dict[str, object]:
    return {"state": alert.state, "owner": alert.owner, "remind_at": alert.remind_at}


def _silence_entry(
    kind: str, by: str, about: Silence, before: dict[str, object] | None, after: dict[str, object]
) -> Entry:
    return Entry(
        tenant_id=about.tenant_id,
        actor=by,
        kind=kind,
        about_kind=About.SILENCE,
        about_id=str(about.id),
        before=before,
        after=after,
    )


def _silence_facts(each: Silence) -> dict[str, object]:
    facts: dict[str, object] = {
        "alert": each.alert_id,
        "subject": each.subject_prefix,
        "source": each.source_id,
        "reason": each.reason,
    }
    facts |= {"until": each.until, "ended_at": each.ended_at}
    return {name: value for name, value in facts.items() if value is not None}
