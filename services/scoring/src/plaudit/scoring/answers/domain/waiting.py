"""How long reviews wait for an answer, where some still wait: the estimator of Kaplan and Meier.

A review without an answer is right-censored at its age: it is known to wait so long, and not how long it will. The
share that still waits after t is the product, over all times t' up to t at which reviews were answered, of one less the
share of those waiting just before t' that were answered at t' (Kaplan and Meier, JASA 53, 1958). A review that is
censored at the very time of an answer was still waiting then.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from math import ceil
from typing import Final, NamedTuple

HALF: Final = 0.5
_ROUNDING: Final = 1e-12


class Waits(NamedTuple):
    """How long reviews waited, in microseconds, in order."""

    answered: Sequence[int]
    """Until their answers, of those that have one."""
    waiting: Sequence[int]
    """Up to now, of those that have none."""


class _Run(NamedTuple):
    """Answers between which nothing was censored: the factors of the product cancel to one fraction."""

    first: int
    end: int
    """Exclusive; both are indices of the answered."""
    at_risk: int
    """How many were waiting just before the first."""
    share: float
    """The share that waited longer than all answers before the first."""

    def share_after(self, count: int) -> float:
        """Return the share that still waits after so many of its answers."""
        return self.share * (self.at_risk - count) / self.at_risk


def together(waits: Iterable[Waits]) -> Waits:
    """Return all of them in order."""
    all_waits = list(waits)
    return Waits(
        sorted(each for one in all_waits for each in one.answered),
        sorted(each for one in all_waits for each in one.waiting),
    )


def median(waits: Waits) -> int | None:
    """Return the least time after which at most half still wait; None where that is not reached."""
    for run in _runs(waits):
        if run.share_after(run.end - run.first) <= HALF + _ROUNDING:
            count = ceil(run.at_risk * (1 - (HALF + _ROUNDING) / run.share))
            return waits.answered[run.first + max(count, 1) - 1]
    return None


def answered_within(waits: Waits, limit_us: int) -> float | None:
    """Return the share that is answered within a time; None where nobody is known to have waited so long.

    Args:
        waits: of all reviews.
        limit_us: the time, with itself.
    """
    still = 1.0
    for run in _runs(waits):
        if waits.answered[run.first] > limit_us:
            break
        still = run.share_after(bisect_right(waits.answered, limit_us, run.first, run.end) - run.first)
    longest_us = max((times[-1] for times in waits if times), default=-1)
    return None if still > 0 and longest_us < limit_us else 1 - still


def _runs(waits: Waits) -> Iterator[_Run]:
    answered, waiting = waits
    first, gone, share = 0, 0, 1.0
    while first < len(answered):
        gone = bisect_left(waiting, answered[first], gone)
        at_risk = len(answered) - first + len(waiting) - gone
        end = bisect_right(answered, waiting[gone], first) if gone < len(waiting) else len(answered)
        run = _Run(first, end, at_risk, share)
        yield run
        share = run.share_after(end - first)
        first = end
