"""How sure a share is: its 95 % interval. The number that it rests on may be fractional."""

from math import sqrt
from statistics import NormalDist
from typing import Final, NamedTuple

Z: Final = NormalDist().inv_cdf(0.975)
"""The normal quantile of two-sided 95 %."""
DIGITS: Final = 12
"""Behind the point of a figure on a scale of some hundreds at most. A double has two more: what rounding has left."""


class Interval(NamedTuple):
    """Where a figure lies with a confidence of 95 %."""

    low: float
    high: float

    def holds(self, value: float) -> bool:
        """Return whether a value lies in it."""
        return self.low <= value <= self.high


def on_scale(value: float) -> float:
    """Return a figure as its scale has it, so that one reply of 6 reads 6 however it was kept and has faded."""
    return round(value, DIGITS)


def wilson(share: float, n: float, z: float = Z) -> Interval:
    """Return the interval of a share of n (Wilson, JASA 22, 1927), which stays within 0 and 1 however few there are.

    Nothing is known of a share of none.
    """
    if n <= 0:
        return Interval(0.0, 1.0)
    middle = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    low, high = max(0.0, middle - half), min(1.0, middle + half)
    # At the ends the formula gives the share itself, but for rounding.
    return Interval(0.0 if share <= 0 else low, 1.0 if share >= 1 else high)
