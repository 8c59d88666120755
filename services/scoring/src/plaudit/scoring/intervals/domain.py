"""How sure a figure is: 95 % intervals of shares, means and NPS, and of the differences between two of them.

The number of reviews that a figure rests on may be fractional: of decayed weights it is the effective one.
"""

from collections.abc import Collection
from functools import lru_cache
from math import exp, fsum, inf, lgamma, log, log1p, sqrt
from typing import Final, NamedTuple

from plaudit.common.statistics.intervals import Interval, Z, on_scale, wilson

_TAILS: Final = 0.05
WAIT_RATIO: Final = (2 - _TAILS) / _TAILS
"""Of two waits for events that come at random at one pace, the longer is less than so many times the other, with a
confidence of 95 %: their ratio has the F distribution of two and two degrees, `P(F < x) = x / (1 + x)` (Cox and Lewis,
The Statistical Analysis of Series of Events, 1966). So one wait alone tells little."""
_MANY_DEGREES: Final = 200.0
_TINY: Final = 1e-300
_PRECISION: Final = 1e-15
_MAX_ROUNDS: Final = 500
_ROUNDING: Final = 1e-9
"""Values no further apart are equal: 3.3 of 10 and 33 of 100 are one rating, and differ in the last bit."""
_REMEMBERED: Final = 1_024
"""Quantiles; the degrees of plain means are whole, and the same again and again along a series."""


class Sample(NamedTuple):
    """What a mean is made of."""

    n: float
    mean: float
    variance: float
    """Of the sample: the sum of squared distances from the mean, divided by n - 1."""


def newcombe(before: float, n_before: float, after: float, n_after: float) -> Interval:
    """Return the interval of `after - before`, two shares (Newcombe, Statistics in Medicine 17, 1998, method 10)."""
    return of_difference(before, wilson(before, n_before), after, wilson(after, n_after))


def of_difference(before: float, between_before: Interval, after: float, between_after: Interval) -> Interval:
    """Return the interval of `after - before`, two figures of which each has an interval of its own.

    It is made as Newcombe's is of two shares (the method of variance estimates recovery: Zou and Donner, Statistics in
    Medicine 27, 2008). It takes the two to be independent; where they share reviews it is wider than it need be.
    """
    difference = after - before
    return Interval(
        difference - sqrt((after - between_after.low) ** 2 + (between_before.high - before) ** 2),
        difference + sqrt((between_after.high - after) ** 2 + (before - between_before.low) ** 2),
    )


def odds(positive: int, negative: int) -> Interval | None:
    """Return the interval of how many of one kind there are for each of another; None where it has no end.

    It is Wilson's of the share of the one among both, as odds.
    """
    low, high = wilson(positive / (positive + negative), positive + negative) if positive + negative else (0.0, 1.0)
    return Interval(low / (1 - low), high / (1 - high)) if high < 1 else None


def net_share(positive: float, negative: float, n: float) -> Interval:
    """Return the interval of `positive - negative`, two shares of the same n, as NPS is.

    Three replies are added, a quarter of them on each side (the adjusted Wald interval of Rocks, The American
    Statistician 70, 2016), so that few and equal replies do not seem sure. It is widened to what was observed, which
    the formula leaves out where few replies are all on one side.
    """
    if n <= 0:
        return Interval(-1.0, 1.0)
    observed, total = positive - negative, n + 3
    positive, negative = (positive * n + 0.75) / total, (negative * n + 0.75) / total
    half = Z * sqrt((positive + negative - (positive - negative) ** 2) / total)
    low, high = positive - negative - half, positive - negative + half
    return Interval(max(-1.0, min(low, observed)), min(1.0, max(high, observed)))


def sample_of(values: Collection[tuple[float, float]], n: float, scale: Interval) -> Sample:
    """Return what the mean of replies is made of.

    Args:
        values: value and weight of replies, at least one, each of them on the scale and of a weight above 0.
        n: how many replies of equal weight would say as much.
        scale: the least and the greatest value that there may be.
    """
    weight = fsum(each for _, each in values)
    mean = on_scale(fsum(value * each for value, each in values) / weight)
    least, most = min(value for value, _ in values), max(value for value, _ in values)
    if most - least <= _ROUNDING:
        return sample_of_equals(mean, n, scale)
    spread = fsum((value - mean) ** 2 * each for value, each in values) / weight
    return Sample(n, mean, spread * n / (n - 1) if n > 1 else 0.0)


def sample_of_equals(value: float, n: float, scale: Interval) -> Sample:
    """Return what the mean of replies is made of that are all equal.

    They do not tell how much replies differ, and few of them are no proof that they never do. Their variance is the one
    that they have with one more at the far end of the scale: its distance squared / (n + 1).
    """
    return Sample(n, value, max(value - scale.low, scale.high - value) ** 2 / (n + 1))


def of_mean(sample: Sample) -> Interval | None:
    """Return the interval of a mean by Student's t; None of one reply, which does not tell how they differ."""
    if sample.n <= 1:
        return None
    if sample.variance <= 0:
        return Interval(sample.mean, sample.mean)
    half = student(sample.n - 1) * sqrt(sample.variance / sample.n)
    return Interval(sample.mean - half, sample.mean + half)


def welch(before: Sample, after: Sample) -> Interval | None:
    """Return the interval of the difference of two means (Welch, Biometrika 34, 1947); None if one has a single reply.

    The degrees of freedom are those of Welch and Satterthwaite.
    """
    if before.n <= 1 or after.n <= 1:
        return None
    difference = after.mean - before.mean
    one, other = before.variance / before.n, after.variance / after.n
    if one + other <= 0:
        return Interval(difference, difference)
    degrees = (one + other) ** 2 / (one**2 / (before.n - 1) + other**2 / (after.n - 1))
    half = student(degrees) * sqrt(one + other)
    return Interval(difference - half, difference + half)


def poisson(count: float) -> Interval:
    """Return the interval of the mean of a Poisson count, from what was counted.

    Byar's approximation of the exact limits (Breslow and Day, Statistical Methods in Cancer Research II, 1987, page
    69), which is within 0.03 of them.
    """
    half = Z / 3
    low = count * (1 - 1 / (9 * count) - half / sqrt(count)) ** 3 if count else 0.0
    above = count + 1
    return Interval(max(0.0, low), above * (1 - 1 / (9 * above) + half / sqrt(above)) ** 3)


def poisson_difference(before: int, after: int) -> Interval:
    """Return the interval of the difference of two Poisson means, from what was counted in equal times."""
    return of_difference(before, poisson(before), after, poisson(after))


@lru_cache(maxsize=_REMEMBERED)
def student(degrees: float) -> float:
    """Return the two-sided 95 % quantile of Student's t.

    Args:
        degrees: of freedom, above 0, perhaps fractional.
    """
    if degrees > _MANY_DEGREES:
        # Cornish and Fisher's expansion (Abramowitz and Stegun 26.7.5); the next term is below 1e-8.
        terms = (
            (Z**3 + Z) / 4,
            (5 * Z**5 + 16 * Z**3 + 3 * Z) / 96,
            (3 * Z**7 + 19 * Z**5 + 17 * Z**3 - 15 * Z) / 384,
        )
        return Z + sum(term / degrees**power for power, term in enumerate(terms, start=1))
    # P(|T| > t) = I_x(degrees / 2, 1 / 2) with x = degrees / (degrees + t^2); x grows as t falls.
    low, high = 0.0, 1.0
    while high - low > _PRECISION * max(high, _TINY):
        x = (low + high) / 2
        if x in {low, high}:
            break
        low, high = (low, x) if _incomplete_beta(degrees / 2, 0.5, x) > _TAILS else (x, high)
    x = (low + high) / 2
    return sqrt(degrees * (1 - x) / x) if x > 0 else inf


def _incomplete_beta(a: float, b: float, x: float) -> float:
    """Return the regularised incomplete beta function I_x(a, b), by its continued fraction (DLMF 8.17.22)."""
    if x <= 0 or x >= 1:
        return float(x >= 1)
    if x > (a + 1) / (a + b + 2):
        return 1 - _incomplete_beta(b, a, 1 - x)
    front = exp(a * log(x) + b * log1p(-x) + lgamma(a + b) - lgamma(a) - lgamma(b)) / a
    fraction, c, d = 1.0, 1.0, 0.0
    for number in range(_MAX_ROUNDS):
        m = number // 2
        if number == 0:
            term = 1.0
        elif number % 2 == 0:
            term = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        else:
            term = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        d = 1 + term * d
        d = 1 / (d if abs(d) > _TINY else _TINY)
        c = 1 + term / c
        c = c if abs(c) > _TINY else _TINY
        fraction *= c * d
        if abs(1 - c * d) < _PRECISION:
            break
    return front * (fraction - 1)
