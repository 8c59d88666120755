"""What the dates of a calendar look like, for people: what is open, what is closed and why."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from plaudit.alerting.calendars.domain.calendar import WEEKDAYS, Calendar, Holiday, Override
from plaudit.alerting.calendars.domain.open_time import segments
from plaudit.alerting.calendars.domain.timeline import DAY_MINUTES
from plaudit.alerting.calendars.domain.writing import CLOSED

_LAST_MINUTE = DAY_MINUTES - 1
_WHOLE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """One local date."""

    date: date
    open: tuple[tuple[datetime, datetime], ...]
    """What is open on it, in the zone; what goes on past midnight is cut there."""
    holiday: Holiday | None
    """Also where an override opens it."""
    override: Override | None
    knows_holidays: bool
    """Whether it is known if the date is a holiday."""
    length: timedelta
    """Of the date: other than 24 hours where clocks change."""

    @property
    def weekday(self) -> str:
        """Its name, in small letters."""
        return WEEKDAYS[self.date.weekday()]

    @property
    def spans(self) -> list[str]:
        """What is open, each as `09:00-17:00`; only `closed` where nothing is."""
        return list(map(_span, self.open)) or [CLOSED]

    @property
    def open_time(self) -> timedelta:
        """How much is open."""
        # Within one zone, Python subtracts times on the wall: an hour too much or too little where clocks change.
        return sum((end.astimezone(UTC) - start.astimezone(UTC) for start, end in self.open), timedelta())

    @property
    def changes_clocks(self) -> bool:
        """Whether clocks are changed on it."""
        return self.length != _WHOLE_DAY


def days_of(calendar: Calendar, first: date, count: int) -> list[Day]:
    """Return so many dates from the first one on."""
    return [_day(calendar, first + timedelta(days=number)) for number in range(count)]


def today_of(calendar: Calendar, now: datetime) -> date:
    """Return the date that it is in the zone of a calendar."""
    return now.astimezone(calendar.tz).date()


def notes_of(calendar: Calendar, days: Sequence[Day]) -> list[str]:
    """Return what somebody should know who sets such a calendar, as sentences."""
    notes = []
    if weekdays := [day for day, hours in zip(WEEKDAYS, calendar.week, strict=True) if _ends_a_minute_early(hours)]:
        notes.append(
            f"On {' and '.join(each.capitalize() for each in weekdays)} hours end at 23:59, which leaves a minute out: "
            "midnight is written 24:00."
        )
    notes += [f"Clocks change on {day.date}: it is {_hours(day.length)} long." for day in days if day.changes_clocks]
    if estimated := [day for day, holiday in sorted(calendar.holidays.items()) if holiday.is_estimated]:
        notes.append(
            f"{len(estimated)} of its {len(calendar.holidays)} holidays are estimates, the first on {estimated[0]}: "
            "their dates may move by a day or two. An override opens or closes a date for certain."
        )
    if calendar.holidays_to is not None:
        notes.append(
            f"Its holidays are known from {calendar.holidays_from} until before {calendar.holidays_to}; outside of "
            "that, no date counts as one. The list is made anew a year before it ends."
        )
    return notes


def _day(calendar: Calendar, day: date) -> Day:
    start, end = _midnight(calendar, day), _midnight(calendar, day + timedelta(days=1))
    tz = calendar.tz
    return Day(
        date=day,
        open=tuple((begin.astimezone(tz), close.astimezone(tz)) for begin, close in segments(calendar, start, end)),
        holiday=calendar.holidays.get(day),
        override=calendar.overrides.get(day),
        knows_holidays=calendar.knows_holidays_of(day),
        length=end - start,
    )


def _midnight(calendar: Calendar, day: date) -> datetime:
    return datetime.combine(day, time.min, calendar.tz).astimezone(UTC)


def _span(times: tuple[datetime, datetime]) -> str:
    start, end = times
    closing = "24:00" if end.date() != start.date() else f"{end:%H:%M}"
    return f"{start:%H:%M}-{closing}"


def _ends_a_minute_early(hours: Sequence[tuple[int, int]]) -> bool:
    return any(end % DAY_MINUTES == _LAST_MINUTE for _, end in hours)


def _hours(length: timedelta) -> str:
    return f"{length / timedelta(hours=1):g} hours"
