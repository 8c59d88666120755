"""Which sums and which entries make up what was shown of a subject between two instants.

A change is shown from when it has taken effect and is known, whichever is later. What is shown on a day that is over is
settled, but for what the ledger learns late. So a large subject has sums by day, and by 8 and 64 days; only the days
that a window begins and ends within, and those that are not summed, are read entry by entry.
"""

from collections.abc import Collection
from typing import Final, NamedTuple

from plaudit.scoring.profiles.domain import DAY_US

GRAIN_BITS: Final = (0, 3, 6)
"""A span of a grain holds two to the power of so many days. The grain's number is stored."""
LANDMARK_BITS: Final = 6
"""Weights are those at the beginning of spans of so many days, which all grains lie within."""
SETTLED_DAYS: Final = 1
"""A day is summed when another day has passed: no transaction that began within it is still open then."""
MIXED: Final = -1
"""In place of what sums are not told apart by."""
ABSENT: Final = 0
"""In place of a star that there is none of."""


class Moved(NamedTuple):
    """What changes of one kind did to the sums of a subject."""

    source_id: str
    happened: int
    """As `history.domain.Happened`; `MIXED` where they are told apart by topic."""
    traits: int
    other_traits: int
    """Of the other state; `MIXED` where there is none."""
    star: int
    other_star: int
    """`ABSENT` where there is none, as the star where they are told apart by topic."""
    sign: int
    """Whether states came (1) or went (-1); 0 where they are told apart by topic."""
    topic: int
    """A topic's bit; `MIXED` where they are told apart by what happened."""
    newest_us: int
    """When the newest of these reviews was rated."""
    changes: float
    a: float
    """Sum of ratings by weight, those that went subtracted."""
    b: float


class Span(NamedTuple):
    """Days that are summed together."""

    grain: int
    number: int
    """Counted from 1970."""


class ShownStretch(NamedTuple):
    """What was shown after one instant and until another, in microseconds since the Unix epoch."""

    after_us: int
    until_us: int


class ShownPieces(NamedTuple):
    """What a window is made of. Nothing that was shown is in two pieces."""

    window: ShownStretch
    """All of it."""
    spans: list[Span]
    stretches: list[ShownStretch]


def pieces(window: ShownStretch, next_day: int, changed: Collection[int]) -> ShownPieces:
    """Cut a window into sums and what is to be read entry by entry.

    Args:
        window: it.
        next_day: the days before it are summed.
        changed: of those, the ones whose sums are old.
    """
    first_day, end_day = window.after_us // DAY_US + 1, min((window.until_us + 1) // DAY_US, next_day)
    if first_day >= end_day:
        return ShownPieces(window, [], [window])
    spans, unsummed, day = [], [], first_day
    old = sorted(each for each in changed if first_day <= each < end_day)
    while day < end_day:
        grain = next(
            grain
            for grain in range(len(GRAIN_BITS) - 1, -1, -1)
            if (grain == 0 or _is_whole(day, GRAIN_BITS[grain], end_day, old))
        )
        if grain == 0 and day in old:
            unsummed.append(ShownStretch(day * DAY_US - 1, (day + 1) * DAY_US - 1))
        else:
            spans.append(Span(grain, day >> GRAIN_BITS[grain]))
        day += 1 << GRAIN_BITS[grain]
    ends = [ShownStretch(window.after_us, first_day * DAY_US - 1), ShownStretch(end_day * DAY_US - 1, window.until_us)]
    return ShownPieces(window, spans, [each for each in [*ends, *unsummed] if each.after_us < each.until_us])


def _is_whole(day: int, bits: int, end_day: int, old: Collection[int]) -> bool:
    """Return whether a span begins with a day, ends in time, and holds no day whose sum is old."""
    end = day + (1 << bits)
    return day % (1 << bits) == 0 and end <= end_day and not any(day <= each < end for each in old)
