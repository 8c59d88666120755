"""Which dates an axis of time names: round ones, few enough to be read, in UTC."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

_DAY: Final = timedelta(days=1)
_MONTH: Final = timedelta(days=30.5)
_YEAR: Final = timedelta(days=365.25)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MONDAY: Final = datetime(1970, 1, 5, tzinfo=UTC)
_MONTHS: Final = 12


@dataclass(frozen=True, slots=True)
class Tick:
    """A date that an axis names."""

    at: datetime
    words: str


@dataclass(frozen=True, slots=True)
class _Step:
    """A way to walk through time: about so long each time, from round date to round date."""

    length: timedelta
    dates: Callable[[datetime, datetime], Iterator[datetime]]


def ticks(first: datetime, last: datetime, most: int) -> list[Tick]:
    """Return the dates that an axis names: of the finest round step that makes no more than `most`.

    Where no step has two dates in the time, the first and the last instant are named themselves.

    Args:
        first: instant of the axis, with its zone.
        last: instant, not before the first.
        most: dates; at least 2.
    """
    first, last = first.astimezone(UTC), last.astimezone(UTC)
    for step in _STEPS:
        if (last - first) / step.length > most + 1:
            continue
        dates = list(step.dates(first, last))
        if 2 <= len(dates) <= most:
            return _named(dates, step.length)
    ends = [first] if first == last else [first, last]
    return [Tick(at, _day(at, with_year=True)) for at in ends]


def _named(dates: Sequence[datetime], length: timedelta) -> list[Tick]:
    """Return ticks in words; where none says which day or year it is of, the first does."""
    if length >= _YEAR:
        return [Tick(at, str(at.year)) for at in dates]
    if length >= _MONTH:
        words = [str(at.year) if at.month == 1 else f"{at:%b}" for at in dates]
        is_said = any(at.month == 1 for at in dates)
        first = f"{dates[0]:%b %Y}"
    elif length >= _DAY:
        words = [_day(at) for at in dates]
        is_said = False
        first = _day(dates[0], with_year=True)
    else:
        words = [_day(at) if (at.hour, at.minute) == (0, 0) else f"{at:%H:%M}" for at in dates]
        is_said = any((at.hour, at.minute) == (0, 0) for at in dates)
        first = f"{_day(dates[0])}, {dates[0]:%H:%M}"
    return [Tick(at, each) for at, each in zip(dates, words if is_said else [first, *words[1:]], strict=True)]


def _day(at: datetime, *, with_year: bool = False) -> str:
    return f"{at:%-d %b %Y}" if with_year else f"{at:%-d %b}"


def _every(length: timedelta, origin: datetime = _EPOCH) -> _Step:
    """Walk in steps of equal length, counted from an origin."""

    def dates(first: datetime, last: datetime) -> Iterator[datetime]:
        at = origin + -((origin - first) // length) * length
        while at <= last:
            yield at
            at += length

    return _Step(length, dates)


def _months(count: int) -> _Step:
    """Walk from the first day of a month to that of another, counted from January of year 0."""

    def dates(first: datetime, last: datetime) -> Iterator[datetime]:
        month = first.year * _MONTHS + first.month - 1
        month -= month % count
        while (at := _first_of(month)) <= last:
            if at >= first:
                yield at
            month += count

    return _Step(_MONTH * count if count % _MONTHS else _YEAR * (count // _MONTHS), dates)


def _first_of(month: int) -> datetime:
    return datetime(month // _MONTHS, month % _MONTHS + 1, 1, tzinfo=UTC)


_STEPS: Final = (
    *(_every(timedelta(minutes=count)) for count in (1, 5, 15, 30)),
    *(_every(timedelta(hours=count)) for count in (1, 2, 3, 6, 12)),
    *(_every(timedelta(days=count)) for count in (1, 2, 4)),
    *(_every(timedelta(weeks=count), _MONDAY) for count in (1, 2)),
    *(_months(count) for count in (1, 2, 3, 6)),
    *(_months(_MONTHS * count) for count in (1, 2, 5, 10, 20, 50, 100)),
)
