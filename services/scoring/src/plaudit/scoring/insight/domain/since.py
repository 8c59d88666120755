"""Since when something is said more, or less: the week at which its share changed most likely."""

from collections.abc import Sequence
from math import log
from typing import Final

MIN_WEEKS: Final = 2
"""On each side of a change."""


def change_week(counts: Sequence[int], totals: Sequence[int]) -> int | None:
    """Return the index of the first week with the new share; None where no two shares are likelier than one.

    It is the maximum-likelihood change point of a binomial share. Source: Hinkley, Hinkley, Inference about the
    change-point in a sequence of binomial variables, Biometrika 57 (1970).

    Args:
        counts: of each week, the oldest first: reviews that say it.
        totals: of each week: all reviews.
    """
    all_counts, all_totals = sum(counts), sum(totals)
    best, best_gain = None, 0.0
    before_count, before_total = sum(counts[: MIN_WEEKS - 1]), sum(totals[: MIN_WEEKS - 1])
    for week in range(MIN_WEEKS, len(counts) - MIN_WEEKS + 1):
        before_count += counts[week - 1]
        before_total += totals[week - 1]
        gain = (
            _log_likelihood(before_count, before_total)
            + _log_likelihood(all_counts - before_count, all_totals - before_total)
            - _log_likelihood(all_counts, all_totals)
        )
        if gain > best_gain + 1e-9:
            best, best_gain = week, gain
    # Weeks of which nothing is known belong to neither side.
    return None if best is None else next(week for week in range(best, len(totals)) if totals[week])


def _log_likelihood(count: int, total: int) -> float:
    """Return the log-likelihood of a share at its maximum; 0 where it is 0 or 1."""
    if not 0 < count < total:
        return 0.0
    return count * log(count / total) + (total - count) * log(1 - count / total)
