"""Forward-decayed sums: what a review adds to a row of sums, and how rows merge.

A review rated at t weighs `2^((t - L) / H)` against a landmark L. This never changes: only the reader's factor
`2^-((at - L) / H)` changes with time. (Cormode, Shkapenyuk, Srivastava, Xu: Forward Decay, ICDE 2009; with an
exponential the landmark cancels.) What a profile weighs a review by, its verification, origin and source, is applied
when a figure is read. All times are integer microseconds since the Unix epoch, and may be negative.

Landmarks are 64 half-lives apart, at `64 * k * H`, and the index k is part of a row's key. A review belongs to the k
of its own time, so its weight has an exponent from 0 to 63, adding and later removing it use the same bits, and
stored sums are only ever added to. Rows of several k merge by exact powers of two.
"""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from math import exp2, fsum, isfinite, ldexp
from typing import Final, NamedTuple, TypeAlias

from plaudit.scoring.profiles.domain import MAX_RATING, MIN_RATING

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
LANDMARK_HALF_LIVES: Final = 64


class Sums(NamedTuple):
    """One row of sums, held against a landmark; `e` is a review's age in half-lives at the landmark, negated.

    `a` = sum of r*2^e, `b2` = sum of 4^e, `w1`..`w5` = sum of 2^e by star, `n1`..`n5` = reviews by star.
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
    def weights(self) -> tuple[float, ...]:
        """The weight of the reviews by star, from 1 to 5."""
        return self.w1, self.w2, self.w3, self.w4, self.w5

    @property
    def b(self) -> float:
        """The weight of all reviews."""
        return fsum((self.w1, self.w2, self.w3, self.w4, self.w5))

    @property
    def counts(self) -> tuple[int, ...]:
        """The number of reviews by star, from 1 to 5."""
        return self.n1, self.n2, self.n3, self.n4, self.n5

    @property
    def n(self) -> int:
        """The number of reviews. Whether there are any is judged by it, and only when everything is merged."""
        return self.n1 + self.n2 + self.n3 + self.n4 + self.n5


COUNTS: Final = ("n1", "n2", "n3", "n4", "n5")
"""The fields of `Sums` that are integers, the last ones."""
_FLOATS: Final = Sums._fields.index(COUNTS[0])
NO_SUMS: Final = Sums(0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0, 0, 0, 0, 0)


class DamagedSumsError(ArithmeticError):
    """What is kept of reviews is no number any more, or infinite: no review can have done that."""

    def __init__(self) -> None:
        """Say what becomes of it."""
        super().__init__(
            "What is kept of this subject is damaged, and its ledger is not: all that is kept is compared with the "
            "ledger every night at 02:00 UTC, and made anew where it differs. An operator does so at once by "
            "`plaudit score reconcile`."
        )


def are_sound(numbers: Iterable[float]) -> bool:
    """Return whether sums are numbers, all of them, and finite: one that is not makes the sum of all no such number."""
    return isfinite(sum(numbers))


class MergedSums(NamedTuple):
    """Sums of everything, and the index of the landmark that they are held against."""

    landmark: int
    sums: Sums


# A plain tuple, because building a named one costs as much as all the arithmetic.
Term: TypeAlias = tuple[int, int, float, float, float]
"""One review's share of a row: (landmark index of the row, star, what it adds to a, to b2, to its star's weight)."""


def unix_us(time: datetime) -> int:
    """Return a time in microseconds since the Unix epoch."""
    since = time - EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def time_of(us: int) -> datetime:
    """Return the time that is so many microseconds after the Unix epoch."""
    return EPOCH + timedelta(microseconds=us)


def landmark_us(landmark: int, half_life_us: int) -> int:
    """Return the time of the landmark with this index, in microseconds since the Unix epoch."""
    return LANDMARK_HALF_LIVES * landmark * half_life_us


def star_of(rating: float) -> int:
    """Return the star that a rating counts as: the nearest, halves up.

    Raises:
        ValueError: the rating is off the scale.
    """
    if not MIN_RATING <= rating <= MAX_RATING:  # also refuses NaN, which would stay in the sums for ever
        raise ValueError(f"rating {rating!r} is off the scale; send a number from {MIN_RATING:g} to {MAX_RATING:g}")
    return int(rating + 0.5)


def weight_at(rated_at_us: int, half_life_us: int, landmark: int) -> float:
    """Return the weight of a review against a landmark at or before it: `2^((t - L) / H)`.

    The quotient is taken in integers, so the result is the same bits every time, accurate to a few ulp at any age.

    Args:
        rated_at_us: when the present rating was given, in microseconds since the Unix epoch.
        half_life_us: in microseconds.
        landmark: the landmark's index.
    """
    half_lives, rest_us = divmod(rated_at_us, half_life_us)
    return ldexp(exp2(rest_us / half_life_us), half_lives - LANDMARK_HALF_LIVES * landmark)


def term(rating: float, rated_at_us: int, half_life_us: int) -> Term:
    """Return a review's share of the row of its own landmark.

    Args:
        rating: on the scale of 1 to 5.
        rated_at_us: when the present rating was given, in microseconds since the Unix epoch.
        half_life_us: in microseconds.

    Raises:
        ValueError: the rating is off the scale.
    """
    star = star_of(rating)
    landmark = rated_at_us // (LANDMARK_HALF_LIVES * half_life_us)
    w = weight_at(rated_at_us, half_life_us, landmark)
    return landmark, star, rating * w, w * w, w


def merge(rows: Iterable[tuple[int, Sums]]) -> MergedSums:
    """Merge rows `(landmark index, sums)` of any sources, partitions and landmarks, held against the latest landmark.

    The order of the rows makes no difference, not even in the last bit. What is more than a thousand half-lives
    older than the latest row underflows to 0; its count stays. No rows at all give zero sums. `MergedSums` is itself
    such a row.

    Raises:
        DamagedSumsError: a sum is no number, or infinite.
    """
    listed = list(rows)
    if not listed:
        return MergedSums(0, NO_SUMS)
    for _, sums in listed:
        if not are_sound(sums):
            raise DamagedSumsError
    if len(listed) == 1:
        return MergedSums(*listed[0])
    latest = max([landmark for landmark, _ in listed])
    scaled = [_scaled(sums, LANDMARK_HALF_LIVES * (landmark - latest)) for landmark, sums in listed]
    columns = [*zip(*scaled, strict=True)]
    return MergedSums(latest, Sums._make([*map(fsum, columns[:_FLOATS]), *map(sum, columns[_FLOATS:])]))


def _scaled(sums: Sums, exponent: int) -> Sums:
    """Return the sums times the exact power of two `2^exponent` (`4^exponent` for the squared weights)."""
    if exponent == 0:
        return sums
    a, w1, w2, w3, w4, w5 = (ldexp(value, exponent) for value in (sums.a, *sums.weights))
    return sums._replace(a=a, b2=ldexp(sums.b2, 2 * exponent), w1=w1, w2=w2, w3=w3, w4=w4, w5=w5)
