"""A figure of the ratings of one window of time: of the reviews that were rated in it, each of equal weight."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import fsum
from typing import Final, NamedTuple

from plaudit.common.statistics.intervals import Interval, on_scale, wilson
from plaudit.scoring.figures.domain.catalogue import Figure
from plaudit.scoring.intervals.domain import Sample, net_share, odds, of_mean, poisson, sample_of
from plaudit.scoring.profiles.domain import MAX_RATING, MIN_RATING
from plaudit.scoring.sums.domain.surveys import DETRACTORS, MAX_EFFORT, MIN_EFFORT, PROMOTERS, SATISFIED, effort_of

Ratings = Mapping[float, int]
"""Rating → how many reviews."""
WHOLES: Final[Mapping[Figure, float]] = {Figure.POSITIVE: 1.0, Figure.NEGATIVE: 1.0, Figure.CSAT: 100.0}
"""Of the shares: what each is when it is of all reviews. CSAT is told in percent, as everywhere."""
_SCALES: Final[Mapping[Figure, tuple[float, float]]] = {
    Figure.MEAN: (MIN_RATING, MAX_RATING),
    Figure.CES: (MIN_EFFORT, MAX_EFFORT),
    Figure.NPS: (-100.0, 100.0),
    **dict.fromkeys((Figure.POSITIVE, Figure.NEGATIVE, Figure.CSAT), (0.0, 1.0)),
}
"""Where what one review counts as lies."""


@dataclass(frozen=True, slots=True)
class Window:
    """A figure of the reviews of one window of time."""

    n: int
    value: float | None
    """None without reviews."""
    interval: Interval | None
    """None where too few reviews came to say."""


NOTHING: Final = Window(0, None, None)


class Observed(NamedTuple):
    """A share of the reviews of one window."""

    n: int
    share: float
    effective: float
    """Of how many reviews a plain share would be as sure; 0 where there is none."""


def window(figure: Figure, ratings: Ratings, days: float) -> Window:
    """Return a figure of the ratings of one window.

    Args:
        figure: one of `catalogue.OF_RATINGS`.
        ratings: of the window.
        days: how long it is.
    """
    n = sum(ratings.values())
    if figure is Figure.PACE:
        return pace(n, days)
    if not n:
        return NOTHING
    if figure in WHOLES:
        return window_of_share(observed(figure, ratings), WHOLES[figure])
    if figure is Figure.RATIO:
        return _ratio(ratings)
    mean = sample(figure, ratings)
    if figure is Figure.NPS:
        promoters, detractors = (
            sum(count for rating, count in ratings.items() if _counts_as(figure, rating) == side) / n
            for side in (100, -100)
        )
        low, high = net_share(promoters, detractors, n)
        return Window(n, mean.mean, Interval(100 * low, 100 * high))
    found = of_mean(mean)
    least, most = _SCALES[figure]
    return Window(n, mean.mean, found and Interval(max(least, found.low), min(most, found.high)))


def pace(n: int, days: float) -> Window:
    """Return how many of some reviews came a day; nothing is known of a window without length."""
    if days <= 0:
        return NOTHING
    low, high = poisson(n)
    return Window(n, n / days, Interval(low / days, high / days))


def window_of_share(observed: Observed, whole: float = 1.0) -> Window:
    """Return a share as a figure, which is `whole` where it is of all reviews."""
    if observed.effective <= 0:
        return Window(observed.n, None, None)
    low, high = wilson(observed.share, observed.effective)
    return Window(observed.n, on_scale(whole * observed.share), Interval(whole * low, whole * high))


def observed(figure: Figure, ratings: Ratings) -> Observed:
    """Return a share of the reviews of one window."""
    n = sum(ratings.values())
    return Observed(n, sample(figure, ratings).mean if n else 0.0, float(n))


def sample(figure: Figure, ratings: Ratings) -> Sample:
    """Return what the mean is made of that a figure is; there is at least one review."""
    values = [(_counts_as(figure, rating), float(count)) for rating, count in ratings.items() if count > 0]
    return sample_of(values, fsum(count for _, count in values), Interval(*_SCALES[figure]))


def _ratio(ratings: Ratings) -> Window:
    """Return how many positive reviews there are for each negative one; `n` counts both."""
    positive, negative = (
        sum(count for rating, count in ratings.items() if _counts_as(side, rating))
        for side in (Figure.POSITIVE, Figure.NEGATIVE)
    )
    value = positive / negative if negative else None
    return Window(positive + negative, value, odds(positive, negative) if negative else None)


def _counts_as(figure: Figure, rating: float) -> float:
    """Return what one review counts as in the mean that a figure is; in that of a share, 0 or 1."""
    star = int(rating + 0.5)
    match figure:
        case Figure.MEAN:
            return rating
        case Figure.POSITIVE:
            return float(star >= 4)
        case Figure.CSAT:
            return float(star in SATISFIED)
        case Figure.NEGATIVE:
            return float(star <= 2)
        case Figure.NPS:
            return 100.0 * ((star in PROMOTERS) - (star in DETRACTORS))
        case Figure.CES:
            return effort_of(rating)
        case _:
            raise ValueError(f"{figure} is no mean and no share of ratings")
