"""How an update is told: written once, and queued for every channel in the same transaction."""

from collections.abc import Collection, Sequence
from functools import partial
from typing import Final
from uuid import UUID

import msgspec

from plaudit.alerting.clocks.commands import Follower
from plaudit.alerting.clocks.domain.clock_events import StartReason
from plaudit.alerting.incidents.commands.alarms import end_alarms
from plaudit.alerting.incidents.commands.changing import Changing, lock_all
from plaudit.alerting.incidents.commands.incidents import enter, expect_update, keep
from plaudit.alerting.incidents.domain.duties import after_update
from plaudit.alerting.incidents.domain.incident import (
    MAX_NOTE_CHARS,
    MAX_UPDATES,
    UPDATED_STATES,
    Audience,
    Incident,
    IncidentRefusedError,
    State,
    UnknownIncidentError,
    check_all,
    check_follows,
    check_is_changeable,
    checked_text,
)
from plaudit.alerting.incidents.domain.messages import message_of
from plaudit.alerting.incidents.domain.update import MAX_REVISIONS, Update, Words, checked_texts
from plaudit.alerting.incidents.store import incidents, subscribers
from plaudit.alerting.incidents.store.subscribers import Subscriber
from plaudit.alerting.policies.domain.metrics import Metric
from plaudit.common.delivery import commands as deliveries
from plaudit.common.delivery.domain.message import Message, person
from plaudit.common.delivery.domain.message import subscribers as endpoints
from plaudit.common.idempotency import IdempotencyKey
from plaudit.common.outbox import UnitOfWork

_ROWS: Final = 500


async def publish(
    work: UnitOfWork,
    tenant_id: str,
    incident_id: UUID,
    texts: Sequence[Words],
    by: str,
    following: Sequence[Follower],
    *,
    state: State | None = None,
    key: IdempotencyKey | None = None,
    expected: Collection[int] | None = None,
) -> tuple[Update, bool]:
    """Publish an update over every channel of an incident; return it, and whether that was done under the key before.

    It fulfils the clock of the present update and begins that of the next one, unless the incident is resolved by it.

    Args:
        work: the open unit of work.
        tenant_id: whose.
        incident_id: of which incident.
        texts: what it says, by language; the first is shown where a reader's is not among them.
        by: who publishes it.
        following: the rooms that act on what happens to clocks.
        state: of the incident from now on; None: as it is.
        key: the caller's name for the request.
        expected: revisions of which the incident must have one; None: any.

    Raises:
        WrongIncidentError: a part of a text is missing or cannot be kept so.
        UnknownIncidentError, IncidentChangedError: as `Changing.found`.
        IncidentRefusedError: it is closed, the state cannot follow, or it has as many updates as it may.
        KeyReusedError: the key came with another request before.
    """
    wanted = checked_texts(texts)
    kept = await lock_all(work, tenant_id, incident_id, key)
    if kept is not None:
        return msgspec.json.decode(kept, type=Update), True
    changing = await Changing.found(work, tenant_id, incident_id, following, expected)
    _check(changing.incident, state)
    incident = changing.incident
    update = Update(
        tenant_id=tenant_id,
        incident_id=incident_id,
        number=incident.updates + 1,
        severity=incident.severity,
        state=state or incident.state,
        texts=wanted,
        made_by=by,
        made_at=work.tx.now,
    )
    changing.change(updates=update.number, updated_at=update.made_at)
    is_reopened = incident.state is State.RESOLVED and update.state is State.OPEN
    _told(changing, by)
    if update.state is not incident.state:
        enter(changing, update.state)
    if update.state in UPDATED_STATES and not is_reopened:
        expect_update(changing, StartReason.UPDATED)
    change = "resolved" if update.state is State.RESOLVED is not incident.state else "update"
    messages = await _messages(work, incident, update)
    data = {"update": update.number, "state": update.state}
    await changing.finish(change, by, data=data)
    await incidents.add_update(work.tx, update)
    await deliveries.queue(work.tx, messages)
    if change == "resolved":
        await end_alarms(work.tx, changing.incident, is_told=True)
    await keep(work, tenant_id, key, update)
    return update, False


async def correct(
    work: UnitOfWork,
    tenant_id: str,
    incident_id: UUID,
    number: int,
    texts: Sequence[Words],
    reason: str,
    by: str,
    following: Sequence[Follower],
    *,
    expected: Collection[int] | None = None,
) -> Update:
    """Correct what an update says, by a revision that every channel gets; what is still to leave of it does not.

    It says nothing new, so it fulfils no clock: state, severity and time of the update stay.

    Args:
        work: the open unit of work.
        tenant_id: whose.
        incident_id: of which incident.
        number: of the update.
        texts: all that it says from now on.
        reason: why, for the team.
        by: who corrects it.
        following: the rooms that act on what happens to clocks.
        expected: revisions of which the incident must have one; None: any.

    Raises:
        WrongIncidentError: a part of a text or the reason is missing, or cannot be kept so.
        UnknownIncidentError, IncidentChangedError: as `Changing.found`; there is no such update.
        IncidentRefusedError: the incident is closed, it says that already, or it was corrected too often.
    """
    check_reason = partial(checked_text, reason, "/reason", "Say why it is corrected, for your team.", MAX_NOTE_CHARS)
    check_all(lambda: checked_texts(texts), check_reason)
    wanted, why = checked_texts(texts), check_reason()
    await lock_all(work, tenant_id, incident_id, None)
    changing = await Changing.found(work, tenant_id, incident_id, following, expected)
    check_is_changeable(changing.incident)
    place = tenant_id, incident_id, number
    before = (await incidents.updates(work.tx, [place])).get(place)
    if before is None:
        raise UnknownIncidentError
    if before.texts == wanted:
        raise IncidentRefusedError("The update says that already.")
    if before.revision >= MAX_REVISIONS:
        raise IncidentRefusedError(f"An update has at most {MAX_REVISIONS} revisions. Write another update.")
    corrected = msgspec.structs.replace(
        before, revision=before.revision + 1, texts=wanted, corrected_at=work.tx.now, corrected_by=by, reason=why
    )
    messages = await _messages(work, changing.incident, corrected)
    data = {"update": number, "revision": corrected.revision}
    await changing.finish("corrected", by, note=why, data=data)
    await incidents.add_update(work.tx, corrected)
    await deliveries.queue(work.tx, messages)
    return corrected


def _check(incident: Incident, state: State | None) -> None:
    check_is_changeable(incident)
    if state is State.CLOSED:
        raise IncidentRefusedError("An update resolves an incident at most; close it afterwards, with the learnings.")
    if state is not None and state is not incident.state:
        check_follows(incident, state)
    if incident.updates >= MAX_UPDATES:
        raise IncidentRefusedError(f"An incident has at most {MAX_UPDATES:,} updates. Open another one.")


def _told(changing: Changing, by: str) -> None:
    """Fulfil the clock of the present update."""
    present = changing.clock(Metric.INCIDENT_UPDATE)
    if present is not None:
        changing.record(present, after_update(present.run, changing.work.tx.now, by))


async def _messages(work: UnitOfWork, incident: Incident, update: Update) -> list[Message]:
    """Return what is queued of an update: for the endpoints and each subscriber, whose address is read as it leaves."""
    messages = [message_of(update, endpoints(), update.texts[0].language, title=incident.title)]
    after: str | None = None
    while rows := await _page(work, incident, after):
        for each in rows:
            to = person(each.person_key, is_known_here=True)
            messages.append(message_of(update, to, each.language, title=incident.title))
        after = rows[-1].person_key
    return messages


async def _page(work: UnitOfWork, incident: Incident, after: str | None) -> Sequence[Subscriber]:
    if incident.audience is Audience.INTERNAL:
        return ()
    return await subscribers.page(work.tx, incident.tenant_id, incident.id, _ROWS, after)
