"""What changed around a marker: a figure in equal windows before and after it, and whether it changed measurably.

A measurable change is not yet an effect: whatever else happened at the time may have caused it.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, NamedTuple
from uuid import UUID

from plaudit.common.numerals import counted
from plaudit.common.statistics.intervals import Interval, on_scale
from plaudit.scoring.figures.domain.catalogue import FIGURES, STANDING, Figure, shown, shown_distance, shown_signed
from plaudit.scoring.figures.domain.windows import (
    NOTHING,
    WHOLES,
    Observed,
    Ratings,
    Window,
    observed,
    pace,
    sample,
    window,
    window_of_share,
)
from plaudit.scoring.intervals.domain import WAIT_RATIO, newcombe, of_difference, poisson, poisson_difference, welch

MAX_DAYS: Final = 365
DEFAULT_DAYS: Final = 30
LEAST_REVIEWS: Final = 5
"""In each window; fewer do not tell how much reviews differ. Of how many come, in both together."""
LEAST_PACE_DAYS: Final = 1.0
"""How many come is counted from a first review on, but of no less: its first hour tells of no day."""
CLOCK_DAYS: Final = 10 / (24 * 60)
"""Of less no age is known: a platform's clock may be minutes ahead of ours."""


class OtherOriginError(ValueError):
    """The organic score is asked for of reviews that are not organic."""

    def __init__(self) -> None:
        """Say what to do."""
        super().__init__("The organic score is of organic reviews. Leave `origin` out, or take `score`.")


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
class Change:
    """A figure before and after."""

    before: Window
    after: Window
    difference: float | None
    interval: Interval | None
    """Of the difference."""
    verdict: Verdict
    counted_since: datetime | None = None
    """Of how many come: when their counting begins, where the first review came after the window began."""


NOTHING_CHANGED: Final = Change(NOTHING, NOTHING, None, None, Verdict.TOO_FEW)
"""Around a marker that has not happened yet."""


class Of(NamedTuple):
    """Which reviews are compared; None leaves none out."""

    source_id: UUID | None = None
    origin: str | None = None


OF_ALL: Final = Of()


def windows(at: datetime, days: int, now: datetime) -> Windows:
    """Return the windows around an instant; both are as short as the time since it, while that is less than asked."""
    length = min(timedelta(days=days), max(timedelta(0), now - at))
    return Windows(at - length, at, at + length)


def change(figure: Figure, before: Ratings, after: Ratings, days: float) -> Change:
    """Return how a figure of ratings changed, of the reviews that were rated in two windows of so many days.

    Means are compared by Welch's interval, and so is NPS, as the mean of 100, 0 and -100; shares by Newcombe's; ratios
    by the intervals of both. Reviews of a window that are all equal do not seem sure (`sample_of`). A change is
    measurable if the interval of the difference, with a confidence of 95 %, does not hold 0.
    """
    if figure is Figure.PACE:
        return change_of_pace(sum(before.values()), sum(after.values()), days)
    if figure in WHOLES:
        return change_of_shares(observed(figure, before), observed(figure, after), WHOLES[figure])
    one, other = window(figure, before, days), window(figure, after, days)
    if figure is Figure.RATIO:
        return change_of_windows(one, other)
    return _change(one, other, lambda *_: welch(sample(figure, before), sample(figure, after)))


def change_of_shares(before: Observed, after: Observed, whole: float = 1.0) -> Change:
    """Return how a share changed, by Newcombe's interval.

    Args:
        before: of the window before.
        after: of the one after.
        whole: what the share is when it is of all reviews.
    """

    def between(*_: float) -> Interval:
        low, high = newcombe(before.share, before.effective, after.share, after.effective)
        return Interval(whole * low, whole * high)

    return _change(window_of_share(before, whole), window_of_share(after, whole), between)


def change_of_windows(before: Window, after: Window) -> Change:
    """Return how a figure changed of which each window has an interval, by those of both (`of_difference`)."""

    def between(one: float, other: float) -> Interval | None:
        if before.interval is None or after.interval is None:
            return None
        return of_difference(one, before.interval, other, after.interval)

    return _change(before, after, between)


def change_of_pace(before: int, after: int, days: float) -> Change:
    """Return how many more reviews, or fewer, came a day, by the interval of the difference of two Poisson means.

    Args:
        before: how many came in the window before.
        after: in the one after.
        days: how long each is.
    """
    if days <= 0:
        return NOTHING_CHANGED
    low, high = poisson_difference(before, after)
    interval = Interval(low / days, high / days)
    verdict = _verdict(before + after, interval)
    return Change(pace(before, days), pace(after, days), (after - before) / days, interval, verdict)


def change_of_pace_since(before: int, after: int, spanned: Windows, rated_since: datetime | None) -> Change:
    """Return the same where there are reviews only since some instant: the days before it are not days without any.

    The first review begins the time that it is counted in. So where that is shorter than the window, the lower limit
    is that of the reviews without it, and the upper one that of all.

    Args:
        before: how many came in the window before.
        after: in the one after.
        spanned: the windows.
        rated_since: since when there are reviews; None where there never were any.
    """
    if spanned.days <= 0:
        return NOTHING_CHANGED
    if rated_since is not None and rated_since <= spanned.start:
        return change_of_pace(before, after, spanned.days)
    if rated_since is None or rated_since >= spanned.at:
        return Change(NOTHING, pace(after, spanned.days), None, None, Verdict.TOO_FEW)
    days = min(spanned.days, max(LEAST_PACE_DAYS, (spanned.at - rated_since) / timedelta(days=1)))
    interval = Interval(poisson(max(0, before - 1)).low / days, poisson(before).high / days)
    earlier, later = Window(before, before / days, interval), pace(after, spanned.days)
    found = change_of_windows(earlier, later)
    verdict = Verdict.TOO_FEW if found.interval is None else _verdict(before + after, found.interval)
    return replace(found, verdict=verdict, counted_since=spanned.at - timedelta(days=days))


def change_of_newest_age(before: Window, after: Window) -> Change:
    """Return how the age of the newest review changed, which is known exactly and has no interval.

    An age is one wait for a review. Of two waits at one pace the one is `WAIT_RATIO` times the other, or more, in one
    of twenty cases; what is less than that is no measurable change.
    """
    if before.value is None or after.value is None:
        return Change(before, after, None, None, Verdict.TOO_FEW)
    one, other = (max(each, CLOCK_DAYS) for each in (before.value, after.value))
    if min(before.n, after.n) < LEAST_REVIEWS:
        verdict = Verdict.TOO_FEW
    elif other > WAIT_RATIO * one:
        verdict = Verdict.ROSE
    else:
        verdict = Verdict.FELL if one > WAIT_RATIO * other else Verdict.UNCHANGED
    return Change(before, after, after.value - before.value, None, verdict)


def _change(before: Window, after: Window, between: Callable[[float, float], Interval | None]) -> Change:
    """Return how a figure changed; `between` makes the interval of the difference of two values."""
    if before.value is None or after.value is None:
        return Change(before, after, None, None, Verdict.TOO_FEW)
    difference, interval = on_scale(after.value - before.value), between(before.value, after.value)
    verdict = Verdict.TOO_FEW if interval is None else _verdict(min(before.n, after.n), interval)
    return Change(before, after, difference, interval, verdict)


def in_words(name: str, figure: Figure, found: Change, spanned: Windows, of: str = "") -> str:
    """Return what changed around a marker, in a sentence.

    Args:
        name: the marker's.
        figure: what is compared.
        found: how it changed.
        spanned: the windows.
        of: which reviews it is of, as `of_words` has it; nothing where it is of all.
    """
    if spanned.days <= 0:
        return f"“{name}” has not happened yet."
    told = _told(name, figure, found, spanned)
    return f"{told} This is of {of} alone." if of else told


def of_words(source: str | None, origin: str | None) -> str:
    """Return which reviews are compared, such as `organic reviews from “Acme shop”`; nothing where none is left out."""
    if source is None and origin is None:
        return ""
    reviews = "reviews" if origin is None else f"{origin} reviews"
    return reviews if source is None else f"{reviews} from “{source}”"


def _told(name: str, figure: Figure, found: Change, spanned: Windows) -> str:
    """Return what changed, in a sentence, whichever reviews it is of."""
    noun, before, after = FIGURES[figure].noun, found.before, found.after
    then, later = _when(name, figure, found, spanned)
    if figure is Figure.PACE and before == NOTHING:
        return f"Nobody can tell whether {noun} changed: no review is from before “{name}”, {after.n:,} came {later}."
    if found.verdict is Verdict.TOO_FEW or found.difference is None:
        return (
            f"Too few reviews to tell whether {noun} changed: {_few(figure, before.n)} {then}, "
            f"{_few(figure, after.n)} {later}; {_needed(figure, before, after)}."
        )
    if found.interval is None:
        values = f"from {shown(figure, before.value)} {then} to {shown(figure, after.value)} {later}"
        sure = moved = f"at one pace of reviews, 19 of 20 times no age is {WAIT_RATIO:.0f} times another"
    else:
        of = "a day, with" if figure is Figure.PACE else "of"
        values = (
            f"from {shown(figure, before.value)} {of} {counted(before.n, 'review')} {then} to "
            f"{shown(figure, after.value)} {of} {_few(figure, after.n)} {later}"
        )
        low, high = (shown_signed(figure, each) for each in found.interval)
        least, most = (shown_distance(figure, each) for each in sorted(found.interval, key=abs))
        sure = f"with a confidence of 95 % by {least} to {most}"
        moved = f"with a confidence of 95 % it moved by {low} to {high}"
    if found.verdict is Verdict.UNCHANGED:
        return f"No measurable change of {noun}: {values}; {moved}."
    return f"{noun[0].upper()}{noun[1:]} {found.verdict.value} measurably, {values}: {sure}."


def _when(name: str, figure: Figure, found: Change, spanned: Windows) -> tuple[str, str]:
    """Return when the two values are of, within a sentence."""
    length = _length(spanned.days)
    if figure in STANDING:
        return f"just before “{name}”", f"{'a ' if length == 'minute' else ''}{length} later"
    after = f"in the {length} after"
    if found.counted_since is None:
        return f"in the {length} before “{name}”", after
    since = (spanned.at - found.counted_since) / timedelta(days=1)
    return f"in the {_length(since)} between the first review and “{name}”", after


def _few(figure: Figure, count: int) -> str:
    """Return so many reviews, without the word where what follows does not begin with a number."""
    return counted(count, "review") if figure in STANDING else f"{count:,}"


def _needed(figure: Figure, before: Window, after: Window) -> str:
    """Return what would be needed to tell a change."""
    if figure is Figure.PACE:
        return f"they need at least {LEAST_REVIEWS}"
    if min(before.n, after.n) < LEAST_REVIEWS:
        return f"each needs at least {LEAST_REVIEWS}"
    if figure is Figure.ANSWER_TIME:
        return "in each so many must be answered that this time is known within bounds"
    return "each needs some of both kinds" if figure is Figure.RATIO else "each needs more"


def _verdict(reviews: int, interval: Interval) -> Verdict:
    """Return whether a figure changed; `reviews` must be enough."""
    if reviews < LEAST_REVIEWS:
        return Verdict.TOO_FEW
    if interval.low > 0:
        return Verdict.ROSE
    return Verdict.FELL if interval.high < 0 else Verdict.UNCHANGED


def _length(days: float) -> str:
    """Return how long a window is, in the largest unit of which it has two or more."""
    minutes = round(days * 24 * 60)
    for unit, length in (("days", 24 * 60), ("hours", 60)):
        if minutes >= 2 * length:
            return f"{minutes // length} {unit}"
    return "minute" if minutes <= 1 else f"{minutes} minutes"
