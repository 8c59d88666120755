"""Which subjects stand best, and which worst: in an exact order, and by a figure that few reviews do not win."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import fsum, isclose
from typing import Final, NamedTuple

from plaudit.common.statistics.intervals import Interval, wilson
from plaudit.scoring.figures.domain.figures import score_interval
from plaudit.scoring.profiles.domain import MAX_RATING, MIN_RATING, Profile
from plaudit.scoring.scores.domain import Score, instant_of, read
from plaudit.scoring.sums.domain.parts import Part, merge_for, newest_us

MAX_RANKED: Final = 5_000
"""How many subjects are compared at most."""
MAX_DEPTH: Final = 6
ANY_SCORE: Final = Interval(MIN_RATING, MAX_RATING)
PRECISION: Final = 1e-9
"""Figures are right to so much of themselves: two that lie no further apart are equal."""


class By(StrEnum):
    """The figure that subjects are ranked by."""

    SCORE = "score"
    SCORE_LOW = "score_lower_bound"
    """The lower bound of the score: few reviews do not come first among the best by it."""
    SCORE_HIGH = "score_upper_bound"
    """Its upper bound: few reviews do not come first among the worst by it."""
    WILSON = "wilson"
    """The lower bound of the share of four and five stars."""
    WILSON_HIGH = "wilson_upper_bound"
    """Its upper bound."""
    POSITIVE = "positive_share"
    EFFECTIVE = "effective_reviews"
    COUNT = "count"


class Order(StrEnum):
    """Which subjects come first."""

    BEST = "best"
    WORST = "worst"


class TooManySubjectsError(ValueError):
    """More subjects lie there than are compared."""

    def __init__(self) -> None:
        """Say what to do."""
        super().__init__(
            f"More than {MAX_RANKED:,} subjects lie at this depth. Rank those `under` one of them, or a lesser depth."
        )


@dataclass(frozen=True, slots=True)
class Standing:
    """How one subject stands."""

    subject: str
    score: Score
    positive_share: float
    """The decayed share of reviews of four or five stars."""
    share_bounds: Interval
    """Of that share, with a confidence of 95 % (Wilson), for the effective number of reviews."""
    score_bounds: Interval
    """Of the score, with the same confidence; any score while there are no reviews."""

    def by(self, figure: By) -> float:
        """Return the figure that it is ranked by."""
        return FIGURES[figure](self)


class Ranked(NamedTuple):
    """A subject among others."""

    rank: int
    """From 1 on."""
    place: tuple[float, str]
    """What subjects are sorted by, the least first: their figure, which equal ones share, and their name."""
    standing: Standing


FIGURES: Final[Mapping[By, Callable[[Standing], float]]] = {
    By.SCORE: lambda each: each.score.value,
    By.SCORE_LOW: lambda each: each.score_bounds.low,
    By.SCORE_HIGH: lambda each: each.score_bounds.high,
    By.WILSON: lambda each: each.share_bounds.low,
    By.WILSON_HIGH: lambda each: each.share_bounds.high,
    By.POSITIVE: lambda each: each.positive_share,
    By.EFFECTIVE: lambda each: each.score.effective_reviews,
    By.COUNT: lambda each: float(each.score.count),
}


def standing(subject: str, parts: Sequence[Part], at_us: int, profile: Profile) -> Standing:
    """Return how a subject stands at an instant, from its sums of the profile's half-life."""
    merged = merge_for(profile, parts)
    read_at_us = instant_of(profile, newest_us(parts, profile), at_us)
    score = read(merged, read_at_us, profile)
    interval = score_interval(score, merged, read_at_us, profile)
    sums = merged.sums
    b = sums.b
    share = min(1.0, max(0.0, fsum((sums.w4, sums.w5)) / b)) if score.count and b > 0 else 0.0
    return Standing(
        subject,
        score,
        positive_share=share,
        share_bounds=wilson(share, score.effective_reviews),
        score_bounds=interval or ANY_SCORE,
    )


def ranked(standings: Iterable[Standing], by: By, order: Order, minimum: int) -> list[Ranked]:
    """Return the subjects that have enough reviews, in order; equal ones share the best of their ranks, as 1, 2, 2, 4.

    Those of equal figures stand by name, also where only rounding tells the figures apart.
    """
    direction = -1.0 if order is Order.BEST else 1.0
    figures = [(direction * each.by(by), each) for each in standings if each.score.count >= minimum]
    found: list[Ranked] = []
    for figure, equals in _by_figure(sorted(figures, key=lambda each: each[0])):
        rank = len(found) + 1
        by_name = sorted(equals, key=lambda each: each.subject)
        found += [Ranked(rank, (figure, each.subject), each) for each in by_name]
    return found


def _by_figure(figures: Sequence[tuple[float, Standing]]) -> Iterator[tuple[float, list[Standing]]]:
    """Yield each figure of those in order, and the subjects that have it; the first of equal ones stands for all."""
    first, equals = 0.0, list[Standing]()
    for figure, each in figures:
        if equals and not isclose(figure, first, rel_tol=PRECISION):
            yield first, equals
            equals = []
        first = first if equals else figure
        equals.append(each)
    if equals:
        yield first, equals
