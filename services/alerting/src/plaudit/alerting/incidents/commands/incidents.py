"""How incidents are opened, and go on: severity, state, links, learnings."""

from collections.abc import Collection, Sequence
from typing import Final
from uuid import UUID

import msgspec

from plaudit.alerting.clocks.commands import Follower
from plaudit.alerting.clocks.domain.clock_events import StartReason
from plaudit.alerting.clocks.domain.decide import starts
from plaudit.alerting.incidents.commands.alarms import end_alarms
from plaudit.alerting.incidents.commands.changing import Changing, lock_all
from plaudit.alerting.incidents.domain.duties import after_end, after_severity, update_terms
from plaudit.alerting.incidents.domain.incident import (
    MAX_LEARNINGS_CHARS,
    MAX_LINKS,
    UPDATED_STATES,
    Draft,
    Incident,
    IncidentRefusedError,
    Kind,
    Link,
    Severity,
    State,
    UnknownIncidentError,
    WrongIncidentError,
    check_follows,
    check_is_changeable,
    checked,
    checked_links,
    checked_note,
    checked_text,
    origin_of,
    slug_of,
)
from plaudit.alerting.incidents.store import breaches, incidents
from plaudit.alerting.policies.domain.metrics import Metric
from plaudit.common import idempotency
from plaudit.common.idempotency import IdempotencyKey
from plaudit.common.outbox import UnitOfWork

NEEDS_LEARNINGS: Final = "Say what was learned: an incident is closed with its learnings."


async def create(
    work: UnitOfWork,
    tenant_id: str,
    draft: Draft,
    by: str,
    following: Sequence[Follower],
    key: IdempotencyKey | None = None,
) -> tuple[Incident, bool]:
    """Open an incident; return it, and whether it was opened before under the same key.

    The first update is due from now on, by the policy.

    Args:
        work: the open unit of work.
        tenant_id: whose.
        draft: what it is.
        by: who opens it.
        following: the rooms that act on what happens to its clocks.
        key: the caller's name for the request.

    Raises:
        WrongIncidentError: a field cannot be kept so, or a review or alert is not there.
        KeyReusedError: the key came with another request before.
    """
    wanted = checked(draft)
    tx, incident_id = work.tx, work.ids()
    kept = await lock_all(work, tenant_id, incident_id, key)
    if kept is not None:
        return msgspec.json.decode(kept, type=Incident), True
    await _check_known(work, tenant_id, wanted.links)
    incident = Incident(
        tenant_id=tenant_id,
        id=incident_id,
        slug=slug_of(wanted.title, incident_id),
        title=wanted.title,
        kind=Kind.INCIDENT,
        severity=wanted.severity,
        audience=wanted.audience,
        subjects=wanted.subjects,
        state=State.OPEN,
        opened_from=origin_of(wanted.links),
        opened_at=tx.now,
        opened_by=by,
        changed_at=tx.now,
    )
    changing = await Changing.of(work, incident, following)
    expect_update(changing, StartReason.OPENED)
    made = await changing.finish("opened", by, data={"severity": incident.severity}, is_new=True)
    await incidents.link(tx, made, wanted.links, by)
    await keep(work, tenant_id, key, made)
    return made, False


async def set_severity(
    work: UnitOfWork,
    tenant_id: str,
    incident_id: UUID,
    severity: Severity,
    by: str,
    following: Sequence[Follower],
    *,
    note: str = "",
    expected: Collection[int] | None = None,
) -> Incident:
    """Set how severe an incident is. The next update is due by the new interval, unless it is due earlier already.

    Raises:
        UnknownIncidentError, IncidentChangedError: as `Changing.found`.
        IncidentRefusedError: it is closed.
        WrongIncidentError: the note is too long.
    """
    why = checked_note(note)
    await lock_all(work, tenant_id, incident_id, None)
    changing = await Changing.found(work, tenant_id, incident_id, following, expected)
    check_is_changeable(changing.incident)
    before = changing.incident.severity
    if before is severity:
        return changing.incident
    changing.change(severity=severity)
    changing.show()
    present = changing.clock(Metric.INCIDENT_UPDATE)
    if present is not None and present.run.waiting:
        terms = update_terms(changing.incident, changing.rules)
        changing.record(present, after_severity(present.run, terms, work.tx.now))
    elif changing.incident.state in UPDATED_STATES:
        expect_update(changing, StartReason.SEVERITY_CHANGED)
    return await changing.finish("severity", by, note=why, data={"from": before, "to": severity})


async def set_state(
    work: UnitOfWork,
    tenant_id: str,
    incident_id: UUID,
    state: State,
    by: str,
    following: Sequence[Follower],
    *,
    note: str = "",
    learnings: str = "",
    expected: Collection[int] | None = None,
) -> Incident:
    """Let an incident go on to another state.

    One that is resolved or closed waits for no update; one that is opened again does from now on. People are told by
    updates alone; alarms end with the incident. Closing needs the learnings, and that the authority has been notified
    of a data breach.

    Raises:
        UnknownIncidentError, IncidentChangedError: as `Changing.found`.
        IncidentRefusedError: the state cannot follow, or the authority has not been notified.
        WrongIncidentError: the learnings are missing or too long, or the note is.
    """
    why = checked_note(note)
    await lock_all(work, tenant_id, incident_id, None)
    changing = await Changing.found(work, tenant_id, incident_id, following, expected)
    if changing.incident.state is state:
        return changing.incident
    before = changing.incident.state
    check_follows(changing.incident, state)
    if state is State.CLOSED:
        await _check_notified(work, changing.incident)
        text = checked_text(learnings, "/learnings", NEEDS_LEARNINGS, MAX_LEARNINGS_CHARS)
        changing.change(learnings=text, closed_at=work.tx.now)
    enter(changing, state)
    changed = await changing.finish(_change_of(before, state), by, note=why, data={"from": before, "to": state})
    if state is State.RESOLVED:
        await end_alarms(work.tx, changed, is_told=False)
    return changed


async def link(
    work: UnitOfWork, tenant_id: str, incident_id: UUID, links: Sequence[Link], by: str, following: Sequence[Follower]
) -> Incident:
    """Link reviews and alerts to an incident; those that are linked already stay so.

    Raises:
        UnknownIncidentError: there is none.
        IncidentRefusedError: it is closed, or would have too many.
        WrongIncidentError: a review or an alert is not there.
    """
    wanted = checked_links(links)
    await lock_all(work, tenant_id, incident_id, None)
    changing = await Changing.found(work, tenant_id, incident_id, following)
    check_is_changeable(changing.incident)
    await _check_known(work, tenant_id, wanted)
    known = {(each.kind, each.linked_id) for each in await incidents.links_of(work.tx, tenant_id, incident_id)}
    if len(known | set(wanted)) > MAX_LINKS:
        raise IncidentRefusedError(f"An incident has at most {MAX_LINKS} reviews and alerts. Open another one.")
    if not await incidents.link(work.tx, changing.incident, wanted, by):
        return changing.incident
    return await changing.finish("linked", by, data={"links": [f"{each.kind} {each.id}" for each in wanted]})


async def unlink(
    work: UnitOfWork, tenant_id: str, incident_id: UUID, link: Link, by: str, following: Sequence[Follower]
) -> Incident:
    """Undo a link.

    Raises:
        UnknownIncidentError: there is no such incident, or no such link.
        IncidentRefusedError: it is closed.
    """
    await lock_all(work, tenant_id, incident_id, None)
    changing = await Changing.found(work, tenant_id, incident_id, following)
    check_is_changeable(changing.incident)
    if not await incidents.unlink(work.tx, changing.incident, link):
        raise UnknownIncidentError
    return await changing.finish("unlinked", by, data={"links": [f"{link.kind} {link.id}"]})


def expect_update(changing: Changing, reason: StartReason) -> None:
    """Begin the clock of the next update from now on, where the policy wants one."""
    now = changing.work.tx.now
    terms = update_terms(changing.incident, changing.rules)
    if terms is not None:
        changing.begin(Metric.INCIDENT_UPDATE, starts(terms, now, now, reason))


def enter(changing: Changing, state: State) -> None:
    """Let the incident enter a state, with what that does to the clock of its next update."""
    before, now = changing.incident.state, changing.work.tx.now
    present = changing.clock(Metric.INCIDENT_UPDATE)
    changing.change(state=state)
    if state is State.RESOLVED:
        changing.change(resolved_at=now)
    if state not in UPDATED_STATES and present is not None:
        changing.record(present, after_end(present.run, now))
    if before is State.RESOLVED and state is State.OPEN:
        changing.change(resolved_at=None)
        expect_update(changing, StartReason.REOPENED)


async def keep(work: UnitOfWork, tenant_id: str, key: IdempotencyKey | None, answer: object) -> None:
    """Keep the answer to a new request under its key, where it has one."""
    if key is not None:
        await idempotency.keep(work.tx, tenant_id, key, msgspec.json.encode(answer).decode())


async def _check_known(work: UnitOfWork, tenant_id: str, links: Sequence[Link]) -> None:
    known = await incidents.known(work.tx, tenant_id, links)
    for each in links:
        if each not in known:
            raise WrongIncidentError(f"/{each.kind}s", f"There is no {each.kind} {each.id}.")


async def _check_notified(work: UnitOfWork, incident: Incident) -> None:
    if incident.kind is not Kind.DATA_BREACH:
        return
    breach = await breaches.read(work.tx, incident.tenant_id, incident.id)
    if breach is None or breach.notified_at is None:
        raise IncidentRefusedError("The authority has not been notified yet: a data breach is closed after that.")


def _change_of(before: State, state: State) -> str:
    if before is State.RESOLVED and state is State.OPEN:
        return "reopened"
    return state.value if state in {State.RESOLVED, State.CLOSED} else "state"
