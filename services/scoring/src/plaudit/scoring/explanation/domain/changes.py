"""What changed a score between two instants: parts that add up to the change, to the last digit that is shown.

S0 is the score as it was read at the first instant, from what was known then. The same reviews, read at the second
instant, give S0'. What came to be known in between is given as groups, each with what it adds to the sums A and B or
takes from them. With the sums as they weigh at the second reading, `B1 = B0 + sum of dB`, and the middles

    m = (S0' + S1) / 2 of the two scores, and M = N + (B0 + B1) / 2 of the two weights,

    S1 - S0 = (S0' - S0) + sum over groups of (dA - m * dB) / M

because `dA = S1 * (N + B1) - S0' * (N + B0)` of all groups together, and so `dA - m * dB = (S1 - S0') * M`. The first
part is ageing; each of the others is the effect of its group. No part depends on the order of the groups, and a group
that is split has parts that add up to its effect: a change of one review may be told as a removal and an addition, and
a change of many as that of each. Nothing is left over but rounding, which no part is given. Told backwards, from the
second state to the first, each effect is the same with the other sign.

Against S0' and N + B1 the parts would add up as well, but where most reviews went, each part would be many times what
a score can move. Against the middles no group is more than the scale is wide if what it took away was there at first,
and what it brought is there in the end: let these be p of N + B0 and q of N + B1. Then S0' is at most 5 - 4p and S1 at
least 1 + 4q where it lowers and raises most, and the effect is at most 4, at p or q = 1. Reviews that came and went
again within the window are in two groups, each of which may be more; together they are nothing. (Derived here;
`tests/explanation/domain/test_changes.py` proves it in fractions.)

The two reading instants are what the score is computed for. Where a profile ages between events they are the instants
themselves. Where it is frozen they are the times of the newest review known at each, so that nothing ages while nothing
comes, and the second may be before the first when the newest review was removed. Where nothing fades, ageing is 0.
"""

import math
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from math import exp2, floor, fsum, ldexp
from types import MappingProxyType
from typing import Final, Generic, NamedTuple, TypeVar

from plaudit.scoring.profiles.domain import MAX_RATING, MIN_RATING

Key = TypeVar("Key", bound=Hashable)
"""What names a group, for example what happened, the star, the source and the topic."""

WIDTH: Final = MAX_RATING - MIN_RATING
"""No score can move by more stars."""
SHOWN_PER_STAR: Final = 1000
"""Figures are shown in thousandths of a star."""


class Share(NamedTuple):
    """What reviews add to the sums of a score; negative where they are taken away."""

    a: float
    """Sum of rating times weight."""
    b: float
    """Sum of weights."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prior:
    """What a score is before there are reviews: it weighs N reviews of the value V and never fades.

    Raises:
        ValueError: the weight is not above 0, or the value is off the scale.
    """

    weight: float
    value: float

    def __post_init__(self) -> None:
        """Check the ranges."""
        if not (math.isfinite(self.weight) and self.weight > 0):
            raise ValueError("the weight of a prior must be finite and above 0")
        if not MIN_RATING <= self.value <= MAX_RATING:
            raise ValueError(f"the value of a prior must be from {MIN_RATING:g} to {MAX_RATING:g} stars")


@dataclass(frozen=True, slots=True)
class Start:
    """What was known at the first instant."""

    score: float
    """S0, as it was read then."""
    share: Share
    """A0 and B0, as they weigh at the second reading."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change(Generic[Key]):
    """A score at two instants, and what lies between."""

    before: float
    """S0: the score at the first instant."""
    aged: float
    """S0': the score that the reviews known then would give at the second."""
    after: float
    """S1: the score at the second instant."""
    mean_weight: float
    """N + (B0 + B1) / 2: what the prior and all reviews weigh at the second reading, those known at first and at last
    each by half."""
    effects: Mapping[Key, float]
    """By how many stars each group raised the score."""

    @property
    def ageing(self) -> float:
        """By how many stars the score rose because the reviews that were known have faded."""
        return self.aged - self.before

    @property
    def middle(self) -> float:
        """m: the score that effects are against."""
        return (self.aged + self.after) / 2

    def effect_of(self, share: Share) -> float:
        """Return by how many stars a share of the change raised the score, such as that of one review."""
        return _effect(share, self.middle, self.mean_weight)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown(Generic[Key]):
    """A change in thousandths of a star: `before + ageing + sum of effects = after`, exactly."""

    before: int
    ageing: int
    effects: Mapping[Key, int]
    after: int


def decayed(share: Share, held_us: int, at_us: int, half_life_us: int | None) -> Share:
    """Return what a share that is held at one instant weighs at another, later or earlier.

    Args:
        share: its weights are as of `held_us`: an instant or a landmark.
        held_us: microseconds since the Unix epoch, as is `at_us`.
        at_us: the instant of reading.
        half_life_us: None where nothing fades.

    Raises:
        OverflowError: it is read more than a thousand half-lives before the instant that it is held at.
    """
    if half_life_us is None:
        return share
    half_lives, rest_us = divmod(at_us - held_us, half_life_us)
    fraction = exp2(-rest_us / half_life_us)
    return Share(ldexp(share.a * fraction, -half_lives), ldexp(share.b * fraction, -half_lives))


def start(known: Share, held_us: int, first_us: int, second_us: int, half_life_us: int | None, prior: Prior) -> Start:
    """Return what an explanation starts from, of the sums that were known at the first instant.

    Args:
        known: the sums of all reviews known then, with the weights that they have at `held_us`.
        held_us: an instant or a landmark.
        first_us: the reading instant of the first score.
        second_us: the reading instant of the second score.
        half_life_us: None where nothing fades.
        prior: of the profile.

    Raises:
        OverflowError: see `decayed`.
        ValueError: the sums take away more than the prior weighs.
    """
    first, second = (decayed(known, held_us, at_us, half_life_us) for at_us in (first_us, second_us))
    return Start(score_of(first, prior), second)


def explain(begun: Start, groups: Mapping[Key, Share], prior: Prior, *, are_all_gone: bool = False) -> Change[Key]:
    """Return what changed a score, in parts that add up to the change.

    Args:
        begun: what was known at the first instant.
        groups: what came to be known since, as it weighs at the second reading. A review that was edited is in its
            group with the difference of its two shares; one that moved to another subject is negative in the old one.
        prior: of the profile.
        are_all_gone: no review is left, so that what the sums are beside nothing is rounding.

    Raises:
        ValueError: the groups take away more reviews than there were.
    """
    ended = Share(
        fsum([begun.share.a, *(group.a for group in groups.values())]),
        fsum([begun.share.b, *(group.b for group in groups.values())]),
    )
    if are_all_gone:
        ended = Share(0.0, 0.0)
    aged, after = score_of(begun.share, prior), score_of(ended, prior)
    middle, mean_weight = (aged + after) / 2, prior.weight + (begun.share.b + ended.b) / 2
    effects = {key: _effect(group, middle, mean_weight) for key, group in groups.items()}
    return Change(
        before=begun.score, aged=aged, after=after, mean_weight=mean_weight, effects=MappingProxyType(effects)
    )


def shown(change: Change[Key]) -> Shown[Key]:
    """Return a change in digits that add up. No part is shown more than a thousandth beside what it is.

    The two scores are rounded, halves up; the parts are rounded so that they add up to the difference.
    """
    before, after = (floor(score * SHOWN_PER_STAR + 0.5) for score in (change.before, change.after))
    parts = [part * SHOWN_PER_STAR for part in (change.ageing, *change.effects.values())]
    ageing, *effects = apportioned(parts, after - before)
    return Shown(
        before=before,
        ageing=ageing,
        effects=MappingProxyType(dict(zip(change.effects, effects, strict=True))),
        after=after,
    )


def apportioned(parts: Sequence[float], total: int) -> list[int]:
    """Round parts to whole numbers of a given total, by the method of the largest remainder (Hamilton's).

    Each is rounded down, and those with the largest remainders get one more until the total is reached. Of equal
    remainders the first in the list goes first. A part that is 0 stays 0, unless all are. There is at least one part.
    """
    whole = [floor(part) for part in parts]
    sharing = [index for index, part in enumerate(parts) if part] or [*range(len(parts))]
    # Where rounding asks for one less than all rounded down, all give one, and all but one get it back.
    for_each, further = divmod(total - sum(whole), len(sharing))
    sharing.sort(key=lambda index: whole[index] - parts[index])
    for place, index in enumerate(sharing):
        whole[index] += for_each + (place < further)
    return whole


def _effect(share: Share, middle: float, mean_weight: float) -> float:
    """Return `(dA - m * dB) / M`."""
    return (share.a - middle * share.b) / mean_weight


def score_of(share: Share, prior: Prior) -> float:
    """Return `(N*V + A) / (N + B)`, written so that it is exactly V where there are no reviews.

    Raises:
        ValueError: the sums take away more than the prior weighs.
    """
    total_weight = prior.weight + share.b
    if not total_weight > 0:
        raise ValueError("more was taken from the sums than they and the prior weigh; pass all groups of the time")
    return prior.value + (share.a - prior.value * share.b) / total_weight
