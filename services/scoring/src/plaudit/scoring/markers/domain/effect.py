"""What changed around a marker: a figure in equal windows before and after it, and whether it changed measurably.

A measurable change is not yet an effect: whatever else happened at the time may have caused it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from math import fsum
from typing import Final, NamedTuple
from uuid import UUID

from plaudit.common.numerals import percent, signed
from plaudit.scoring.intervals.domain import (
    Interval,
    Sample,
    net_share,
    newcombe,
    of_mean,
    poisson,
    poisson_difference,
    sample_of,
    welch,
    wilson,
)
from plaudit.scoring.profiles.domain import MAX_RATING, MIN_RATING, STAR_KINDS
from plaudit.scoring.sums.domain.surveys import DETRACTORS, MAX_EFFORT, MIN_EFFORT, PROMOTERS, SATISFIED, effort_of

MAX_DAYS: Final = 365
DEFAULT_DAYS: Final = 30
LEAST_REVIEWS: Final = 5
"""In each window; fewer do not tell how much reviews differ. Of how many come, in both together."""


class Figure(StrEnum):
    """A figure that can be compared around a marker."""

    MEAN = "mean"
    POSITIVE = "positive_share"
    NEGATIVE = "negative_share"
    NPS = "nps"
    CSAT = "csat"
    CES = "ces"
    PACE = "reviews_per_day"
    ANSWERED = "answered_share"
    ANSWERED_IN_A_DAY = "answered_within_24_hours"
    RECOVERY = "recovery_share"


OF_ANSWERS: Final = frozenset({Figure.ANSWERED, Figure.ANSWERED_IN_A_DAY, Figure.RECOVERY})
"""Those that tell how reviews are answered; the others are of ratings alone."""
KINDS: Final[Mapping[Figure, frozenset[str]]] = {
    Figure.MEAN: STAR_KINDS,
    Figure.POSITIVE: STAR_KINDS,
    Figure.NEGATIVE: STAR_KINDS,
    Figure.NPS: frozenset({"nps"}),
    Figure.CSAT: frozenset({"csat"}),
    Figure.CES: frozenset({"ces"}),
    Figure.PACE: STAR_KINDS,
}
"""Which kinds of reviews each figure of ratings is made of."""


class UntoldOriginError(ValueError):
    """How reviews of one origin are answered is asked for."""

    def __init__(self) -> None:
        """Say what to do."""
        super().__init__(
            "Figures of answers are of reviews of all origins. Leave `origin` out, or take another figure."
        )


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


class Of(NamedTuple):
    """Which reviews are compared; None leaves none out."""

    source_id: UUID | None = None
    origin: str | None = None


OF_ALL: Final = Of()
Ratings = Mapping[float, int]
"""Rating → how many reviews."""


class Observed(NamedTuple):
    """A share of the reviews of one window."""

    n: int
    share: float
    effective: float
    """Of how many reviews a plain share would be as sure; 0 where there is none."""


def windows(at: datetime, days: int, now: datetime) -> Windows:
    """Return the windows around an instant; both are as short as the time since it, while that is less than asked."""
    length = min(timedelta(days=days), max(timedelta(0), now - at))
    return Windows(at - length, at, at + length)


def change(figure: Figure, before: Ratings, after: Ratings) -> Change:
    """Return how a figure of ratings changed, of the reviews that were rated in two windows.

    Means are compared by Welch's interval, and so is NPS, as the mean of 100, 0 and -100; shares by Newcombe's. Reviews
    of a window that are all equal do not seem sure (`sample_of`). A change is measurable if the interval of the
    difference, with a confidence of 95 %, does not hold 0.
    """
    if figure in _WHOLES:
        return change_of_shares(_observed(figure, before), _observed(figure, after), _WHOLES[figure])
    one, other = window(figure, before), window(figure, after)
    if one.value is None or other.value is None:
        return Change(one, other, None, None, Verdict.TOO_FEW)
    difference, interval = other.value - one.value, welch(_sample(figure, before), _sample(figure, after))
    if interval is None:
        return Change(one, other, difference, None, Verdict.TOO_FEW)
    return Change(one, other, difference, interval, _verdict(min(one.n, other.n), interval))


def change_of_shares(before: Observed, after: Observed, whole: float = 1.0) -> Change:
    """Return how a share changed, by Newcombe's interval.

    Args:
        before: of the window before.
        after: of the one after.
        whole: what the share is when it is of all reviews.
    """
    one, other = _window_of_share(before, whole), _window_of_share(after, whole)
    if one.value is None or other.value is None:
        return Change(one, other, None, None, Verdict.TOO_FEW)
    low, high = newcombe(before.share, before.effective, after.share, after.effective)
    interval = Interval(whole * low, whole * high)
    return Change(one, other, other.value - one.value, interval, _verdict(min(one.n, other.n), interval))


def change_of_pace(before: int, after: int, days: float) -> Change:
    """Return how many more reviews, or fewer, came a day, by the interval of the difference of two Poisson means.

    Args:
        before: how many came in the window before.
        after: in the one after.
        days: how long each is.
    """
    if days <= 0:
        nothing = Window(0, None, None)
        return Change(nothing, nothing, None, None, Verdict.TOO_FEW)
    one, other = (Window(n, n / days, _a_day(poisson(n), days)) for n in (before, after))
    interval = _a_day(poisson_difference(before, after), days)
    return Change(one, other, (after - before) / days, interval, _verdict(before + after, interval))


def window(figure: Figure, ratings: Ratings) -> Window:
    """Return a figure of the ratings of one window, but for how many came."""
    n = sum(ratings.values())
    if not n:
        return Window(0, None, None)
    if figure in _WHOLES:
        return _window_of_share(_observed(figure, ratings), _WHOLES[figure])
    sample = _sample(figure, ratings)
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


def _window_of_share(observed: Observed, whole: float) -> Window:
    if observed.effective <= 0:
        return Window(observed.n, None, None)
    low, high = wilson(observed.share, observed.effective)
    return Window(observed.n, whole * observed.share, Interval(whole * low, whole * high))


def _observed(figure: Figure, ratings: Ratings) -> Observed:
    n = sum(ratings.values())
    return Observed(n, _sample(figure, ratings).mean if n else 0.0, float(n))


def _a_day(counted: Interval, days: float) -> Interval:
    return Interval(counted.low / days, counted.high / days)


def in_words(name: str, figure: Figure, found: Change, spanned: Windows) -> str:
    """Return what changed around a marker, in a sentence."""
    noun, form = _WORDS[figure]
    length = _length(spanned)
    if spanned.days <= 0:
        return f"“{name}” has not happened yet."
    before, after = found.before, found.after
    if found.verdict is Verdict.TOO_FEW or found.interval is None or found.difference is None:
        needed = "they need" if figure is Figure.PACE else "each needs"
        return (
            f"Too few reviews to tell whether {noun} changed: {before.n:,} in the {length} before “{name}”, "
            f"{after.n:,} in the {length} after; {needed} at least {LEAST_REVIEWS}."
        )
    low, high = (_signed(form, each) for each in found.interval)
    of = "a day, with" if figure is Figure.PACE else "of"
    told = (
        f"from {_shown(form, before.value)} {of} {before.n:,} reviews in the {length} before “{name}” to "
        f"{_shown(form, after.value)} {of} {after.n:,} in the {length} after"
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
    Figure.CES: ("the CES (7 is very easy)", "stars"),
    Figure.PACE: ("the number of reviews", "stars"),
    Figure.ANSWERED: ("the share of answered reviews", "share"),
    Figure.ANSWERED_IN_A_DAY: ("the share of reviews answered within a day", "share"),
    Figure.RECOVERY: ("the share of negative reviews that were raised after an answer", "share"),
}


def _verdict(reviews: int, interval: Interval) -> Verdict:
    """Return whether a figure changed; `reviews` must be enough."""
    if reviews < LEAST_REVIEWS:
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
        case _:
            raise ValueError(f"{figure} is no mean and no share of ratings")


def _shown(form: str, value: float | None) -> str:
    value = value or 0.0
    forms = {"share": percent(value), "percent": percent(value / 100), "points": signed(value)}
    return forms.get(form, f"{value:.2f}")


def _signed(form: str, value: float) -> str:
    points = f"{signed(value)} points"
    forms = {"share": f"{signed(100 * value)} points", "percent": points, "points": points}
    return forms.get(form, signed(value, 2))


def _length(spanned: Windows) -> str:
    """Return how long each window is, in the largest unit of which it has two or more."""
    minutes = round(spanned.days * 24 * 60)
    for unit, length in (("days", 24 * 60), ("hours", 60)):
        if minutes >= 2 * length:
            return f"{minutes // length} {unit}"
    return "minute" if minutes <= 1 else f"{minutes} minutes"
