"""What somebody writes to make a calendar, and the revision that becomes of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final

from plaudit.alerting.calendars.domain.calendar import (
    ALWAYS_NAME,
    WEEKDAYS,
    Calendar,
    Holiday,
    InvalidCalendarError,
    Override,
    Week,
)
from plaudit.alerting.calendars.domain.holiday_lists import HolidayRule, frozen_from, frozen_to, holidays_between
from plaudit.alerting.calendars.domain.timeline import microseconds
from plaudit.alerting.calendars.domain.writing import interval_of, interval_text
from plaudit.alerting.calendars.domain.zones import UnknownZoneError, tz_version, zone_named

MAX_CALENDARS: Final = 100
"""Of a tenant."""
RENEWED_WITHIN: Final = timedelta(days=366)
"""A list of holidays is made anew when it knows less than this of the future, or is wrong about a date in it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """What a calendar is, before its list of holidays is looked up."""

    zone: str
    week: Week
    overrides: Mapping[date, Override] = field(default_factory=dict)
    holidays: HolidayRule | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarRevision:
    """One revision of a calendar; it never changes."""

    definition: Definition
    calendar: Calendar
    changed_at: datetime
    changed_by: str
    """The key or the person; `RENEWAL` where the list of holidays was made anew."""

    @property
    def name(self) -> str:
        """The calendar's."""
        return self.calendar.name

    @property
    def revision(self) -> int:
        """Counted from 1 for each name."""
        return self.calendar.revision


NAME_OF_PREVIEW: Final = "preview"
"""What follows the address of calendars to preview one."""
RENEWAL: Final = "renewal"
"""Who makes a revision that differs in its list of holidays alone."""


class BuiltInCalendarError(ValueError):
    """A calendar that every tenant has is nobody's own."""

    def __init__(self) -> None:
        """Say which it is, and what to do."""
        super().__init__(f"Every tenant has the calendar `{ALWAYS_NAME}`, and nobody changes it. Choose another name.")


class TooManyCalendarsError(ValueError):
    """The tenant has as many calendars as it may have."""

    def __init__(self) -> None:
        """Say what the limit is, and what to do."""
        super().__init__(f"A tenant has at most {MAX_CALENDARS} calendars. Change one of them.")


class CalendarChangedError(ValueError):
    """Somebody else has changed the calendar in between."""

    def __init__(self) -> None:
        """Say what to do."""
        super().__init__("The calendar has changed since you read it. Read it again and decide anew.")


class NoCalendarError(LookupError):
    """The tenant has no calendar of a name, or no such revision of it."""

    def __init__(self, name: str, near: list[str], revision: int | None = None) -> None:
        """Name those that may have been meant."""
        meant = " or ".join(f"`{each}`" for each in near)
        what = f"calendar `{name}`" if revision is None else f"revision {revision} of the calendar `{name}`"
        super().__init__(f"There is no {what}.{f' Did you mean {meant}?' if meant else ''}")


def build(definition: Definition, name: str, revision: int, today: date) -> Calendar:
    """Return the calendar of a definition, with its list of holidays as it is known today.

    Args:
        definition: what it is.
        name: the calendar's.
        revision: its number.
        today: from whose month on the list is counted.

    Raises:
        InvalidCalendarError: a part breaks a rule, or nothing is open in all the time of the list.
    """
    try:
        zone_named(definition.zone)
    except UnknownZoneError as error:
        raise InvalidCalendarError("/zone", str(error)) from error
    first, end = frozen_from(today), frozen_to(today)
    rule = definition.holidays
    calendar = Calendar(
        zone=definition.zone,
        week=definition.week,
        overrides=definition.overrides,
        holidays={} if rule is None else holidays_between(rule, first, end),
        holidays_from=None if rule is None else first,
        holidays_to=None if rule is None else end,
        name=name,
        revision=revision,
        tzdata=tz_version(),
    )
    if not calendar.timeline.span(_midnight(today), _midnight(end)):
        raise InvalidCalendarError("/week", f"nothing is open from today to {end}, so nothing would be due by then")
    return calendar


def check_new_name(name: str, latest: CalendarRevision | None) -> None:
    """Refuse a new calendar whose address is another thing's.

    Raises:
        InvalidCalendarError: it could not be read by its address.
    """
    if latest is None and name == NAME_OF_PREVIEW:
        raise InvalidCalendarError(
            "/name", f"the address of a calendar {name} is that of previews; choose another name"
        )


def next_revision(
    definition: Definition, name: str, latest: CalendarRevision | None, actor: str, now: datetime
) -> CalendarRevision | None:
    """Return the revision that sets a calendar; None where it is so already, with the same list of holidays.

    Args:
        definition: what it is to be.
        name: the calendar's.
        latest: its latest revision, if there is one.
        actor: who wants it.
        now: the time of the change.

    Raises:
        BuiltInCalendarError: every tenant has one of this name.
        InvalidCalendarError: as `build` and `check_new_name`.
    """
    if name == ALWAYS_NAME:
        raise BuiltInCalendarError
    check_new_name(name, latest)
    number = 1 if latest is None else latest.revision + 1
    calendar = build(definition, name, number, now.astimezone(UTC).date())
    if latest is not None and latest.definition == definition and _frozen(latest.calendar) == _frozen(calendar):
        return None
    return CalendarRevision(definition=definition, calendar=calendar, changed_at=now, changed_by=actor)


def needs_renewal(revision: CalendarRevision, now: datetime) -> bool:
    """Say whether a list of holidays knows less than a year of the future, or otherwise than the library knows today.

    Estimates become certain, governments add days, and a list ends: a calendar that nobody touches must hear of it.
    """
    calendar, rule = revision.calendar, revision.definition.holidays
    if rule is None or calendar.holidays_to is None:
        return False
    today = now.astimezone(UTC).date()
    until = today + RENEWED_WITHIN
    if calendar.holidays_to < until:
        return True
    known = {day: holiday for day, holiday in calendar.holidays.items() if today <= day < until}
    return known != holidays_between(rule, today, until)


def document_of(revision: CalendarRevision) -> dict[str, Any]:
    """Return a revision as it is stored: plain values, the list of holidays among them."""
    calendar, rule = revision.calendar, revision.definition.holidays
    return {
        "zone": calendar.zone,
        "week": {day: list(map(interval_text, hours)) for day, hours in zip(WEEKDAYS, calendar.week, strict=True)},
        "overrides": [
            {"date": day.isoformat(), "hours": list(map(interval_text, override.intervals)), "name": override.name}
            for day, override in sorted(calendar.overrides.items())
        ],
        "rule": None
        if rule is None
        else {"country": rule.country, "subdivision": rule.subdivision, "categories": list(rule.categories)},
        "holidays": [
            {"date": day.isoformat(), "name": holiday.name, "is_estimated": holiday.is_estimated}
            for day, holiday in sorted(calendar.holidays.items())
        ],
        "holidays_from": _iso(calendar.holidays_from),
        "holidays_to": _iso(calendar.holidays_to),
    }


def revision_of(
    document: Mapping[str, Any], name: str, revision: int, tzdata: str, changed_at: datetime, changed_by: str
) -> CalendarRevision:
    """Return the revision that was stored as a document; nothing is looked up for it."""
    rule = document["rule"]
    definition = Definition(
        zone=document["zone"],
        week=tuple(tuple(map(interval_of, document["week"][day])) for day in WEEKDAYS),
        overrides={
            date.fromisoformat(each["date"]): Override(tuple(map(interval_of, each["hours"])), each["name"])
            for each in document["overrides"]
        },
        holidays=None if rule is None else HolidayRule(rule["country"], rule["subdivision"], tuple(rule["categories"])),
    )
    calendar = Calendar(
        zone=definition.zone,
        week=definition.week,
        overrides=definition.overrides,
        holidays={
            date.fromisoformat(each["date"]): Holiday(each["name"], each["is_estimated"])
            for each in document["holidays"]
        },
        holidays_from=_date(document["holidays_from"]),
        holidays_to=_date(document["holidays_to"]),
        name=name,
        revision=revision,
        tzdata=tzdata,
    )
    return CalendarRevision(definition=definition, calendar=calendar, changed_at=changed_at, changed_by=changed_by)


def order_key(tenant_id: str) -> str:
    """Return the order key of whoever changes a tenant's calendars."""
    return f"{tenant_id}/calendars"


def _frozen(calendar: Calendar) -> tuple[date | None, dict[date, Holiday]]:
    return calendar.holidays_to, dict(calendar.holidays)


def _midnight(day: date) -> int:
    return microseconds(datetime.combine(day, time.min, UTC))


def _iso(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


def _date(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)
