"""A figure of all reviews that count at one instant, by a profile."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from plaudit.common.statistics.intervals import Interval, wilson
from plaudit.scoring.figures.domain.ages import HALF
from plaudit.scoring.figures.domain.catalogue import Figure
from plaudit.scoring.figures.domain.figures import ORGANIC, Aged, scored
from plaudit.scoring.figures.domain.windows import NOTHING, Observed, Window, window_of_share
from plaudit.scoring.intervals.domain import poisson
from plaudit.scoring.profiles.domain import DAY_US, Profile
from plaudit.scoring.sums.domain.parts import Part

OF_AGES: Final = frozenset({Figure.NEWEST_AGE, Figure.MEDIAN_AGE, Figure.OF_MONTH, Figure.OF_QUARTER})
"""Those that are told by when reviews were rated."""


def profile_of(figure: Figure, profile: Profile) -> Profile:
    """Return the profile that a figure is read by: of the organic score, with organic reviews alone."""
    if figure is not Figure.ORGANIC_SCORE:
        return profile
    return replace(profile, origins=profile.origins & {ORGANIC})


def between_of(effective: float) -> tuple[float, float]:
    """Return the shares of the weight between which its middle lies, of so many reviews.

    What lies between the ages at which they are reached is the interval of the median (Woodruff, JASA 47, 1952).
    """
    low, high = wilson(HALF, effective)
    return low, high


def standing(figure: Figure, profile: Profile, parts: Sequence[Part], at_us: int, aged: Aged | None) -> Window:
    """Return a figure of all reviews that count at an instant, and of how many.

    Args:
        figure: one of `catalogue.STANDING`.
        profile: as `profile_of` has it.
        parts: the subject's sums of its half-life.
        at_us: the instant.
        aged: how old the reviews are; of `OF_AGES` alone.
    """
    score, interval = scored(profile, parts, at_us)
    if score.count <= 0:
        return NOTHING
    if figure is Figure.EFFECTIVE:
        return Window(score.count, score.effective_reviews, poisson(score.effective_reviews))
    if figure not in OF_AGES:
        return Window(score.count, score.value, interval)
    return NOTHING if aged is None else _of_ages(figure, aged, at_us, score.count, score.effective_reviews)


def _of_ages(figure: Figure, aged: Aged, at_us: int, n: int, effective: float) -> Window:
    match figure:
        case Figure.NEWEST_AGE:
            # It is known exactly.
            return Window(n, _days(at_us, aged.newest_us), None)
        case Figure.MEDIAN_AGE:
            younger, older = (_days(at_us, each) for each in aged.between_us)
            return Window(n, _days(at_us, aged.median_us), Interval(younger, older))
        case Figure.OF_MONTH:
            return window_of_share(Observed(n, aged.weight_of_month, effective))
        case _:
            return window_of_share(Observed(n, aged.weight_of_quarter, effective))


def _days(at_us: int, rated_us: int) -> float:
    """Return an age; a platform's clock may be minutes ahead of ours, and no review is younger than new."""
    return max(0, at_us - rated_us) / DAY_US
