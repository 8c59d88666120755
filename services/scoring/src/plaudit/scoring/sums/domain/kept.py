"""The rows of the table `sums`: what is kept of every subject's reviews, for the profiles that every tenant has.

One row holds the sums of both half-lives beside each other, and the plain sums for what never fades. So one update of
one row serves them all. Its reviews were rated in one block of time: 64 of the shorter half-lives. Against the landmark
of its half-life at or before the block, a review's weight has an exponent from 0 to at most 75.
"""

from typing import Final, NamedTuple

from plaudit.scoring.profiles.domain import RECENT, TRUST
from plaudit.scoring.sums.domain.decay import LANDMARK_HALF_LIVES, Sums, star_of, weight_at

assert TRUST.half_life_us is not None
assert RECENT.half_life_us is not None
TRUST_US: Final[int] = TRUST.half_life_us
RECENT_US: Final[int] = RECENT.half_life_us
BLOCK_US: Final = LANDMARK_HALF_LIVES * RECENT_US
TRUST_LANDMARK_US: Final = LANDMARK_HALF_LIVES * TRUST_US
NEVER_US: Final = -(2**63)
"""Before any review."""
MOST_CANCELLED: Final = 2.0**-10
"""Where less is left of the weights that were summed, rounding would show in the ninth digit of a figure: in squares of
weights it is the square of this, of the 2^-53 that a number holds."""


class KeptSums(NamedTuple):
    """One row: counts, plain sums, and the numbers of `Sums` without the counts for each half-life."""

    n1: int
    n2: int
    n3: int
    n4: int
    n5: int
    total: float
    """The sum of ratings."""
    newest_us: int
    """When the newest review that ever counted here was rated. It never goes back."""
    trust_a: float
    trust_b2: float
    trust_w1: float
    trust_w2: float
    trust_w3: float
    trust_w4: float
    trust_w5: float
    recent_a: float
    recent_b2: float
    recent_w1: float
    recent_w2: float
    recent_w3: float
    recent_w4: float
    recent_w5: float

    @property
    def counts(self) -> tuple[int, int, int, int, int]:
        """The number of reviews by star, from 1 to 5."""
        return self.n1, self.n2, self.n3, self.n4, self.n5


NOTHING_KEPT: Final = KeptSums._make([0, 0, 0, 0, 0, 0.0, NEVER_US, *(0.0,) * 14])
TOTAL: Final = KeptSums._fields.index("total")
NEWEST: Final = KeptSums._fields.index("newest_us")
_TRUST: Final = slice(KeptSums._fields.index("trust_a"), KeptSums._fields.index("trust_w5") + 1)
TRUST_WEIGHTS: Final = slice(KeptSums._fields.index("trust_w1"), KeptSums._fields.index("trust_w5") + 1)
RECENT_WEIGHTS: Final = slice(KeptSums._fields.index("recent_w1"), KeptSums._fields.index("recent_w5") + 1)
_RECENT: Final = slice(KeptSums._fields.index("recent_a"), KeptSums._fields.index("recent_w5") + 1)


def block_of(rated_at_us: int) -> int:
    """Return the index of the block that a time is in."""
    return rated_at_us // BLOCK_US


def trust_landmark(block: int) -> int:
    """Return the index of the landmark that a block's sums of the longer half-life are held against."""
    return block * BLOCK_US // TRUST_LANDMARK_US


def kept_share(rating: float, rated_at_us: int) -> tuple[int, KeptSums]:
    """Return the block of a review, and what it adds to a row of that block.

    Raises:
        ValueError: the rating is off the scale.
    """
    star = star_of(rating)
    block = block_of(rated_at_us)
    numbers: list[float] = []
    for half_life_us, landmark in ((TRUST_US, trust_landmark(block)), (RECENT_US, block)):
        w = weight_at(rated_at_us, half_life_us, landmark)
        numbers += [rating * w, w * w, *(w if each == star else 0.0 for each in range(1, 6))]
    counts = (int(each == star) for each in range(1, 6))
    return block, KeptSums._make([*counts, rating, rated_at_us, *numbers])


def added(held: KeptSums, more: KeptSums) -> KeptSums:
    """Return two rows of one block as one."""
    numbers = [one + other for one, other in zip(held, more, strict=True)]
    numbers[NEWEST] = max(held.newest_us, more.newest_us)
    return KeptSums._make(numbers)


def held(block: int, kept: KeptSums, half_life_us: int | None) -> tuple[int, Sums] | None:
    """Return a row's sums of a half-life, with the index of the landmark that they are held against.

    What never fades has no landmark: 0. None for a half-life that this table does not keep.
    """
    numbers: tuple[float, ...] = tuple(kept)
    if half_life_us is None:
        counts = kept.counts
        return 0, Sums._make([kept.total, float(sum(counts)), *map(float, counts), *counts])
    if half_life_us == TRUST_US:
        return trust_landmark(block), Sums._make([*numbers[_TRUST], *kept.counts])
    if half_life_us == RECENT_US:
        return block, Sums._make([*numbers[_RECENT], *kept.counts])
    return None
