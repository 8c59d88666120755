"""How scores moved: steps of a calendar, and what a subject's score was at the end of each."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from enum import StrEnum
from itertools import islice, pairwise
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from plaudit.common.time_zones import UnknownTimeZoneError, zone_of
from plaudit.scoring.profiles.domain import DAY_US, Profile
from plaudit.scoring.scores.domain import Score, instant_of, read
from plaudit.scoring.sums.domain.decay import unix_us
from plaudit.scoring.sums.domain.parts import Part, StepPart, counts, joined, merge_for, newest_us

EARLIEST: Final = datetime(1900, 1, 1, tzinfo=UTC)
LATEST: Final = datetime(2200, 1, 1, tzinfo=UTC)
MAX_STEPS: Final = 9_000
"""A year of hours, and more than twenty of days."""
MAX_ZONE_CHARS: Final = 64
ZONE_PATTERN: Final = r"^[A-Za-z][A-Za-z0-9_+/-]*$"
"""Of a time zone's name."""
USUAL_PAST: Final = timedelta(days=90)
"""How long before its end a series begins that says only when it ends."""
AN_HOUR: Final = timedelta(hours=1)
THE_LEAST: Final = timedelta(microseconds=1)
"""A step holds all instants before its end; this one lies between the last of them and the end."""


class Step(StrEnum):
    """How long a step lasts."""

    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    """From Monday on, as ISO 8601 has it."""
    MONTH = "month"


class InvalidSpanError(ValueError):
    """A span of time that cannot be cut into steps."""

    def __init__(self, field: str, message: str) -> None:
        """Name the field that is wrong, and say what to do."""
        super().__init__(message)
        self.field = field


@dataclass(frozen=True, slots=True)
class Span:
    """The time of one step: its start belongs to it, its end does not."""

    start: datetime
    end: datetime
    label: str
    """The hour, the day, the ISO week or the month, on the calendar of the zone."""

    @property
    def last(self) -> datetime:
        """The last instant in it."""
        return self.end - THE_LEAST


@dataclass(frozen=True, slots=True)
class Point:
    """A score as it stood at the end of a step."""

    span: Span
    score: Score
    new_reviews: int
    """How many of the reviews were rated in the step."""


def zone_named(name: str) -> ZoneInfo:
    """Return a time zone.

    Raises:
        InvalidSpanError: there is none of this name.
    """
    try:
        return zone_of(name)
    except UnknownTimeZoneError as error:
        raise InvalidSpanError(
            "timezone", "There is no such time zone; one is for example `Europe/Berlin`, or `UTC`."
        ) from error


def spans(start: datetime, end: datetime, step: Step, zone: ZoneInfo) -> list[Span]:
    """Cut the time from a start to an end into steps of a zone's calendar; the first and the last may be cut short.

    Days begin at midnight on the zone's clocks, so a day on which they change has 23 or 25 hours. Where clocks leave
    midnight out, the day begins when they go on; where they show it twice, at the first. So it is with hours, but one
    that clocks show twice is two.

    Raises:
        InvalidSpanError: the end is not after the start, one is too far away, or the steps are too many.
    """
    for field, bound in (("from", start), ("to", end)):
        if not EARLIEST <= bound <= LATEST:
            raise InvalidSpanError(field, f"`{field}` must lie between the years {EARLIEST.year} and {LATEST.year}.")
    if end <= start:
        raise InvalidSpanError("to", "`to`, which is now if it is not given, must be after `from`.")
    found = list(islice(_steps(start, end, step, zone), MAX_STEPS + 1))
    if len(found) > MAX_STEPS:
        raise InvalidSpanError(
            "to", f"There would be more than {MAX_STEPS:,} steps. Take longer steps, or a shorter time."
        )
    return found


def usual_start(end: datetime, step: Step, zone: ZoneInfo, past: timedelta = USUAL_PAST) -> datetime:
    """Return when a series begins that says only when it ends: with the day, the week or the month so long before."""
    if end - EARLIEST < past:
        return EARLIEST
    day = (end - past).astimezone(zone).date()
    match step:
        case Step.WEEK:
            day -= timedelta(days=day.weekday())
        case Step.MONTH:
            day = day.replace(day=1)
    return max(datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC), EARLIEST)


def _steps(start: datetime, end: datetime, step: Step, zone: ZoneInfo) -> Iterator[Span]:
    at = start.astimezone(UTC)
    while at < end:
        following = min(_next_hour(at, zone) if step is Step.HOUR else _next_day(at, step, zone), end.astimezone(UTC))
        yield Span(at, following, _label(at, step, zone))
        at = following


def _next_hour(at: datetime, zone: ZoneInfo) -> datetime:
    """Return the next instant at which another hour begins on the zone's clocks.

    That is when they show a full hour, or when they are put on into one beyond its beginning: some zones change them by
    half an hour.
    """
    hour = at.astimezone(zone).hour
    while True:
        local = at.astimezone(zone)
        full = at + AN_HOUR - timedelta(minutes=local.minute, seconds=local.second, microseconds=local.microsecond)
        at = _when_clocks_change(at, full, zone)
        local = at.astimezone(zone)
        if (local.minute, local.second) == (0, 0) or local.hour != hour:
            return at


def _when_clocks_change(start: datetime, end: datetime, zone: ZoneInfo) -> datetime:
    """Return the instant in an hour or less from which the zone's clocks go by the offset of its end.

    The end, where they are not changed in it.
    """
    offset = end.astimezone(zone).utcoffset()
    if start.astimezone(zone).utcoffset() == offset:
        return end
    while end - start > THE_LEAST:
        middle = start + (end - start) / 2
        if middle.astimezone(zone).utcoffset() == offset:
            end = middle
        else:
            start = middle
    return end


def _next_day(at: datetime, step: Step, zone: ZoneInfo) -> datetime:
    """Return the instant at which the next day, week or month begins; a day that a zone left out is none."""
    day = at.astimezone(zone).date()
    while True:
        day = _first_day_after(day, step)
        begins = datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)
        if begins > at:
            return begins


def _first_day_after(day: date, step: Step) -> date:
    """Return the first day of the step after the one that a day is in."""
    match step:
        case Step.WEEK:
            return day + timedelta(days=7 - day.weekday())
        case Step.MONTH:
            return date(day.year + day.month // 12, day.month % 12 + 1, 1)
        case _:
            return day + timedelta(days=1)


def _label(at: datetime, step: Step, zone: ZoneInfo) -> str:
    local = at.astimezone(zone)
    match step:
        case Step.HOUR:
            return _beginning(at, zone).isoformat(timespec="minutes")
        case Step.DAY:
            return local.date().isoformat()
        case Step.WEEK:
            year, week, _ = local.isocalendar()
            return f"{year}-W{week:02}"
        case Step.MONTH:
            return f"{local:%Y-%m}"


def _beginning(at: datetime, zone: ZoneInfo) -> datetime:
    """Return when the hour of an instant begins, as the zone's clocks show it.

    Clocks that are put back from a minute past midnight to one past eleven show eleven once: then it is told by the
    offset of the hour that it would have begun.
    """
    local = at.astimezone(zone)
    begins = local.replace(minute=0, second=0, microsecond=0)
    if begins.utcoffset() == local.utcoffset() or _next_hour(begins.astimezone(UTC), zone) > at:
        return begins
    return begins.replace(tzinfo=timezone(local.utcoffset() or timedelta()))


def points(
    profile: Profile, before: Iterable[Part], changes: Sequence[StepPart], steps: Sequence[Span]
) -> Iterator[Point]:
    """Return the score of a profile at the end of each step.

    Args:
        profile: it.
        before: the sums of its half-life just before the first step.
        changes: what the steps added, in their order.
        steps: they follow on each other.
    """
    rows: dict[tuple[str | None, int, int], Part] = {}
    # Sources that weigh alike are one: what there is to merge at each step is a fraction then.
    are_sources_one = not profile.source_weights
    for part in before:
        _add(rows, part._replace(source_id=None) if are_sources_one else part)
    place, is_changed, newest = 0, True, None
    merged = merge_for(profile, ())
    for number, span in enumerate(steps):
        new_reviews = 0
        while place < len(changes) and changes[place].step == number:
            change = changes[place]
            _add(rows, change.part._replace(source_id=None) if are_sources_one else change.part)
            new_reviews += change.rated if counts(change.part, profile) else 0
            place, is_changed = place + 1, True
        if is_changed:
            parts = rows.values()
            merged = merge_for(profile, parts)
            newest, is_changed = newest_us(parts, profile), False
        yield Point(span, read(merged, instant_of(profile, newest, unix_us(span.last)), profile), new_reviews)


def _add(rows: dict[tuple[str | None, int, int], Part], part: Part) -> None:
    key = part[:3]
    held = rows.get(key)
    rows[key] = part if held is None else joined(held, part)


class StepDays(NamedTuple):
    """Days whose cells count in one step."""

    first: int
    end: int
    """The day after the last, counted from 1970."""
    step: int


class StepStretch(NamedTuple):
    """A part of a day, whose entries are read one by one."""

    from_us: int
    until_us: int
    owner: int
    """The step that the day's cells count in, from which these entries are taken; -1 where they count in none."""


def in_days(edges_us: Sequence[int], *, may_subtract: bool) -> tuple[list[StepDays], list[StepStretch]]:
    """Return which cells of whole days, and which entries beside them, make up steps.

    A day on which a step begins after midnight is cut. If one piece of it is longer than all others, its cells count
    in that piece's step, and the entries of the other pieces are taken from it; otherwise its entries are read.

    Args:
        edges_us: the start of each step in microseconds since the Unix epoch, and the end of the last.
        may_subtract: whether entries may be taken away from cells, which leaves their `newest_us` as it is.
    """
    days = [
        StepDays(-(-start // DAY_US), end // DAY_US, step)
        for step, (start, end) in enumerate(pairwise(edges_us))
        if -(-start // DAY_US) < end // DAY_US
    ]
    stretches: list[StepStretch] = []
    for day in sorted({edge // DAY_US for edge in edges_us if edge % DAY_US}):
        low, high = day * DAY_US, (day + 1) * DAY_US
        first, last = bisect_right(edges_us, low), bisect_left(edges_us, high)
        bounds = [low, *edges_us[first:last], high]
        # Before the first step it is -1, after the last one of no step either.
        pieces = [
            (end - start, start, end, step if step < len(edges_us) - 1 else -1)
            for step, (start, end) in enumerate(pairwise(bounds), start=first - 1)
        ]
        length, longest, _, owner = max(pieces)
        if not may_subtract or 2 * length <= DAY_US:
            owner = -1
        if owner >= 0:
            days.append(StepDays(day, day + 1, owner))
        for _, start, end, step in pieces:
            if (start != longest) if owner >= 0 else step >= 0:
                stretches.append(StepStretch(start, end, owner))
    return days, _joined(stretches)


def _joined(stretches: Iterable[StepStretch]) -> list[StepStretch]:
    """Return stretches with those as one that follow each other without a gap."""
    found: list[StepStretch] = []
    for each in stretches:
        if found and (found[-1].until_us, found[-1].owner) == (each.from_us, each.owner):
            found[-1] = StepStretch(found[-1].from_us, each.until_us, each.owner)
        else:
            found.append(each)
    return found
