"""The open time of a calendar as segments of UTC, with the sums of all before each, so that looking up is a bisection.

Rules of an end of an interval, which are those of RFC 5545 and of zoneinfo with fold 0:

- A local time in a gap, where clocks go forward, moves forward by the gap: 02:30 becomes 03:30.
- A local time that comes twice, where clocks go back, is its first occurrence.
- 24:00 is the midnight of the next date, which may itself be in a gap.
- What is empty or inverted after that is no segment. What overlaps or touches after that is one segment.
- A date that a zone has skipped, as Samoa has skipped 2011-12-30, has no hours.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Final, NamedTuple, Protocol
from zoneinfo import ZoneInfo

DAY_MINUTES: Final = 24 * 60
FIRST_YEAR: Final = 1900
LAST_YEAR: Final = 2200
"""No open time is computed before the first or after the last of these."""
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_DAY_SECONDS: Final = 86_400
_SECOND_US: Final = 1_000_000
_SPILL: Final = timedelta(days=3)
"""How far hours may lie from the noon of their date in UTC: past midnight, by the offset, and by a skipped date."""


class OutOfReachError(ValueError):
    """A moment lies outside the years that open time is computed for."""

    def __init__(self) -> None:
        """Say which years there are."""
        super().__init__(f"open time is computed from {FIRST_YEAR} to {LAST_YEAR}; ask for less of it, or later")


class Interval(NamedTuple):
    """Open time of one date, in minutes since its local midnight; past 1440 it goes on into the next date."""

    from_minute: int
    to_minute: int


class OpenTime(Protocol):
    """Open time between moments, which are microseconds since 1970."""

    def opened(self, at_us: int) -> int:
        """Return the open time up to a moment, from an origin that stays for one lookup of `span`."""

    def span(self, start_us: int, end_us: int) -> int:
        """Return the open time between two moments; 0 where the end is not after the start."""

    def after(self, start_us: int, open_us: int) -> int:
        """Return the first moment by which so much open time, more than none, has passed since a start."""

    def ahead_of(self, end_us: int, open_us: int) -> int:
        """Return the last moment from which so much open time passes until an end; for none, the last open moment."""

    def next_open(self, at_us: int) -> int:
        """Return the moment itself where it is open, else the next opening."""

    def between(self, start_us: int, end_us: int) -> list[tuple[int, int]]:
        """Return the segments between two moments, cut at both."""


def microseconds(moment: datetime) -> int:
    """Return an aware moment as microseconds since 1970."""
    since = moment - _EPOCH
    # Three numbers are read faster than one length of time is divided by another.
    return (since.days * _DAY_SECONDS + since.seconds) * _SECOND_US + since.microseconds


def moment_of(at_us: int) -> datetime:
    """Return the moment of microseconds since 1970.

    Raises:
        OutOfReachError: it lies outside the years that are computed.
    """
    if not _FIRST_US <= at_us < _END_US:
        raise OutOfReachError
    return _EPOCH + timedelta(0, 0, at_us)


_FIRST_US: Final = microseconds(datetime(FIRST_YEAR, 1, 1, tzinfo=UTC))
_END_US: Final = microseconds(datetime(LAST_YEAR + 1, 1, 1, tzinfo=UTC))


class AroundTheClock:
    """Open time that never ends: it is the time itself."""

    def opened(self, at_us: int) -> int:
        """Return the moment."""
        return at_us

    def span(self, start_us: int, end_us: int) -> int:
        """Return what lies between."""
        return max(end_us - start_us, 0)

    def after(self, start_us: int, open_us: int) -> int:
        """Return the moment so much later."""
        return start_us + open_us

    def ahead_of(self, end_us: int, open_us: int) -> int:
        """Return the moment so much earlier."""
        return end_us - open_us

    def next_open(self, at_us: int) -> int:
        """Return the moment."""
        return at_us

    def between(self, start_us: int, end_us: int) -> list[tuple[int, int]]:
        """Return the whole."""
        return [(start_us, end_us)] if start_us < end_us else []


class Timeline:
    """Open time as segments, computed by whole years when they are first asked for, and kept."""

    def __init__(self, tz: ZoneInfo, intervals_on: Callable[[date], Sequence[Interval]]) -> None:
        """Take the zone, and what is open on a local date."""
        self._tz = tz
        self._intervals_on = intervals_on
        self._years: dict[int, list[tuple[int, int]]] = {}
        self._starts: list[int] = []
        self._ends: list[int] = []
        self._before: list[int] = []
        """Of each segment: the open time before it, since the first segment."""
        self._total = 0
        """The open time of all segments."""
        self._from_us = self._to_us = 0
        """What is computed: half open."""

    def opened(self, at_us: int) -> int:
        """Return the open time up to a moment, from the first segment that is computed."""
        if not self._from_us <= at_us < self._to_us:
            self._reach(at_us)
        return self._opened(at_us)

    def span(self, start_us: int, end_us: int) -> int:
        """Return the open time between two moments; 0 where the end is not after the start."""
        if end_us <= start_us:
            return 0
        self._reach(start_us)
        self._reach(end_us)
        return self._opened(end_us) - self._opened(start_us)

    def after(self, start_us: int, open_us: int) -> int:
        """Return the first moment by which so much open time, more than none, has passed: closing time stays itself."""
        if not self._from_us <= start_us < self._to_us:
            self._reach(start_us)
        wanted = self._opened(start_us) + open_us
        while self._total < wanted:
            self._add_year_after()
        found = bisect_left(self._before, wanted) - 1
        return self._starts[found] + wanted - self._before[found]

    def ahead_of(self, end_us: int, open_us: int) -> int:
        """Return the last moment from which so much open time passes until an end; for none, the last open moment."""
        self._reach(end_us)
        while self._opened(end_us) < open_us or (not open_us and not self._opened(end_us)):
            self._add_year_before()
        left = self._opened(end_us) - open_us
        found = (bisect_right(self._before, left) if open_us else bisect_left(self._before, left)) - 1
        return self._starts[found] + left - self._before[found]

    def next_open(self, at_us: int) -> int:
        """Return the moment itself where it is open, else the next opening; a closing time is not open."""
        self._reach(at_us)
        found = bisect_right(self._starts, at_us) - 1
        if found >= 0 and at_us < self._ends[found]:
            return at_us
        while found + 1 == len(self._starts):
            self._add_year_after()
        return self._starts[found + 1]

    def between(self, start_us: int, end_us: int) -> list[tuple[int, int]]:
        """Return the segments between two moments, cut at both."""
        if end_us <= start_us:
            return []
        self._reach(start_us)
        self._reach(end_us)
        first, last = bisect_right(self._ends, start_us), bisect_left(self._starts, end_us)
        cut = zip(self._starts[first:last], self._ends[first:last], strict=True)
        return [(max(start, start_us), min(end, end_us)) for start, end in cut]

    def _opened(self, at_us: int) -> int:
        found = bisect_right(self._starts, at_us) - 1
        if found < 0:
            return 0
        return self._before[found] + min(at_us, self._ends[found]) - self._starts[found]

    def _reach(self, at_us: int) -> None:
        """Have the years around a moment."""
        if self._from_us <= at_us < self._to_us:
            return
        moment = moment_of(at_us)
        first, last = (moment - _SPILL).year, (moment + _SPILL).year
        years = [*range(min([first, *self._years]), max([last, *self._years]) + 1)]
        self._compute(years)

    def _add_year_after(self) -> None:
        self._compute([*self._years, max(self._years) + 1])

    def _add_year_before(self) -> None:
        self._compute([min(self._years) - 1, *self._years])

    def _compute(self, years: Sequence[int]) -> None:
        """Have the segments of all these years, which follow one another."""
        if not FIRST_YEAR <= min(years) <= max(years) <= LAST_YEAR:
            raise OutOfReachError
        for year in years:
            if year not in self._years:
                self._years[year] = self._of_year(year)
        self._starts.clear()
        self._ends.clear()
        for start, end in sorted(segment for year in years for segment in self._years[year]):
            if self._ends and start <= self._ends[-1]:
                self._ends[-1] = max(end, self._ends[-1])
            else:
                self._starts.append(start)
                self._ends.append(end)
        total = 0
        self._before.clear()
        for start, end in zip(self._starts, self._ends, strict=True):
            self._before.append(total)
            total += end - start
        self._total = total
        noon = time(12, tzinfo=UTC)
        self._from_us = microseconds(datetime.combine(date(min(years), 1, 1), noon) + _SPILL)
        self._to_us = microseconds(datetime.combine(date(max(years), 12, 31), noon) - _SPILL)

    def _of_year(self, year: int) -> list[tuple[int, int]]:
        """Return the segments of the dates of a year."""
        found = []
        first = date(year, 1, 1)
        for number in range((date(year + 1, 1, 1) - first).days):
            day = first + timedelta(days=number)
            intervals = self._intervals_on(day)
            if not intervals or self._is_skipped(day):
                continue
            for interval in intervals:
                start, end = self._instant(day, interval.from_minute), self._instant(day, interval.to_minute)
                if start < end:
                    found.append((start, end))
        return found

    def _instant(self, day: date, minute: int) -> int:
        days, minute = divmod(minute, DAY_MINUTES)
        hour, minute = divmod(minute, 60)
        return microseconds(datetime.combine(day + timedelta(days=days), time(hour, minute), self._tz))

    def _is_skipped(self, day: date) -> bool:
        """Say whether no moment is of this local date."""
        midnight = datetime.combine(day, time.min, self._tz)
        return midnight.astimezone(UTC).astimezone(self._tz).date() != day
