"""How old the reviews are that count, from what they weigh in spans of time.

Spans are opened where a figure lies within one: 32 days to days, a day to the instants at which its reviews were rated.
So the newest review and the middle of the weight are found exactly, and hardly an entry is read for it.
"""

from collections.abc import Collection, Sequence
from enum import IntEnum
from math import fsum
from typing import NamedTuple

from plaudit.scoring.cells.domain import SPAN_DAYS, Grain
from plaudit.scoring.profiles.domain import DAY_US


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


def start_of(kind: UnitKind, span: int) -> tuple[int, int]:
    """Return when a span begins, and the instant after it; spans are counted from 1970."""
    days = SPAN_DAYS if kind is UnitKind.MONTH else 1
    return span * days * DAY_US, (span + 1) * days * DAY_US


def newest_first(units: Collection[Unit]) -> list[Unit]:
    """Return the units in which reviews were rated, the latest first."""
    return sorted((each for each in units if each.n > 0), key=lambda each: -each.from_us)


def middle_of(units: Sequence[Unit]) -> Unit:
    """Return the unit in which half of the weight is reached, counted from the newest review.

    Args:
        units: at least one, the latest first.
    """
    half = fsum(each.weight for each in units) / 2
    younger = 0.0
    for each in units:
        younger += each.weight
        if younger >= half:
            return each
    return units[-1]


def to_open(units: Sequence[Unit]) -> Unit | None:
    """Return a unit that hides the newest review or the middle of the weight; None where both are known.

    Args:
        units: at least one, the latest first.
    """
    if units[0].newest_us is None:
        return units[0]
    middle = middle_of(units)
    return None if middle.kind is UnitKind.INSTANT else middle
