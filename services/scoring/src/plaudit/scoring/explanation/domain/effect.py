"""What one review does to a score: the score with it, and as it would be without it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from plaudit.scoring.profiles.domain import MAX_RATING, MIN_RATING, Profile
from plaudit.scoring.scores.domain import Score, read
from plaudit.scoring.sums.domain.decay import NO_SUMS, MergedSums, Sums, merge, star_of, term

ROUNDING: Final = 1e-9
"""By how much of themselves sums may differ from those of the reviews."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CountedReview:
    """What a score takes from one review."""

    rating: float
    """From 1 to 5, perhaps fractional."""
    rated_at_us: int
    """When the present rating was given, in microseconds since the Unix epoch."""
    weight: float = 1.0
    """What the profile gives it while it is fresh."""


@dataclass(frozen=True, slots=True)
class Effect:
    """A score with a review that counts in it, and without."""

    present: Score
    without: Score

    @property
    def points(self) -> float:
        """By how much the review raises the score; negative where it lowers it. Without any other, from the prior."""
        return self.present.value - self.without.value


class UntoldWeightError(ValueError):
    """A profile weighs reviews by what is not told of one."""

    def __init__(self, profile: str, missing: Sequence[str]) -> None:
        """Name what is missing."""
        names = " and ".join(f"`{each}`" for each in missing)
        super().__init__(f"The profile `{profile}` weighs a review by its {names}; send what it has.")


def fresh_weight(profile: Profile, *, verified: bool | None, origin: str | None, source_id: str | None) -> float:
    """Return what a profile gives a fresh review.

    Args:
        profile: it.
        verified: whether the review is verified; needed where the profile tells verified ones apart.
        origin: of the review; needed where the profile weighs by it.
        source_id: of the review; needed where the profile weighs by it.

    Raises:
        UntoldWeightError: something is missing that the weight depends on.
    """
    needed = {
        "verified": verified is None and profile.verified_weight != profile.unverified_weight,
        "origin": origin is None and any(weight != 1 for weight in profile.origin_weights.values()),
        "source_id": source_id is None and any(weight != 1 for weight in profile.source_weights.values()),
    }
    if missing := [name for name, is_missing in needed.items() if is_missing]:
        raise UntoldWeightError(profile.name, missing)
    return profile.weight(verified=bool(verified), origin=origin or "", source_id=source_id)


def effect(merged: MergedSums, review: CountedReview, at_us: int, profile: Profile) -> Effect | None:
    """Return what a review does to a score at an instant; None if it is none of those that count for the subject.

    Sums are additive, so the score without it is read from the sums less its own share. Less the share of a review that
    cannot be in them, since it would weigh more than all of its star do, they would be no score at all.

    Args:
        merged: sums of what counts for the profile, of one subject; among them the review's share.
        review: it.
        at_us: the instant, in microseconds since the Unix epoch.
        profile: it.

    Raises:
        ValueError: the rating is off the scale.
    """
    star = star_of(review.rating)
    if merged.sums.counts[star - 1] < 1:
        return None
    taken = _subtracted(review, star, profile.half_life_us)
    without, present = merge([merged, taken]), merge([merged, (taken[0], NO_SUMS)])
    if not _may_be(without.sums, present.sums, star):
        return None
    return Effect(read(merged, at_us, profile), read(without, at_us, profile))


def _may_be(rest: Sums, present: Sums, star: int) -> bool:
    """Return whether sums can be what is left of others when a review of a star is taken away.

    No star may weigh less than nothing, and what is left has a mean on the scale.
    """
    least, error = -ROUNDING * present.weights[star - 1], ROUNDING * present.a
    return rest.weights[star - 1] >= least and MIN_RATING * rest.b - error <= rest.a <= MAX_RATING * rest.b + error


def _subtracted(review: CountedReview, star: int, half_life_us: int | None) -> tuple[int, Sums]:
    """Return a row of sums that takes away what a review adds."""
    landmark, w = 0, 1.0
    if half_life_us is not None:
        landmark, _, _, _, w = term(review.rating, review.rated_at_us, half_life_us)
    w *= review.weight
    weights = (-w if each == star else 0.0 for each in range(1, 6))
    counts = (-1 if each == star else 0 for each in range(1, 6))
    return landmark, Sums._make([-review.rating * w, -w * w, *weights, *counts])
