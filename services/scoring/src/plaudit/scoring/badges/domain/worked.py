"""A score worked out in figures that whoever reads them can add up and divide."""

from dataclasses import dataclass, replace
from fractions import Fraction
from math import floor
from typing import Final, NamedTuple

from plaudit.scoring.badges.domain.figures import digits
from plaudit.scoring.profiles.domain import Profile
from plaudit.scoring.sums.domain.decay import MergedSums, landmark_us, weight_at

SCORE_PLACES: Final = 2
LEAST_PLACES: Final = 3
MOST_PLACES: Final = 20
"""Of doubles, whose last bit is in the sixteenth figure: a score that far from the middle between two is told apart."""


class Line(NamedTuple):
    """The reviews of one star: what they weigh, and their points, which are stars times weight."""

    stars: int
    reviews: int
    weight: str
    points: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Worked:
    """A score as a sum of lines: `total_points / total_weight`, rounded, is the score."""

    prior_weight: str
    prior_points: str
    lines: list[Line]
    between: str
    """Points of ratings that lie between two stars, above those of the star that they count as; empty for none."""
    total_weight: str
    total_points: str
    score: str


def worked(profile: Profile, merged: MergedSums, at_us: int) -> Worked:
    """Return a score worked out, with as many digits as it takes for what is shown to give the score that is shown.

    Args:
        profile: it.
        merged: the sums of what counts for it, with its weights.
        at_us: the instant of reading, in microseconds since the Unix epoch.
    """
    sums, faded = merged.sums, _faded(profile, merged, at_us)
    is_empty = sums.n <= 0
    weights = [Fraction(0) if is_empty else Fraction(weight) * faded for weight in sums.weights]
    points = Fraction(0) if is_empty else Fraction(sums.a) * faded
    n, v = Fraction(profile.prior_weight), Fraction(profile.prior_value)
    exact = digits((n * v + points) / (n + sum(weights)), SCORE_PLACES)
    for places in range(LEAST_PLACES, MOST_PLACES + 1):
        shown = _shown(n, v, weights, points, sums.counts, places)
        if shown.score == exact:
            return shown
    return replace(shown, score=exact)


def _faded(profile: Profile, merged: MergedSums, at_us: int) -> Fraction:
    """Return what is left at an instant of a weight that is held against the landmark."""
    if profile.half_life_us is None:
        return Fraction(1)
    held_us = landmark_us(merged.landmark, profile.half_life_us)
    return Fraction(weight_at(held_us - at_us, profile.half_life_us, 0))


def _shown(
    n: Fraction, v: Fraction, weights: list[Fraction], points: Fraction, counts: tuple[int, ...], places: int
) -> Worked:
    """Return the figures with so many places; the totals are those of the figures that are shown."""
    scale = 10**places
    prior_weight, prior_points = _whole(n, scale), _whole(n * v, scale)
    shown = [_whole(weight, scale) for weight in weights]
    between = _whole(points - sum(star * weight for star, weight in enumerate(weights, start=1)), scale)
    by_star = [star * weight for star, weight in enumerate(shown, start=1)]
    total_weight, total_points = prior_weight + sum(shown), prior_points + sum(by_star) + between
    return Worked(
        prior_weight=_text(prior_weight, places),
        prior_points=_text(prior_points, places),
        lines=[
            Line(star, counts[star - 1], _text(shown[star - 1], places), _text(by_star[star - 1], places))
            for star in range(5, 0, -1)
        ],
        between=_text(between, places) if between else "",
        total_weight=_text(total_weight, places),
        total_points=_text(total_points, places),
        score=digits(Fraction(total_points, total_weight), SCORE_PLACES) if total_weight else "",
    )


def _whole(value: Fraction, scale: int) -> int:
    return floor(value * scale + Fraction(1, 2))


def _text(whole: int, places: int) -> str:
    sign = "−" if whole < 0 else ""
    return f"{sign}{abs(whole) // 10**places:,}.{abs(whole) % 10**places:0{places}}"
