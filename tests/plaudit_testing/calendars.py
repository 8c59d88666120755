"""Calendars for tests, written as people write hours, and moments written as they stand in tables."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from plaudit.alerting.calendars.domain import Calendar, Holiday, Override
from plaudit.alerting.calendars.domain.writing import intervals_of

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def calendar(zone: str, /, *holidays: str, overrides: dict[str, str] | None = None, **hours: str) -> Calendar:
    """A calendar: `calendar("Europe/Berlin", "2026-12-25", Mon_Fri="09:00-17:00", Sat="10:00-14:00")`."""
    by_day: dict[str, str] = {}
    for days, text in hours.items():
        first, _, last = days.partition("_")
        by_day |= dict.fromkeys(DAYS[DAYS.index(first) : DAYS.index(last or first) + 1], text)
    return Calendar(
        zone=zone,
        week=tuple(intervals_of(by_day.get(day, "")) for day in DAYS),
        holidays={date.fromisoformat(day): Holiday("holiday") for day in holidays},
        overrides={date.fromisoformat(day): Override(intervals_of(text)) for day, text in (overrides or {}).items()},
    )


def utc(text: str) -> datetime:
    """A moment in UTC: `2026-03-29 06:00`."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def local(text: str, zone: str) -> datetime:
    """A moment on a wall."""
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))
