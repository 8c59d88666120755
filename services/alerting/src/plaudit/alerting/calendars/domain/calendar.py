"""A calendar: the hours of each weekday in a zone, the dates that differ, and the holidays that are closed.

It is a value. Of one revision everything is known for ever: holidays are frozen into it, and none is looked up later.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from types import MappingProxyType
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from plaudit.alerting.calendars.domain.timeline import DAY_MINUTES, AroundTheClock, Interval, OpenTime, Timeline
from plaudit.alerting.calendars.domain.zones import tz_version, zone_named

MAX_END_MINUTE: Final = 2 * DAY_MINUTES
"""An interval belongs to the date that it begins on, and ends at the latest with the next one."""
MAX_INTERVALS: Final = 24
"""Of one date."""
MAX_OVERRIDES: Final = 1_000
MAX_REASON_CHARS: Final = 100
"""Of the name of an override."""
MAX_HOLIDAYS: Final = 2_000
MAX_NAME_CHARS: Final = 32
NAME_PATTERN: Final = r"^[a-z][a-z0-9_-]{0,31}$"
"""Of a calendar's name."""
WEEKDAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
ALWAYS_NAME: Final = "always"
"""The calendar that every tenant has: around the clock."""


class InvalidCalendarError(ValueError):
    """A calendar that cannot be; the text says which part breaks which rule."""

    def __init__(self, pointer: str, rule: str) -> None:
        """Take the JSON pointer of the part, and the rule that it breaks, in words without a full stop."""
        super().__init__(rule)
        self.pointer = pointer
        self.rule = rule


class CalendarRef(NamedTuple):
    """Names one revision of one calendar of a tenant."""

    name: str
    revision: int


@dataclass(frozen=True, slots=True)
class Override:
    """What is open on one date instead of its weekday's hours, also where it is a holiday; nothing: closed."""

    intervals: tuple[Interval, ...]
    name: str = ""
    """Why it differs, for people."""


@dataclass(frozen=True, slots=True)
class Holiday:
    """A date that is closed."""

    name: str
    is_estimated: bool = False
    """Whether the date depends on an observation that is still to come, as the moon's is."""


Week = tuple[tuple[Interval, ...], ...]
"""The intervals of the seven weekdays, Monday first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Calendar:
    """When a company is open.

    Raises:
        InvalidCalendarError: an interval is empty, too long or overlaps another, there is no open time, or there are
            too many of something.
    """

    zone: str
    """Its name in the IANA database."""
    week: Week
    overrides: Mapping[date, Override] = field(default_factory=dict)
    holidays: Mapping[date, Holiday] = field(default_factory=dict)
    holidays_from: date | None = None
    """The first date of which it is known whether it is a holiday; None: it has no list of holidays."""
    holidays_to: date | None = None
    """The first date of which it is no longer known. From here on, and before the first, no date is a holiday."""
    name: str = ""
    revision: int = 0
    """Counted from 1; 0 of one that is not stored."""
    tzdata: str = field(default_factory=tz_version)
    """The version of the time zone data that it was made under."""
    is_always: bool = field(init=False, compare=False)
    """Whether it is open around the clock on every date, so that time is just counted."""
    timeline: OpenTime = field(init=False, repr=False, compare=False)
    """Its open time in UTC; it computes what it is asked for, and keeps it."""

    def __post_init__(self) -> None:
        """Check the rules; prepare what is computed once."""
        _check(self)
        whole = ((Interval(0, DAY_MINUTES),),) * len(WEEKDAYS)
        object.__setattr__(self, "overrides", MappingProxyType(dict(self.overrides)))
        object.__setattr__(self, "holidays", MappingProxyType(dict(self.holidays)))
        object.__setattr__(self, "is_always", self.week == whole and not self.overrides and not self.holidays)
        timeline = AroundTheClock() if self.is_always else Timeline(self.tz, self.intervals_on)
        object.__setattr__(self, "timeline", timeline)

    @property
    def tz(self) -> ZoneInfo:
        """The zone."""
        return zone_named(self.zone)

    @property
    def ref(self) -> CalendarRef:
        """The name of this revision."""
        return CalendarRef(self.name, self.revision)

    def intervals_on(self, day: date) -> tuple[Interval, ...]:
        """Return what is open on a local date: its override, else nothing on a holiday, else its weekday's hours."""
        if (override := self.overrides.get(day)) is not None:
            return override.intervals
        return () if day in self.holidays else self.week[day.weekday()]

    def knows_holidays_of(self, day: date) -> bool:
        """Say whether it is known if a date is a holiday; always, where the calendar has no list of holidays."""
        if self.holidays_from is None or self.holidays_to is None:
            return True
        return self.holidays_from <= day < self.holidays_to


def _check(calendar: Calendar) -> None:
    if len(calendar.week) != len(WEEKDAYS):
        raise InvalidCalendarError("/week", "a week has seven days, Monday first")
    if len(calendar.overrides) > MAX_OVERRIDES:
        raise InvalidCalendarError("/overrides", f"a calendar may have {MAX_OVERRIDES:,} overrides")
    if len(calendar.holidays) > MAX_HOLIDAYS:
        raise InvalidCalendarError("/holidays", f"a calendar may have {MAX_HOLIDAYS:,} holidays")
    for weekday, intervals in zip(WEEKDAYS, calendar.week, strict=True):
        _check_date(f"/week/{weekday}", intervals)
    for weekday, (before, intervals) in zip(WEEKDAYS, _with_the_day_before(calendar.week), strict=True):
        _check_spill(f"/week/{weekday}", before, intervals)
    if not any(calendar.week):
        raise InvalidCalendarError("/week", "a calendar needs open time on some weekday, or nothing would ever be due")
    for number, (day, override) in enumerate(calendar.overrides.items()):
        _check_date(f"/overrides/{number}/intervals", override.intervals)
        # Nothing is before the first of all dates, nor after the last.
        before = () if day == date.min else calendar.intervals_on(day - timedelta(days=1))
        after = () if day == date.max else calendar.intervals_on(day + timedelta(days=1))
        _check_spill(f"/overrides/{number}/intervals", before, override.intervals)
        _check_spill(f"/overrides/{number}/intervals", override.intervals, after)


def _check_date(pointer: str, intervals: Sequence[Interval]) -> None:
    """Check the intervals of one date by themselves."""
    if len(intervals) > MAX_INTERVALS:
        raise InvalidCalendarError(pointer, f"a date may have {MAX_INTERVALS} intervals")
    end = -1
    for number, interval in enumerate(intervals):
        place = f"{pointer}/{number}"
        if not 0 <= interval.from_minute < DAY_MINUTES:
            raise InvalidCalendarError(place, "an interval begins on its date, from 00:00 to 23:59")
        if not interval.from_minute < interval.to_minute <= MAX_END_MINUTE:
            raise InvalidCalendarError(place, "an interval ends after it begins, and by the end of the next date")
        if interval.from_minute < end:
            raise InvalidCalendarError(place, "the intervals of a date stand in their order and do not overlap")
        end = interval.to_minute


def _check_spill(pointer: str, before: Sequence[Interval], intervals: Sequence[Interval]) -> None:
    """Check that what goes on past midnight does not reach into the hours of the next date."""
    if before and intervals and before[-1].to_minute - DAY_MINUTES > intervals[0].from_minute:
        raise InvalidCalendarError(
            pointer, "an interval that goes on past midnight overlaps the first one of the next date"
        )


def _with_the_day_before(week: Week) -> list[tuple[tuple[Interval, ...], tuple[Interval, ...]]]:
    return [(week[number - 1], intervals) for number, intervals in enumerate(week)]


ALWAYS: Final = Calendar(zone="Etc/UTC", week=((Interval(0, DAY_MINUTES),),) * len(WEEKDAYS), name=ALWAYS_NAME)
"""Around the clock: every tenant has it, and nobody changes it."""
