"""What changed around a marker: a figure in equal windows before and after it, and whether it changed measurably.

A measurable change is not yet an effect: whatever else happened at the time may have caused it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from math import fsum
from typing import Final

from plaudit.scoring.intervals.domain import Interval, Sample, net_share, newcombe, of_mean, sample_of, welch, wilson
from plaudit.scoring.profiles.domain import MAX_RATING, MIN_RATING, STAR_KINDS
from plaudit.scoring.sums.domain.surveys import DETRACTORS, MAX_EFFORT, MIN_EFFORT, PROMOTERS, SATISFIED, effort_of

MAX_DAYS: Final = 365
DEFAULT_DAYS: Final = 30
LEAST_REVIEWS: Final = 5
"""In each window; fewer do not tell how much reviews differ."""


class Figure(StrEnum):
    """A figure that can be compared around a marker."""

    MEAN = "mean"
    POSITIVE = "positive_share"
    NEGATIVE = "negative_share"
    NPS = "nps"
    CSAT = "csat"
    CES = "ces"


KINDS: Final[Mapping[Figure, frozenset[str]]] = {
    Figure.MEAN: STAR_KINDS,
    Figure.POSITIVE: STAR_KINDS,
    Figure.NEGATIVE: STAR_KINDS,
    Figure.NPS: frozenset({"nps"}),
    Figure.CSAT: frozenset({"csat"}),
    Figure.CES: frozenset({"ces"}),
}
"""Which kinds of reviews each figure is made of."""


class Verdict(StrEnum):
    """Whether a figure changed."""

    ROSE = "rose"
    FELL = "fell"
    UNCHANGED = "no_measurable_change"
    TOO_FEW = "too_few"


@dataclass(frozen=True, slots=True)
class Windows:
    """Equal times before and after a marker."""

    start: datetime
    at: datetime
    end: datetime

    @property
    def days(self) -> float:
        """How long each is."""
        return (self.end - self.at) / timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Window:
    """A figure of the reviews that were rated in one window."""

    n: int
    value: float | None
    """None without reviews."""
    interval: Interval | None
    """None where too few reviews came to say."""


@dataclass(frozen=True, slots=True)
class Change:
    """A figure before and after."""

    before: Window
    after: Window
    difference: float | None
    interval: Interval | None
    """Of the difference."""
    verdict: Verdict


Ratings = Mapping[float, int]
"""Rating → how many reviews."""


def windows(at: datetime, days: int, now: datetime) -> Windows:
    """Return the windows around an instant; both are as short as the time since it, while that is less than asked."""
    length = min(timedelta(days=days), max(timedelta(0), now - at))
    return Windows(at - length, at, at + length)


def change(figure: Figure, before: Ratings, after: Ratings) -> Change:
    """Return how a figure changed, of the reviews that were rated in two windows.

    Means are compared by Welch's interval, and so is NPS, as the mean of 100, 0 and -100; shares by Newcombe's. A
    change is measurable if the interval of the difference, with a confidence of 95 %, does not hold 0.
    """
    one, other = window(figure, before), window(figure, after)
    if one.value is None or other.value is None:
        return Change(one, other, None, None, Verdict.TOO_FEW)
    difference = other.value - one.value
    if figure in _WHOLES:
        whole = _WHOLES[figure]
        low, high = newcombe(one.value / whole, one.n, other.value / whole, other.n)
        interval = Interval(whole * low, whole * high)
    else:
        found = welch(_sample(figure, before), _sample(figure, after))
        if found is None:
            return Change(one, other, difference, None, Verdict.TOO_FEW)
        interval = found
    return Change(one, other, difference, interval, _verdict(one.n, other.n, interval))


def window(figure: Figure, ratings: Ratings) -> Window:
    """Return a figure of the reviews of one window."""
    n = sum(ratings.values())
    if not n:
        return Window(0, None, None)
    sample = _sample(figure, ratings)
    if figure in _WHOLES:
        whole = _WHOLES[figure]
        low, high = wilson(sample.mean, n)
        return Window(n, whole * sample.mean, Interval(whole * low, whole * high))
    if figure is Figure.NPS:
        promoters, detractors = (
            sum(count for rating, count in ratings.items() if _values(figure, rating) == side) / n
            for side in (100, -100)
        )
        low, high = net_share(promoters, detractors, n)
        return Window(n, sample.mean, Interval(100 * low, 100 * high))
    found = of_mean(sample)
    least, most = _SCALES[figure]
    return Window(n, sample.mean, found and Interval(max(least, found.low), min(most, found.high)))


def in_words(name: str, figure: Figure, found: Change, spanned: Windows) -> str:
    """Return what changed around a marker, in a sentence."""
    noun, form = _WORDS[figure]
    days = f"{spanned.days:.0f} days" if spanned.days >= 2 else f"{spanned.days * 24:.0f} hours"
    if spanned.days <= 0:
        return f"“{name}” has not happened yet."
    if found.verdict is Verdict.TOO_FEW or found.interval is None or found.difference is None:
        return (
            f"Too few reviews to tell whether {noun} changed: {found.before.n:,} in the {days} before “{name}”, "
            f"{found.after.n:,} in the {days} after; each needs at least {LEAST_REVIEWS}."
        )
    low, high = (_signed(form, each) for each in found.interval)
    told = (
        f"from {_shown(form, found.before.value)} of {found.before.n:,} reviews in the {days} before “{name}” to "
        f"{_shown(form, found.after.value)} of {found.after.n:,} in the {days} after"
    )
    sure = f"with a confidence of 95 % by {low} to {high}"
    if found.verdict is Verdict.UNCHANGED:
        return f"No measurable change of {noun}: {told}; it may have moved, {sure}."
    return f"{noun[0].upper()}{noun[1:]} {found.verdict.value} measurably, {told}: {sure}."


_SCALES: Final[Mapping[Figure, tuple[float, float]]] = {
    Figure.MEAN: (MIN_RATING, MAX_RATING),
    Figure.CES: (MIN_EFFORT, MAX_EFFORT),
    Figure.NPS: (-100.0, 100.0),
    **dict.fromkeys((Figure.POSITIVE, Figure.NEGATIVE, Figure.CSAT), (0.0, 1.0)),
}
"""Where what one review counts as lies."""
_WHOLES: Final[Mapping[Figure, float]] = {Figure.POSITIVE: 1.0, Figure.NEGATIVE: 1.0, Figure.CSAT: 100.0}
"""Of the shares: what each is when it is of all reviews. CSAT is told in percent, as everywhere."""
_WORDS: Final[Mapping[Figure, tuple[str, str]]] = {
    Figure.MEAN: ("the mean rating", "stars"),
    Figure.POSITIVE: ("the share of four and five stars", "share"),
    Figure.NEGATIVE: ("the share of one and two stars", "share"),
    Figure.NPS: ("the NPS", "points"),
    Figure.CSAT: ("the share of satisfied customers", "percent"),
    Figure.CES: ("the mean effort", "stars"),
}


def _verdict(n_before: int, n_after: int, interval: Interval) -> Verdict:
    if min(n_before, n_after) < LEAST_REVIEWS:
        return Verdict.TOO_FEW
    if interval.low > 0:
        return Verdict.ROSE
    return Verdict.FELL if interval.high < 0 else Verdict.UNCHANGED


def _sample(figure: Figure, ratings: Ratings) -> Sample:
    values = [(_values(figure, rating), float(count)) for rating, count in ratings.items() if count > 0]
    return sample_of(values, fsum(count for _, count in values), Interval(*_SCALES[figure]))


def _values(figure: Figure, rating: float) -> float:
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


def _shown(form: str, value: float | None) -> str:
    value = value or 0.0
    forms = {"share": f"{100 * value:.0f} %", "percent": f"{value:.0f} %", "points": f"{value:+.0f}"}
    return forms.get(form, f"{value:.2f}").replace("-", "−")


def _signed(form: str, value: float) -> str:
    points = f"{value:+.0f} points"
    forms = {"share": f"{100 * value:+.0f} points", "percent": points, "points": points}
    return forms.get(form, f"{value:+.2f}").replace("-", "−")
