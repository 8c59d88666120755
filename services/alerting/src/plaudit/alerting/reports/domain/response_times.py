"""How soon what is due happens: quantiles by Kaplan and Meier, those that wait among all."""

from collections.abc import Iterable
from typing import Final, NamedTuple

from plaudit.common.statistics.waiting import Quantile, Waits, quantiles

SHARES: Final = (0.5, 0.75, 0.9)
"""Of which the times are told."""
SECOND_US: Final = 1_000_000


class Seen(NamedTuple):
    """The waits of a group of clocks, and the clocks of which none is told."""

    answered: tuple[int, ...] = ()
    """Microseconds until what was due happened."""
    waiting: tuple[int, ...] = ()
    """Microseconds up to now, of those that are open."""
    cancelled: tuple[int, ...] = ()
    """Microseconds until nothing was due any more."""
    entered: tuple[int, ...] = ()
    """Microseconds after which they were learned of, of those among the others for which that counts."""
    unknown: int = 0
    """Open where answers are not told: whether they still wait, nobody knows."""
    answered_before: int = 0
    """The answer is older than the statement that it would answer."""
    ended_before: int = 0
    """It had happened, or nothing was due any more, before the time began to count."""


class Times(NamedTuple):
    """How soon what is due happens."""

    seen: Seen
    median: Quantile
    p75: Quantile
    p90: Quantile

    @property
    def counted(self) -> int:
        """How many clocks the times are of."""
        return len(self.seen.answered) + len(self.seen.waiting) + len(self.seen.cancelled)

    @property
    def all(self) -> int:
        """How many clocks there are, also those that no time is told of."""
        return self.counted + self.seen.unknown + self.seen.answered_before + self.seen.ended_before


def times_of(seen: Seen) -> Times:
    """Return the quantiles of waits. Who is cancelled is censored then, and who waits now."""
    waits = Waits(seen.answered, [*seen.waiting, *seen.cancelled], seen.entered)
    return Times(seen, *quantiles(waits, SHARES))


def together(found: Iterable[Seen]) -> Seen:
    """Return all of them as one group."""
    groups = list(found)
    return Seen(
        tuple(wait for each in groups for wait in each.answered),
        tuple(wait for each in groups for wait in each.waiting),
        tuple(wait for each in groups for wait in each.cancelled),
        tuple(wait for each in groups for wait in each.entered),
        sum(each.unknown for each in groups),
        sum(each.answered_before for each in groups),
        sum(each.ended_before for each in groups),
    )
