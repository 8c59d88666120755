"""When something is due, and how much open time has passed. All of it is pure, and exact to the microsecond.

Time is subtracted in UTC, never on the wall. What is due exactly when it closes is due then, not at the next opening.
Time of a pause is not counted; an interval that is still paused has no due time, unless it was due before.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, overload

from plaudit.alerting.calendars.domain.calendar import Calendar
from plaudit.alerting.calendars.domain.timeline import microseconds, moment_of

SECOND_US: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Pause:
    """A time that does not count."""

    from_at: datetime
    to_at: datetime | None
    """None: it still lasts."""
    reason: str
    said_at: datetime | None = None
    """When the customer said something meanwhile, or what it is about became drastic; none if neither."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """From when on a calendar counts, where one follows another."""

    calendar: Calendar
    since: datetime


@overload
def due_at(calendar: Calendar, start: datetime, seconds: int) -> datetime: ...
@overload
def due_at(calendar: Calendar, start: datetime, seconds: int, pauses: Iterable[Pause]) -> datetime | None: ...
def due_at(calendar: Calendar, start: datetime, seconds: int, pauses: Iterable[Pause] = ()) -> datetime | None:
    """Return when so much open time has passed since a start; for 0 seconds, the next open moment.

    Args:
        calendar: whose open time.
        start: an aware moment.
        seconds: of open time, not negative.
        pauses: what does not count, in any order; they may overlap.

    Returns:
        The moment in UTC; None while a pause lasts that it would come after.

    Raises:
        ValueError: the seconds are negative.
        OutOfReachError: it would come after the years that are computed.
    """
    if pauses:
        return _due(calendar, start, seconds * SECOND_US, pauses)
    return moment_of(_due_us(calendar, microseconds(start), seconds * SECOND_US))


def due_times(
    calendar: Calendar, start: datetime, seconds: Sequence[int], pauses: Sequence[Pause] = ()
) -> list[datetime | None]:
    """Return `due_at` of each of some lengths of open time since one start."""
    if pauses:
        return [_due(calendar, start, length * SECOND_US, pauses) for length in seconds]
    start_us = microseconds(start)
    return [moment_of(_due_us(calendar, start_us, length * SECOND_US)) for length in seconds]


@overload
def warn_at(calendar: Calendar, start: datetime, seconds: int, percent: int) -> datetime: ...
@overload
def warn_at(
    calendar: Calendar, start: datetime, seconds: int, percent: int, pauses: Iterable[Pause]
) -> datetime | None: ...
def warn_at(
    calendar: Calendar, start: datetime, seconds: int, percent: int, pauses: Iterable[Pause] = ()
) -> datetime | None:
    """Return when a share of the open time to a due time has passed: in open time, not of the time on the wall.

    Args, returns and raises are those of `due_at`; `percent` is of the seconds.
    """
    return _due(calendar, start, seconds * percent * SECOND_US // 100, pauses)


def due_across(
    stretches: Sequence[Stretch], start: datetime, seconds: int, pauses: Iterable[Pause] = ()
) -> datetime | None:
    """Return when it is due where calendars follow one another: each counts for its own time.

    Args:
        stretches: the calendars in their order, at least one; the first counts from the start, whenever it began.
        start: as of `due_at`.
        seconds: as of `due_at`.
        pauses: as of `due_at`.
    """
    kept = list(pauses)
    left_us = seconds * SECOND_US
    for calendar, begin, end in _cut(stretches, start):
        if end is None:
            return _due(calendar, begin, left_us, kept)
        passed_us = _elapsed(calendar, begin, end, kept)
        if passed_us and passed_us >= left_us:
            return _due(calendar, begin, left_us, kept)
        left_us -= passed_us
    raise AssertionError("the last calendar counts without an end")


def elapsed_across(
    stretches: Sequence[Stretch], start: datetime, end: datetime, pauses: Iterable[Pause] = ()
) -> timedelta:
    """Return the open time between two moments where calendars follow one another: each counts for its own time.

    Zendesk counts all of it by the last calendar, which changes what has passed already; we do not.
    """
    kept = list(pauses)
    parts = ((calendar, begin, min(to or end, end)) for calendar, begin, to in _cut(stretches, start))
    return timedelta(microseconds=sum(_elapsed(calendar, begin, to, kept) for calendar, begin, to in parts))


def elapsed(calendar: Calendar, start: datetime, end: datetime, pauses: Iterable[Pause] = ()) -> timedelta:
    """Return the open time between two moments, without what was paused; none where the end is not after the start."""
    return timedelta(microseconds=_elapsed(calendar, start, end, pauses))


def elapsed_seconds(calendar: Calendar, start: datetime, end: datetime, pauses: Iterable[Pause] = ()) -> int:
    """Return the whole seconds of `elapsed`."""
    return _elapsed(calendar, start, end, pauses) // SECOND_US


def before(calendar: Calendar, due: datetime, seconds: int, pauses: Iterable[Pause] = ()) -> datetime:
    """Return the last moment from which so much open time passes until a due time; for 0, the last open moment.

    Raises:
        ValueError: the seconds are negative.
        OutOfReachError: it would come before the years that are computed.
    """
    left_us = _not_negative(seconds * SECOND_US)
    end_us = microseconds(due)
    for from_us, to_us in reversed(_merged(pauses)):
        if from_us >= end_us:
            continue
        begin_us = end_us if to_us is None else min(to_us, end_us)
        passed_us = calendar.timeline.span(begin_us, end_us)
        if passed_us and passed_us >= left_us:
            break
        left_us -= passed_us
        end_us = from_us
    return moment_of(calendar.timeline.ahead_of(end_us, left_us))


def open_at(calendar: Calendar, moment: datetime) -> bool:
    """Say whether a moment is open; the moment of closing is not."""
    at_us = microseconds(moment)
    return calendar.timeline.next_open(at_us) == at_us


def next_open(calendar: Calendar, moment: datetime) -> datetime:
    """Return the moment itself where it is open, else the next opening."""
    return moment_of(calendar.timeline.next_open(microseconds(moment)))


def segments(
    calendar: Calendar, start: datetime, end: datetime, pauses: Iterable[Pause] = ()
) -> list[tuple[datetime, datetime]]:
    """Return what is open between two moments, in UTC and in order, without what is paused."""
    found = []
    for from_us, to_us in _counted(microseconds(start), microseconds(end), pauses):
        found += calendar.timeline.between(from_us, to_us)
    return [(moment_of(from_us), moment_of(to_us)) for from_us, to_us in found]


def days_later(calendar: Calendar, start: datetime, days: int) -> datetime:
    """Return the same local time so many dates with open time later, or earlier.

    Where that is closed, it is the next open moment. A local time in a gap moves forward by the gap.
    """
    local = start.astimezone(calendar.tz)
    day, step = local.date(), timedelta(days=1 if days >= 0 else -1)
    for _ in range(abs(days)):
        day += step
        while not calendar.intervals_on(day):
            day += step
    wall = datetime.combine(day, local.time().replace(fold=0), calendar.tz)
    return next_open(calendar, wall.astimezone(UTC))


def longest_wait(calendar: Calendar, seconds: int, since: datetime, until: datetime) -> timedelta:
    """Return the longest time on the clock that so many seconds of open time may take, of all starts in a time.

    The wait only grows while the calendar is closed, as seen backwards, or when a due time passes a closing. So it is
    the longest for a start at a closing, or just after a start whose due time is a closing; no other is looked at.
    """
    timeline = calendar.timeline
    since_us, until_us, open_us = microseconds(since), microseconds(until), seconds * SECOND_US
    closings = {closing for _, closing in timeline.between(since_us, until_us)}
    # A moment later, a due time at a closing has passed to the next opening.
    landing = {timeline.ahead_of(closing, open_us) + 1 for closing in closings}
    starts = {since_us} | {start for start in closings | landing if since_us <= start < until_us}
    return timedelta(microseconds=max(_due_us(calendar, start, open_us) - start for start in starts))


def _due(calendar: Calendar, start: datetime, open_us: int, pauses: Iterable[Pause]) -> datetime | None:
    if not pauses:
        return moment_of(_due_us(calendar, microseconds(start), open_us))
    left_us = _not_negative(open_us)
    at_us = microseconds(start)
    for from_us, to_us in _merged(pauses):
        if to_us is not None and to_us <= at_us:
            continue
        passed_us = calendar.timeline.span(at_us, from_us)
        if passed_us and passed_us >= left_us:
            break
        if to_us is None:
            return None
        left_us -= passed_us
        at_us = max(at_us, to_us)
    return moment_of(_due_us(calendar, at_us, left_us))


def _due_us(calendar: Calendar, start_us: int, open_us: int) -> int:
    timeline = calendar.timeline
    return timeline.after(start_us, open_us) if _not_negative(open_us) else timeline.next_open(start_us)


def _elapsed(calendar: Calendar, start: datetime, end: datetime, pauses: Iterable[Pause]) -> int:
    if not pauses:
        return calendar.timeline.span(microseconds(start), microseconds(end))
    counted = _counted(microseconds(start), microseconds(end), pauses)
    return sum(calendar.timeline.span(from_us, to_us) for from_us, to_us in counted)


def _not_negative(open_us: int) -> int:
    if open_us < 0:
        raise ValueError("open time cannot be negative")
    return open_us


def _counted(start_us: int, end_us: int, pauses: Iterable[Pause]) -> Iterator[tuple[int, int]]:
    """Yield what of a time is not paused."""
    at_us = start_us
    for from_us, to_us in _merged(pauses):
        if from_us >= end_us:
            break
        if at_us < from_us:
            yield at_us, from_us
        at_us = end_us if to_us is None else max(at_us, to_us)
    if at_us < end_us:
        yield at_us, end_us


def _merged(pauses: Iterable[Pause]) -> list[tuple[int, int | None]]:
    """Return pauses in order, those that touch as one; what ends before it begins pauses nothing."""
    if not pauses:
        return []
    merged: list[tuple[int, int | None]] = []
    for from_us, to_us in sorted(map(_of_pause, pauses), key=lambda each: each[0]):
        if to_us is not None and to_us <= from_us:
            continue
        if merged and (merged[-1][1] is None or from_us <= merged[-1][1]):
            last_from, last_to = merged[-1]
            ends = None if last_to is None or to_us is None else max(last_to, to_us)
            merged[-1] = (last_from, ends)
        else:
            merged.append((from_us, to_us))
    return merged


def _of_pause(pause: Pause) -> tuple[int, int | None]:
    return microseconds(pause.from_at), None if pause.to_at is None else microseconds(pause.to_at)


def _cut(stretches: Sequence[Stretch], start: datetime) -> Iterator[tuple[Calendar, datetime, datetime | None]]:
    """Yield each calendar with the time that it counts for since a start; the last one's has no end."""
    if not stretches:
        raise ValueError("at least one calendar must count")
    ends = [*(each.since for each in stretches[1:]), None]
    begin = start
    for stretch, end in zip(stretches, ends, strict=True):
        if end is not None and end <= begin:
            continue
        yield stretch.calendar, begin, end
        begin = end or begin
