"""Plans of customers, walked through time as the job does: each occurrence fires, and the next is planned."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import msgspec

from plaudit.alerting.cadences.domain.default import DEFAULT
from plaudit.alerting.cadences.domain.person import Happening, Person, Told, first_of, tell
from plaudit.alerting.cadences.domain.plan import Occurrence, plan
from plaudit.alerting.cadences.domain.rules import Purpose, Revision, Rule, Schedule

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)


def rule(schedule: Schedule, **more: Any) -> Rule:
    """A rule of touchpoints at nine."""
    return Rule(**{"id": "r", "title": "R", "purpose": Purpose.TOUCHPOINT, "schedule": schedule, "at": time(9), **more})


def revision(
    *rules: Rule, zone: str = "Europe/Berlin", active_from: datetime = NOON - timedelta(days=1000), number: int = 1
) -> Revision:
    """The rules in force; those of a tenant that has set none, if none is given."""
    cadences = msgspec.structs.replace(DEFAULT, zone=zone, rules=rules or DEFAULT.rules)
    return Revision(tenant_id="default", number=number, cadences=cadences, active_from=active_from, saved_by="built in")


def happening(told: Told, at: datetime = NOON, received: datetime | None = None, **more: Any) -> Happening:
    """Something that is told of a customer."""
    return Happening(
        tenant_id="default", person="native:c-1", told=told, subject="acme", happened_at=at, received_at=received or at,
        **more,
    )  # fmt: skip


def person(*happenings: Happening) -> Person:
    """The customer of whom these are told."""
    known = first_of(happenings[0])
    for each in happenings:
        known = tell(known, each)
    return known


def dates_of(occurrences: Sequence[Occurrence]) -> list[date]:
    """Their local dates, in order."""
    return [each.local_date for each in occurrences]


def walk(someone: Person, rules: Revision, since: datetime, times: int) -> list[Occurrence]:
    """Let the job have so many turns: return the occurrences in the order in which they fire."""
    fired: list[Occurrence] = []
    pending = plan(someone, rules, since, fired=(), pending=())
    for _ in range(times):
        if not pending:
            break
        first = min(pending, key=lambda each: each.due_at)
        fired.append(first)
        rest = [each for each in pending if each != first]
        pending = plan(someone, rules, first.due_at, fired={each.key for each in fired}, pending=rest)
    return fired
