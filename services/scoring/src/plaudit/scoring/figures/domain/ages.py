"""How old the reviews are that count, from what they weigh in spans of time.

Spans are opened where a figure lies within one: 32 days to days, a day to the instants at which its reviews were rated.
So the newest review and the middle of the weight are found exactly, and hardly an entry is read for it. What was rated
since an instant is the rest of the span that it is in, and all later spans.
"""

from collections.abc import Collection, Sequence
from enum import IntEnum
from math import fsum
from typing import Final, NamedTuple

from plaudit.scoring.cells.domain import SPAN_DAYS, Grain, Spans, Stretch, cut
from plaudit.scoring.profiles.domain import DAY_US

HALF: Final = 0.5


class UnitKind(IntEnum):
    """How much time a unit is."""

    DAY = Grain.DAY
    MONTH = Grain.MONTH
    """32 days."""
    PART = 3
    """A day, or what has passed of it, of which it is known when its newest review was rated."""
    INSTANT = 4


class Unit(NamedTuple):
    """The reviews that were rated in some time: how many, and what they weigh beside those of other units."""

    kind: UnitKind
    from_us: int
    until_us: int
    """The instant after it."""
    n: int
    weight: float
    newest_us: int | None = None
    """When the newest of them was rated, if that is known."""


class Piece(NamedTuple):
    """Some days, and stretches within a day, whose reviews count or are taken away."""

    sign: int
    spans: tuple[Spans, ...]
    stretches: tuple[Stretch, ...]


class Rest(NamedTuple):
    """The end of a unit of time."""

    until_us: int
    """When the unit ends: all units from then on are of a window that begins where the rest does."""
    pieces: tuple[Piece, ...]


def rest_of(from_us: int, first_day: int) -> Rest:
    """Return what is left of the unit that an instant is in, in the fewest spans and the shortest stretch.

    Where more of a unit lies after the instant than before, the unit counts and what lies before is taken away.

    Args:
        from_us: the instant; it belongs to the rest.
        first_day: the first of the days that are units of their own; what is older is in units of 32 days.
    """
    day = from_us // DAY_US
    day_from_us, day_until_us = day * DAY_US, (day + 1) * DAY_US
    is_late = 2 * (from_us - day_from_us) >= DAY_US
    added = (Stretch(from_us, day_until_us),) if is_late else ()
    taken = () if is_late else (Stretch(day_from_us, from_us),)
    first_whole = day + is_late
    if day >= first_day:
        return Rest(day_until_us, (Piece(1, (Spans(Grain.DAY, first_whole, day + 1),), added), Piece(-1, (), taken)))
    month = day // SPAN_DAYS
    month_from, month_until = month * SPAN_DAYS, (month + 1) * SPAN_DAYS
    if month_until - first_whole <= first_whole - month_from:
        days = Spans(Grain.DAY, first_whole, month_until)
        return Rest(month_until * DAY_US, (Piece(1, (days,), added), Piece(-1, (), taken)))
    days = Spans(Grain.DAY, month_from, first_whole)
    whole = Spans(Grain.MONTH, month, month + 1)
    return Rest(month_until * DAY_US, (Piece(1, (whole,), added), Piece(-1, (days,), taken)))


def days_read(pieces: Collection[Piece]) -> list[tuple[int, int]]:
    """Return the days that are units of their own in some pieces, as stretches of them that do not overlap."""
    found: list[tuple[int, int]] = []
    spans = (span for piece in pieces for span in piece.spans)
    for first, end in sorted((span.first, span.end) for span in spans if span.grain is Grain.DAY):
        if found and first <= found[-1][1]:
            found[-1] = found[-1][0], max(found[-1][1], end)
        elif first < end:
            found.append((first, end))
    return found


def start_of(kind: UnitKind, span: int) -> tuple[int, int]:
    """Return when a span begins, and the instant after it; spans are counted from 1970."""
    days = SPAN_DAYS if kind is UnitKind.MONTH else 1
    return span * days * DAY_US, (span + 1) * days * DAY_US


def newest_first(units: Collection[Unit]) -> list[Unit]:
    """Return the units in which reviews were rated, the latest first."""
    return sorted((each for each in units if each.n > 0), key=lambda each: -each.from_us)


def middle_of(units: Sequence[Unit], share: float = HALF) -> Unit:
    """Return the unit in which half of the weight is reached, or another share, counted from the newest review.

    Args:
        units: at least one, the latest first.
        share: how much of the weight.
    """
    wanted = fsum(each.weight for each in units) * share
    younger = 0.0
    for each in units:
        younger += each.weight
        if younger >= wanted:
            return each
    return units[-1]


def to_open(units: Sequence[Unit], shares: Sequence[float] = (HALF,)) -> Unit | None:
    """Return a unit that hides the newest review or where shares of the weight are reached; None where all are known.

    Args:
        units: at least one, the latest first.
        shares: of the weight.
    """
    if units[0].newest_us is None:
        return units[0]
    reached = (middle_of(units, share) for share in shares)
    return next((each for each in reached if each.kind is not UnitKind.INSTANT), None)


def pieces_of(from_us: int, until_us: int) -> tuple[Piece, ...]:
    """Return a stretch of time in whole days, with what is left at its ends read or taken away, whichever is shorter.

    So a day on the clocks of a time zone is one day of UTC, less the hours before it and with those after it.

    Args:
        from_us: where it begins.
        until_us: the instant after it.
    """
    first, end = from_us // DAY_US, until_us // DAY_US
    is_first_late, is_end_late = 2 * (from_us % DAY_US) >= DAY_US, 2 * (until_us % DAY_US) >= DAY_US
    added, taken = [], []
    if is_first_late:
        added.append(Stretch(from_us, (first + 1) * DAY_US))
    else:
        taken.append(Stretch(first * DAY_US, from_us))
    if is_end_late:
        taken.append(Stretch(until_us, (end + 1) * DAY_US))
    else:
        added.append(Stretch(end * DAY_US, until_us))
    if sum(each.until_us - each.from_us for each in (*added, *taken)) >= until_us - from_us:
        return (Piece(1, (), (Stretch(from_us, until_us),)),)
    whole = cut((first + is_first_late) * DAY_US, (end + is_end_late) * DAY_US).spans
    return Piece(1, whole, tuple(added)), Piece(-1, (), tuple(taken))
