"""Which cells and which entries make up the sums of a stretch of both times.

A cell holds what took effect on one day and was known on one day; others hold 32 days of either, or all that ever took
effect or was ever known. So the whole days of a stretch of three years are some ninety cells, and only the two days
that a stretch begins and ends within are read entry by entry.
"""

from enum import IntEnum
from itertools import product
from typing import Final, NamedTuple

from plaudit.scoring.profiles.domain import DAY_US

SPAN_DAYS: Final = 32
"""How many days the larger cells hold: a power of two, so that a day's span is its number without the lowest bits."""
LARGE_ENTRIES: Final = 4_096
"""A subject with so many entries has cells. The entries of any other are summed when they are asked for."""
ASKING_SHARE: Final = 256
"""One of so many entries asks whether its subjects have become large."""
MIN_US: Final = -62_135_596_800_000_000
"""The first instant of the year 1, in microseconds since the Unix epoch."""
MAX_US: Final = 253_402_300_799_999_999
"""The last instant of the year 9999."""


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

    stretch: Stretch
    """All of it."""
    whole: Stretch
    """All of the whole days; none of them where it is empty."""
    spans: tuple[Spans, ...]
    """The same, in as large spans as there are."""
    ends: tuple[Stretch, Stretch]
    """What lies before and after the whole days; either may be empty."""


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
    by_cells: StretchOfBoth
    """What the cells hold, but for entries that are not in any yet."""
    by_valid: tuple[StretchOfBoth, StretchOfBoth]
    """Entries that are few by when they took effect."""
    by_known: tuple[StretchOfBoth, StretchOfBoth]
    """Entries that are few by when they were known."""
    ahead: StretchOfBoth
    """What the cells hold and should not: entries that took effect later than the stretch, and were known before."""


NOTHING: Final = Stretch(0, 0)
NOTHING_OF_BOTH: Final = StretchOfBoth(NOTHING, NOTHING)
ALL: Final = (Spans(Grain.ALL, 0, 1),)


def following(at_us: int) -> int:
    """Return the instant after one, in microseconds since the Unix epoch; nothing comes after the year 9999."""
    return min(at_us + 1, MAX_US)


def cut(from_us: int | None, until_us: int | None, *, all_at_once: bool = False) -> Cut:
    """Cut a stretch of time into whole days and its ends.

    Args:
        from_us: where it begins; None for all that came before.
        until_us: the instant after it; None for all that will come.
        all_at_once: whether a stretch that is not bounded at all is one span.
    """
    stretch = Stretch(MIN_US if from_us is None else from_us, MAX_US if until_us is None else until_us)
    if from_us is None and until_us is None and all_at_once:
        return Cut(stretch, stretch, ALL, (NOTHING, NOTHING))
    first_day, end_day = -(-stretch.from_us // DAY_US), stretch.until_us // DAY_US
    if first_day >= end_day:
        return Cut(stretch, NOTHING, (), (stretch, NOTHING))
    whole = Stretch(first_day * DAY_US, end_day * DAY_US)
    ends = Stretch(stretch.from_us, whole.from_us), Stretch(whole.until_us, stretch.until_us)
    return Cut(stretch, whole, _spans(first_day, end_day), ends)


def pieces(valid: Cut, known: Cut) -> Pieces:
    """Return what makes up the sums of what took effect in one stretch and was known in another."""
    first_valid, last_valid = valid.ends
    first_known, last_known = known.ends
    return Pieces(
        cells=tuple(SpansOfBoth(*each) for each in product(valid.spans, known.spans)),
        by_cells=StretchOfBoth(valid.whole, known.whole),
        by_valid=(StretchOfBoth(first_valid, known.stretch), StretchOfBoth(last_valid, known.stretch)),
        by_known=(StretchOfBoth(valid.whole, first_known), StretchOfBoth(valid.whole, last_known)),
        ahead=NOTHING_OF_BOTH,
    )


def is_nearly_all(valid: Stretch, known: Stretch) -> bool:
    """Return whether what was known in one stretch took effect in the other, but for what took effect after it came.

    So it is with what was shown at an instant: hardly a review is rated later than we know of it.
    """
    return valid.from_us == MIN_US and known.until_us <= valid.until_us and known.until_us < MAX_US


def pieces_by_known(valid: Stretch, known: Cut) -> Pieces:
    """Return the same as `pieces`, in fewer cells, for stretches of which `is_nearly_all` holds.

    The cells are of all that was known in their days. Whether any of it is `ahead` is to be looked up: then the sums
    are to be made of `pieces`.
    """
    first_known, last_known = known.ends
    return Pieces(
        cells=tuple(SpansOfBoth(*each) for each in product(ALL, known.spans)),
        by_cells=StretchOfBoth(Stretch(MIN_US, MAX_US), known.whole),
        by_valid=(NOTHING_OF_BOTH, NOTHING_OF_BOTH),
        by_known=(StretchOfBoth(valid, first_known), StretchOfBoth(valid, last_known)),
        ahead=StretchOfBoth(Stretch(valid.until_us, MAX_US), known.whole),
    )


def _spans(first_day: int, end_day: int) -> tuple[Spans, ...]:
    """Return whole days in as large spans as there are."""
    first_month, end_month = -(-first_day // SPAN_DAYS), end_day // SPAN_DAYS
    if first_month >= end_month:
        return (Spans(Grain.DAY, first_day, end_day),)
    spans = (
        Spans(Grain.DAY, first_day, first_month * SPAN_DAYS),
        Spans(Grain.MONTH, first_month, end_month),
        Spans(Grain.DAY, end_month * SPAN_DAYS, end_day),
    )
    return tuple(each for each in spans if each.first < each.end)
