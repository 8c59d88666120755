"""Which cells and which entries make up the sums of a stretch of both times.

A cell holds what took effect on one day and was known on one day; others hold 32 days of either, or all that was ever
known. So the whole days of a stretch of three years are some ninety cells, and only the two days that a stretch begins
and ends within are read entry by entry.
"""

from enum import IntEnum
from itertools import product
from typing import Final, NamedTuple

from plaudit.scoring.profiles.domain import DAY_US

MONTH_DAYS: Final = 32
LARGE_ENTRIES: Final = 4_096
"""A subject with so many entries has cells. The entries of any other are summed when they are asked for."""
ASKING_SHARE: Final = 256
"""One of so many entries asks whether its subjects have become large."""
MIN_US: Final = -62_135_596_800_000_000
"""The first instant of the year 1, in microseconds since the Unix epoch."""
MAX_US: Final = 253_402_300_799_999_999
"""The last instant of the year 9999."""
MOST_CANCELLED: Final = 2.0**-10
"""Where less is left of the weights that were summed, rounding would show in the ninth digit of a figure."""


class Grain(IntEnum):
    """How much of one of the times a cell holds. It is stored."""

    DAY = 0
    MONTH = 1
    """32 days, counted from 1970."""
    ALL = 2


class Spans(NamedTuple):
    """Spans of one grain that follow each other, by their indexes since 1970."""

    grain: Grain
    first: int
    end: int
    """The index after the last."""


class Stretch(NamedTuple):
    """The instants from one until before another, in microseconds since the Unix epoch."""

    from_us: int
    until_us: int


class Cut(NamedTuple):
    """A stretch of time in whole days and what is left at its ends."""

    whole: Stretch | None
    """All of the whole days; None if there is none."""
    spans: tuple[Spans, ...]
    """The same, in as large spans as there are."""
    ends: tuple[Stretch, ...]


class SpansOfBoth(NamedTuple):
    """Cells: which spans of the one time and which of the other they hold."""

    valid: Spans
    known: Spans


class StretchOfBoth(NamedTuple):
    """Entries: when they took effect, and when they were known."""

    valid: Stretch
    known: Stretch


class Pieces(NamedTuple):
    """What the sums of a stretch of both times are made of. No entry is in two pieces."""

    cells: tuple[SpansOfBoth, ...]
    by_cells: StretchOfBoth | None
    """What the cells hold, but for entries that are not in any yet."""
    by_valid: tuple[StretchOfBoth, ...]
    """Entries that are few by when they took effect."""
    by_known: tuple[StretchOfBoth, ...]
    """Entries that are few by when they were known."""


def cut(from_us: int | None, until_us: int | None, *, all_at_once: bool = False) -> Cut:
    """Cut a stretch of time into whole days and its ends.

    Args:
        from_us: where it begins; None for all that came before.
        until_us: the instant after it; None for all that will come.
        all_at_once: whether a stretch that is not bounded at all is one span.
    """
    if from_us is None and until_us is None and all_at_once:
        return Cut(Stretch(MIN_US, MAX_US), (Spans(Grain.ALL, 0, 1),), ())
    begin_us = MIN_US if from_us is None else from_us
    end_us = MAX_US if until_us is None else until_us
    first_day, end_day = -(-begin_us // DAY_US), end_us // DAY_US
    if first_day >= end_day:
        return Cut(None, (), (Stretch(begin_us, end_us),) if begin_us < end_us else ())
    whole = Stretch(first_day * DAY_US, end_day * DAY_US)
    ends = (Stretch(begin_us, whole.from_us), Stretch(whole.until_us, end_us))
    return Cut(whole, _spans(first_day, end_day), tuple(each for each in ends if each.from_us < each.until_us))


def pieces(valid: Cut, known: Cut) -> Pieces:
    """Return what makes up the sums of what took effect in one stretch and was known in another."""
    by_known = () if valid.whole is None else tuple(StretchOfBoth(valid.whole, end) for end in known.ends)
    both = None if valid.whole is None or known.whole is None else StretchOfBoth(valid.whole, known.whole)
    all_known = [*known.ends, *([] if known.whole is None else [known.whole])]
    return Pieces(
        cells=tuple(SpansOfBoth(*each) for each in product(valid.spans, known.spans)),
        by_cells=both,
        by_valid=tuple(StretchOfBoth(*each) for each in product(valid.ends, all_known)),
        by_known=by_known,
    )


def _spans(first_day: int, end_day: int) -> tuple[Spans, ...]:
    """Return whole days in as large spans as there are."""
    first_month, end_month = -(-first_day // MONTH_DAYS), end_day // MONTH_DAYS
    if first_month >= end_month:
        return (Spans(Grain.DAY, first_day, end_day),)
    spans = (
        Spans(Grain.DAY, first_day, first_month * MONTH_DAYS),
        Spans(Grain.MONTH, first_month, end_month),
        Spans(Grain.DAY, end_month * MONTH_DAYS, end_day),
    )
    return tuple(each for each in spans if each.first < each.end)
