"""What is done about a data breach. Its clock runs 72 hours from awareness, and is never paused or silenced."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec

from plaudit.alerting.calendars.domain.timeline import FIRST_YEAR
from plaudit.alerting.clocks.commands import Follower
from plaudit.alerting.clocks.domain import by_hand
from plaudit.alerting.clocks.domain.clock_events import StartReason
from plaudit.alerting.clocks.domain.decide import starts
from plaudit.alerting.incidents.commands.changing import Changing, lock_all
from plaudit.alerting.incidents.domain.breach import (
    NOTICE,
    Breach,
    Counted,
    check_place,
    checked_notified,
    checked_part,
    checked_people,
    checked_reason,
    checked_said,
)
from plaudit.alerting.incidents.domain.duties import statutory_terms
from plaudit.alerting.incidents.domain.incident import (
    Incident,
    IncidentRefusedError,
    Kind,
    WrongIncidentError,
    check_all,
    check_is_changeable,
)
from plaudit.alerting.incidents.store import breaches
from plaudit.alerting.policies.domain.metrics import Metric
from plaudit.common.outbox import UnitOfWork

NO_BREACH: Final = "The incident is no data breach. Say so first, and since when you know."
IN_THE_FUTURE: Final = "Nobody becomes aware of something in the future."


async def declare(
    work: UnitOfWork,
    tenant_id: str,
    incident_id: UUID,
    breach: Breach,
    by: str,
    following: Sequence[Follower],
    *,
    expected: Collection[int] | None = None,
) -> Incident:
    """Say that an incident is a data breach, since when that is known, and whose days count. The clock begins.

    Raises:
        UnknownIncidentError, IncidentChangedError: as `Changing.found`.
        IncidentRefusedError: it is closed, or a data breach already.
        WrongIncidentError: the time is in the future; zone, country or subdivision is none.
    """
    await lock_all(work, tenant_id, incident_id, None)
    changing = await Changing.found(work, tenant_id, incident_id, following, expected)
    check_is_changeable(changing.incident)
    if changing.incident.kind is Kind.DATA_BREACH:
        raise IncidentRefusedError("It is a data breach already. Correct the time of awareness, if it is wrong.")
    now = work.tx.now
    _check_aware_at(breach.aware_at, now)
    check_place(breach)
    changing.change(kind=Kind.DATA_BREACH)
    terms = statutory_terms(changing.incident, changing.rules)
    changing.begin(Metric.STATUTORY, starts(terms, now, breach.aware_at, StartReason.AWARE))
    await breaches.save(work.tx, breach)
    return await changing.finish("breach_declared", by, data={"aware_at": breach.aware_at})


async def correct_awareness(
    work: UnitOfWork,
    tenant_id: str,
    incident_id: UUID,
    aware_at: datetime,
    reason: str,
    by: str,
    following: Sequence[Follower],
    *,
    expected: Collection[int] | None = None,
) -> Incident:
    """Correct since when a data breach is known; the 72 hours count from then. The log says who did it, when and why.

    Raises:
        UnknownIncidentError, IncidentChangedError: as `Changing.found`.
        IncidentRefusedError: it is no data breach, or closed.
        WrongIncidentError: the time is in the future, or the reason is missing.
        ClockRefusedError: the authority was notified before that time.
    """
    why = checked_reason(reason)
    changing, breach = await _found(work, tenant_id, incident_id, following, expected)
    _check_aware_at(aware_at, work.tx.now)
    if aware_at == breach.aware_at:
        return changing.incident
    clock = changing.clock(Metric.STATUTORY)
    assert clock is not None, "a data breach has its clock from the beginning"
    terms = changing.rules.pinned(tenant_id, clock.run.pin)
    changing.record(
        clock,
        by_hand.correct_anchor(clock.run, terms, anchor_at=aware_at, at=work.tx.now, reason=why, by=by),
    )
    await breaches.save(work.tx, msgspec.structs.replace(breach, aware_at=aware_at))
    data = {"from": breach.aware_at, "to": aware_at}
    return await changing.finish("awareness_corrected", by, note=why, data=data)


async def write_notice(
    work: UnitOfWork,
    tenant_id: str,
    incident_id: UUID,
    parts: dict[str, str],
    by: str,
    following: Sequence[Follower],
    *,
    expected: Collection[int] | None = None,
) -> Incident:
    """Write the notice to the authority, as far as it is known; each version stays in the log.

    Raises:
        UnknownIncidentError, IncidentChangedError: as `Changing.found`.
        IncidentRefusedError: it is no data breach, or closed.
        WrongIncidentError: a part is too long.
    """
    kept = {name: checked_part(parts[name], name) for name in NOTICE}
    changing, breach = await _found(work, tenant_id, incident_id, following, expected)
    await breaches.save(work.tx, msgspec.structs.replace(breach, **kept))
    return await changing.finish("notice_written", by, data=kept)


async def count_affected(
    work: UnitOfWork, tenant_id: str, incident_id: UUID, counted: Counted, by: str, following: Sequence[Follower]
) -> Incident:
    """Note how many people are affected, and how that is known; a list itself is not kept.

    Raises:
        UnknownIncidentError: there is none.
        IncidentRefusedError: it is no data breach, or closed.
    """
    changing, breach = await _found(work, tenant_id, incident_id, following)
    known = msgspec.structs.replace(
        breach,
        affected=counted.people,
        affected_by=counted.by,
        affected_method=counted.method,
        affected_hash=counted.list_hash,
    )
    await breaches.save(work.tx, known)
    data = {"count": counted.people, "by": counted.by, "list_hash": counted.list_hash}
    return await changing.finish("affected_counted", by, note=counted.method, data=data)


async def notify_authority(
    work: UnitOfWork,
    tenant_id: str,
    incident_id: UUID,
    *,
    notified_at: datetime,
    channel: str,
    reference: str,
    note: str,
    by: str,
    following: Sequence[Follower],
    expected: Collection[int] | None = None,
) -> Incident:
    """Note that the authority has been notified, which fulfils the clock.

    Args:
        work: the open unit of work.
        tenant_id: whose.
        incident_id: of which incident.
        notified_at: when.
        channel: by which way.
        reference: under which number the authority has it.
        note: what was sent, in words.
        by: who notes it.
        following: the rooms that act on what happens to clocks.
        expected: revisions of which the incident must have one; None: any.

    Raises:
        UnknownIncidentError, IncidentChangedError: as `Changing.found`.
        IncidentRefusedError: it is no data breach, or closed.
        WrongIncidentError: reference or note is missing.
        ClockRefusedError: it was notified before, or the time cannot be.
    """
    number, words = checked_notified(reference, note)
    changing, breach = await _found(work, tenant_id, incident_id, following, expected)
    clock = changing.clock(Metric.STATUTORY)
    assert clock is not None, "a data breach has its clock from the beginning"
    events = by_hand.fulfil(clock.run, at=notified_at, now=work.tx.now, channel=channel, note=words, by=by)
    changing.record(clock, events)
    notified = msgspec.structs.replace(
        breach,
        notified_at=notified_at,
        notified_channel=channel,
        notified_reference=number,
        notified_note=words,
        notified_by=by,
    )
    await breaches.save(work.tx, notified)
    data = {"at": notified_at, "channel": channel, "reference": number}
    return await changing.finish("authority_notified", by, note=words, data=data)


async def tell_people(
    work: UnitOfWork,
    tenant_id: str,
    incident_id: UUID,
    *,
    told: int,
    not_told: int,
    channel: str,
    note: str,
    by: str,
    following: Sequence[Follower],
) -> Incident:
    """Note how many of the people affected have been told, and how many have not.

    Raises:
        UnknownIncidentError: there is none.
        IncidentRefusedError: it is no data breach, or closed.
        WrongIncidentError: a number cannot be, or the note is missing.
    """
    check_all(
        lambda: checked_people(told, "told"),
        lambda: checked_people(not_told, "not_told"),
        lambda: checked_said(note),
    )
    words = checked_said(note)
    changing, breach = await _found(work, tenant_id, incident_id, following)
    now = work.tx.now
    await breaches.save(
        work.tx,
        msgspec.structs.replace(
            breach, people_told=told, people_not_told=not_told, people_channel=channel, people_told_at=now
        ),
    )
    return await changing.finish(
        "people_told", by, note=words, data={"told": told, "not_told": not_told, "channel": channel}
    )


async def _found(
    work: UnitOfWork,
    tenant_id: str,
    incident_id: UUID,
    following: Sequence[Follower],
    expected: Collection[int] | None = None,
) -> tuple[Changing, Breach]:
    await lock_all(work, tenant_id, incident_id, None)
    changing = await Changing.found(work, tenant_id, incident_id, following, expected)
    check_is_changeable(changing.incident)
    breach = await breaches.read(work.tx, tenant_id, incident_id)
    if breach is None:
        raise IncidentRefusedError(NO_BREACH)
    return changing, breach


def _check_aware_at(aware_at: datetime, now: datetime) -> None:
    """Refuse an instant that no due time can be counted from."""
    if aware_at > now:
        raise WrongIncidentError("/aware_at", IN_THE_FUTURE)
    if aware_at.year <= FIRST_YEAR:
        raise WrongIncidentError(
            "/aware_at", f"Name a time after the year {FIRST_YEAR}: nothing is counted from before."
        )
