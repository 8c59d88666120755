"""Reading a score from merged sums at any instant, without a write."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp2, floor, ldexp

from plaudit.scoring.profiles.domain import Profile
from plaudit.scoring.sums.domain.decay import MergedSums, landmark_us


class UnknownSubjectError(ValueError):
    """Nothing was ever said about a subject."""

    def __init__(self, subject: str, near: Sequence[str], known: str = "") -> None:
        """Name known subjects that may have been meant, or else one that is known, if there is any."""
        names = " or ".join(f"`{each}`" for each in near)
        example = f" One that is known is `{known}`." if known else ""
        meant = f" Did you mean {names}?" if names else example
        super().__init__(f"Nothing was ever said about `{subject}`.{meant}")


@dataclass(frozen=True, slots=True)
class Score:
    """A score as it stands at one instant."""

    value: float
    """Always a number: the prior while there are no reviews."""
    count: int
    distribution: dict[int, int]
    """Reviews by star."""
    effective_reviews: float
    """How many reviews of equal weight would say as much: (sum of w)^2 / (sum of w^2)."""
    prior: float

    @property
    def score(self) -> float | None:
        """The value as it is shown: None while there are no reviews."""
        return self.value if self.count else None

    @property
    def stars(self) -> float | None:
        """The score in half stars; None while there are no reviews."""
        return half_stars(self.value) if self.count else None


def read(merged: MergedSums, at_us: int, profile: Profile) -> Score:
    """Return the score at an instant: `(N*V + A*d) / (N + B*d)` with `d = 2^-((at - L) / H)`.

    Args:
        merged: sums of all sources, partitions and landmarks.
        at_us: microseconds since the Unix epoch, any distance after or before the landmark.
        profile: the one that the sums were folded with.
    """
    sums, prior = merged.sums, profile.prior_value
    if sums.n <= 0:
        return Score(prior, 0, dict.fromkeys(range(1, 6), 0), effective_reviews=0.0, prior=prior)
    b = sums.b
    return Score(
        _shrunk(sums.a, b, at_us - landmark_us(merged.landmark, profile), profile),
        sums.n,
        dict(enumerate(sums.counts, start=1)),
        effective_reviews=b * b / sums.b2 if sums.b2 > 0 else 0.0,
        prior=prior,
    )


def half_stars(score: float) -> float:
    """Return the stars shown for a score: the nearest half, ties up (`round` would take them to even)."""
    return floor(2 * score + 0.5) / 2


def _shrunk(a: float, b: float, age_us: int, profile: Profile) -> float:
    """Return the mean of the prior and of reviews whose sums are held against a landmark `age_us` ago.

    Before the landmark the prior is scaled down instead of the sums up, so that no factor exceeds 1.
    """
    half_lives, rest_us = divmod(abs(age_us), profile.half_life_us)
    factor = ldexp(exp2(-rest_us / profile.half_life_us), -half_lives)
    prior_weight = profile.prior_weight
    if age_us >= 0:
        a, b = a * factor, b * factor
    else:
        prior_weight *= factor
    total = prior_weight + b
    # Nothing is left to average when both have underflowed: the prior is all that is known.
    return (prior_weight * profile.prior_value + a) / total if total > 0 else profile.prior_value
