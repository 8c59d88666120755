"""Forward-decayed sums: what a review adds to an accumulator, and how accumulators merge.

A review of weight w rated at t weighs `w * 2^((t - L) / H)` against a landmark L, for ever: only the reader's factor
`2^-((at - L) / H)` changes with time. (Cormode, Shkapenyuk, Srivastava, Xu: Forward Decay, ICDE 2009; with an
exponential the landmark cancels.) All times are integer microseconds since the Unix epoch, and may be negative.

Landmarks are 64 half-lives apart, at `64 * k * H`, and k is part of an accumulator's key. A review belongs to the k
of its own time, so its weight has an exponent from 0 to 63, adding and later removing it use the same bits, and
stored sums are only ever added to. Accumulators of several k merge by exact powers of two.
"""

from collections.abc import Iterable
from math import exp2, fsum, isfinite, ldexp
from typing import Final, NamedTuple, TypeAlias

from plaudit.scoring.domain.profile import MAX_RATING, MIN_RATING, Profile

LANDMARK_HALF_LIVES: Final = 64
_LANDMARK_BITS: Final = LANDMARK_HALF_LIVES.bit_length() - 1
_LANDMARK_MASK: Final = LANDMARK_HALF_LIVES - 1


class Sums(NamedTuple):
    """One accumulator, held against a landmark; `e` is a review's age in half-lives at the landmark, negated.

    `a` = sum of r*w*2^e, `b2` = sum of w^2*4^e, `w1`..`w5` = sum of w*2^e by star, `n1`..`n5` = reviews by star.
    Any of them may be negative in a part of the whole.
    """

    a: float
    b2: float
    w1: float
    w2: float
    w3: float
    w4: float
    w5: float
    n1: int
    n2: int
    n3: int
    n4: int
    n5: int

    @property
    def b(self) -> float:
        """The weight of all reviews."""
        return fsum(self[2:7])

    @property
    def n(self) -> int:
        """The number of reviews; emptiness is judged by it, and only when everything is merged."""
        return self.n1 + self.n2 + self.n3 + self.n4 + self.n5


class State(NamedTuple):
    """Merged sums and the index of the landmark that they are held against."""

    k: int
    sums: Sums


# A plain tuple, because building a named one costs as much as all the arithmetic.
Term: TypeAlias = tuple[int, int, float, float, float]
"""One review's share of the row of landmark index k: (k, star, what it adds to a, to b2, to its star's weight)."""

NO_SUMS: Final = Sums(0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0, 0, 0, 0, 0)


def landmark_us(k: int, profile: Profile) -> int:
    """The time of the landmark with index `k`."""
    return LANDMARK_HALF_LIVES * k * profile.half_life_us


def landmark_index(at_us: int, profile: Profile) -> int:
    """The index of the last landmark at or before a time."""
    return at_us // profile.half_life_us >> _LANDMARK_BITS


def term(rating: float, rated_at_us: int, weight: float, half_life_us: int) -> Term:
    """A review's share of its own row, for a weight that a profile gave it.

    The quotient is taken in integers, so the result is the same bits every time, accurate to a few ulp at any age.
    Its star is the nearest, halves up. Raises ValueError for a rating off the scale of 1 to 5.
    """
    if not MIN_RATING <= rating <= MAX_RATING:  # also refuses NaN, which would stay in the sums for ever
        raise ValueError(f"rating {rating!r} is off the scale; send a number from {MIN_RATING:g} to {MAX_RATING:g}")
    half_lives, rest_us = divmod(rated_at_us, half_life_us)
    w = weight * ldexp(exp2(rest_us / half_life_us), half_lives & _LANDMARK_MASK)
    return half_lives >> _LANDMARK_BITS, int(rating + 0.5), rating * w, w * w, w


def contribution(rating: float, rated_at_us: int, weight: float, profile: Profile) -> tuple[int, Sums]:
    """What one review adds: the landmark index of the row, and the sums.

    Raises ValueError for a rating off the scale of 1 to 5 or a weight that is not positive and finite.
    """
    if not (isfinite(weight) and weight > 0):
        raise ValueError(f"weight {weight!r} is not usable; it must be finite and above 0")
    k, star, a, b2, w = term(rating, rated_at_us, weight, profile.half_life_us)
    row: list[float] = list(NO_SUMS)
    row[0], row[1], row[1 + star], row[6 + star] = a, b2, w, 1
    return k, Sums._make(row)


def merge(rows: Iterable[tuple[int, Sums]]) -> State:
    """Merge rows `(k, sums)` of any sources, partitions and landmarks into one state at the latest landmark.

    The order of the rows makes no difference, not even in the last bit. What is more than a thousand half-lives
    older than the latest row underflows to 0; its count stays. No rows at all give zero sums. A State is itself such
    a row.
    """
    listed = list(rows)
    if not listed:
        return State(0, NO_SUMS)
    latest = max(k for k, _ in listed)
    return State(latest, add(_shifted(sums, LANDMARK_HALF_LIVES * (k - latest)) for k, sums in listed))


def add(parts: Iterable[Sums]) -> Sums:
    """The sum, correctly rounded, of accumulators held against the same landmark."""
    columns = list(zip(*parts, strict=True))
    if not columns:
        return NO_SUMS
    return Sums._make([*(fsum(column) for column in columns[:7]), *(sum(column) for column in columns[7:])])


def relandmark(sums: Sums, from_us: int, to_us: int, profile: Profile) -> Sums:
    """Hold the same sums against another landmark, at any time; exact when it is whole half-lives away.

    Raises OverflowError when the new landmark is so much earlier (some 400 half-lives) that a double cannot hold the
    squared weights.
    """
    half_lives, rest_us = divmod(to_us - from_us, profile.half_life_us)
    factor = exp2(-rest_us / profile.half_life_us)  # at most 1, so that only ldexp can overflow, and it says so
    weights = (sums.a, *sums[2:7])
    a, w1, w2, w3, w4, w5 = (ldexp(value * factor, -half_lives) for value in weights)
    return Sums(a, ldexp(sums.b2 * factor * factor, -2 * half_lives), w1, w2, w3, w4, w5, *sums[7:])


def _shifted(sums: Sums, exponent: int) -> Sums:
    """The sums times the exact power of two `2^exponent` (`4^exponent` for the squared weights)."""
    if exponent == 0:
        return sums
    a, w1, w2, w3, w4, w5 = (ldexp(value, exponent) for value in (sums.a, *sums[2:7]))
    return Sums(a, ldexp(sums.b2, 2 * exponent), w1, w2, w3, w4, w5, *sums[7:])
