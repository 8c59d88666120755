"""What is to come for a person by the rules in force: a pure function of both.

Of a schedule that repeats only the next occurrence is planned; the one after it when that has fired. What would have
been due before the date on which it was told is not made up for: years of history call nobody.
"""

from collections.abc import Collection, Iterable, Iterator
from datetime import date, datetime, timedelta
from enum import StrEnum
from itertools import count, islice
from typing import Final, NamedTuple

from plaudit.alerting.cadences.domain.person import Person
from plaudit.alerting.cadences.domain.rules import (
    AfterEvent,
    BeforeRenewal,
    Monthly,
    Purpose,
    Revision,
    Rule,
    SinceContact,
    Trigger,
    Weekly,
)
from plaudit.alerting.calendars.domain.local_times import A_DAY, add_months, at_local, existing_date, local_date
from plaudit.alerting.calendars.domain.timeline import FIRST_YEAR, LAST_YEAR
from plaudit.common.contracts.subjects import is_within

A_WEEK: Final = 7


class Step(StrEnum):
    """Which contact of an occurrence it is."""

    FIRST = "first"
    REMINDER = "reminder"


class OccurrenceKey(NamedTuple):
    """What an occurrence is, once and for ever: it fires at most once."""

    rule: str
    step: Step
    local_date: date


class Occurrence(NamedTuple):
    """One contact that is still to come. The digest's has an empty person."""

    tenant_id: str
    person: str
    rule: str
    step: Step
    local_date: date
    revision: int
    generation: int
    anchor_at: datetime
    due_at: datetime

    @property
    def key(self) -> OccurrenceKey:
        """What it is."""
        return OccurrenceKey(self.rule, self.step, self.local_date)


def applies(rule: Rule, person: Person) -> bool:
    """Say whether a rule is for a person: by stage and subject alone, whatever the person has said."""
    is_in_stage = not rule.stages or person.stage in rule.stages
    return rule.purpose is not Purpose.DIGEST and is_in_stage and _is_below(person.subject, rule.subject)


def anchor_of(rule: Rule, person: Person) -> datetime | None:
    """Return the instant that a rule counts from; None where that has not happened.

    What is told with the first or the last of all years, as by programs that mean never, is no such instant: no date
    could be counted from it.
    """
    anchor_at = _told_anchor(rule, person)
    is_counted = anchor_at is not None and FIRST_YEAR <= anchor_at.year <= LAST_YEAR
    return anchor_at if is_counted else None


def _told_anchor(rule: Rule, person: Person) -> datetime | None:
    match rule.schedule:
        case AfterEvent(event=event):
            return person.event_at(event)
        case BeforeRenewal():
            return person.renews_at
        case SinceContact():
            # A contact of an earlier stage says nothing about this one.
            stage_at, contact_at = person.stage_at, person.contact_at
            return max(stage_at, contact_at) if stage_at and contact_at else stage_at or contact_at
        case Monthly():
            return person.stage_at
        case Weekly():
            return person.stage_at or person.subject_at


def has_responded(rule: Rule, person: Person, anchor_at: datetime) -> bool:
    """Say whether a rule has ended because the person has responded since its anchor."""
    response_at = person.response_at
    return rule.until_response and response_at is not None and response_at >= anchor_at


def plan(
    person: Person,
    revision: Revision,
    since: datetime,
    *,
    fired: Collection[OccurrenceKey],
    pending: Iterable[Occurrence],
) -> list[Occurrence]:
    """Return everything that is to come for a person, whether they want to hear of it or not.

    What a person wants is decided when something comes due: by then they may have chosen anew.

    Args:
        person: as it stands now.
        revision: the rules in force.
        since: what was due before its local date is not made up for: when the last of it was told, or now.
        fired: what has come due of this person on that date or later.
        pending: what was planned so far. What still follows from the rules stays, due or not.
    """
    zone = revision.zone
    floor = local_date(zone, max(revision.active_from, since))
    planned: dict[OccurrenceKey, Occurrence] = {}
    for rule in revision.cadences.rules:
        if not applies(rule, person):
            continue
        anchor_at = anchor_of(rule, person)
        mine = [each for each in pending if each.rule == rule.id and not has_responded(rule, person, each.anchor_at)]
        kept = [_renewed(rule, each, person, revision) for each in mine if _stays(rule, each, anchor_at, revision)]
        planned |= {each.key: each for each in kept}
        if anchor_at is None or has_responded(rule, person, anchor_at):
            continue
        if not (_repeats(rule) and kept):
            planned |= {each.key: each for each in _new(rule, person, revision, anchor_at, floor, {*fired, *planned})}
    return list(planned.values())


def next_digest(rule: Rule, revision: Revision, after: date | None) -> Occurrence:
    """Return the next occurrence of a digest.

    Args:
        rule: of the purpose `digest`.
        revision: the rules in force.
        after: the local date of the one before; None where there was none.
    """
    zone = revision.zone
    assert isinstance(rule.schedule, Weekly), "a digest is of a week"
    first = local_date(zone, revision.active_from)
    if after is not None:
        first = max(first, after + A_DAY)
    elif at_local(zone, first, rule.at) < revision.active_from:
        first += A_DAY
    day = existing_date(zone, _weekday_from(rule.schedule, first))
    due_at = at_local(zone, day, rule.at)
    return Occurrence(
        revision.tenant_id, "", rule.id, Step.FIRST, day, revision.number, 1, revision.active_from, due_at
    )


def last_due(rule: Rule, revision: Revision, due: Occurrence, now: datetime) -> Occurrence:
    """Return the newest occurrence of a digest that is due, where one is that was missed: it is told in its place."""
    while (later := next_digest(rule, revision, due.local_date)).due_at <= now:
        due = later
    return due


def reminder_of(rule: Rule, fired: Occurrence, revision: Revision, now: datetime) -> Occurrence | None:
    """Return the reminder of an invitation that has just been given; None where the rule has none."""
    if rule.reminder_after_days is None or fired.step is Step.REMINDER:
        return None
    zone = revision.zone
    day = existing_date(zone, local_date(zone, now) + timedelta(days=rule.reminder_after_days))
    return fired._replace(step=Step.REMINDER, local_date=day, anchor_at=now, due_at=at_local(zone, day, rule.at))


def dates(rule: Rule, anchor: date, floor: date) -> Iterator[date]:
    """Yield the local dates of a rule from `floor` on, in order; without end where it repeats."""
    match rule.schedule:
        case AfterEvent(days=days):
            yield from (each for days_after in days if (each := anchor + timedelta(days=days_after)) >= floor)
        case BeforeRenewal(days=days):
            yield from (each for days_before in days if (each := anchor - timedelta(days=days_before)) >= floor)
        case SinceContact(every_days=every):
            first = max(1, -((anchor - floor).days // every))
            yield from (anchor + timedelta(days=every * n) for n in count(first))
        case Monthly():
            skipped = max(0, (floor.year - anchor.year) * 12 + floor.month - anchor.month - 1)
            later = (add_months(anchor, n) for n in count(max(1, skipped)))
            yield from (each for each in later if each >= floor)
        case Weekly() as weekly:
            first_day = _weekday_from(weekly, max(floor, anchor))
            yield from (first_day + timedelta(days=A_WEEK * n) for n in count())


def _repeats(rule: Rule) -> bool:
    return isinstance(rule.schedule, SinceContact | Monthly | Weekly)


def _stays(rule: Rule, occurrence: Occurrence, anchor_at: datetime | None, revision: Revision) -> bool:
    """Say whether what was planned by a rule still follows from it."""
    if occurrence.step is Step.REMINDER:
        return rule.reminder_after_days is not None
    if _repeats(rule):
        return occurrence.revision == revision.number and occurrence.anchor_at == anchor_at
    # Each ticket and each purchase is followed by itself; of a stage and of a renewal only the present one counts.
    is_of_each = isinstance(rule.schedule, AfterEvent) and rule.schedule.event is not Trigger.STAGE_ENTERED
    if not is_of_each and occurrence.anchor_at != anchor_at:
        return False
    zone = revision.zone
    own = dates(rule, local_date(zone, occurrence.anchor_at), date.min)
    return occurrence.local_date in {existing_date(zone, each) for each in own}


def _renewed(rule: Rule, occurrence: Occurrence, person: Person, revision: Revision) -> Occurrence:
    """Return what was planned under the present generation and revision; a moved due time stays within a revision."""
    renewed = occurrence._replace(generation=person.generation)
    if occurrence.revision == revision.number:
        return renewed
    due_at = at_local(revision.zone, occurrence.local_date, rule.at)
    return renewed._replace(revision=revision.number, due_at=due_at)


def _new(
    rule: Rule, person: Person, revision: Revision, anchor_at: datetime, floor: date, taken: Collection[OccurrenceKey]
) -> list[Occurrence]:
    """Return what a rule adds: all that is left of a finite schedule, the next one of another."""
    zone = revision.zone
    days = (existing_date(zone, each) for each in dates(rule, local_date(zone, anchor_at), floor))
    free = (day for day in days if OccurrenceKey(rule.id, Step.FIRST, day) not in taken)
    return [
        Occurrence(
            person.tenant_id,
            person.person,
            rule.id,
            Step.FIRST,
            day,
            revision.number,
            person.generation,
            anchor_at,
            at_local(zone, day, rule.at),
        )
        for day in (islice(free, 1) if _repeats(rule) else free)
    ]


def _weekday_from(schedule: Weekly, day: date) -> date:
    """Return the first such weekday on or after a date."""
    return day + timedelta(days=(schedule.weekday - day.weekday()) % A_WEEK)


def _is_below(subject: str, root: str | None) -> bool:
    return root is None or is_within(subject, root)
