"""What is told of where one score goes: without new reviews, at its present pace, and what it takes to be elsewhere."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import fsum
from typing import Final, NamedTuple

from plaudit.scoring.profiles.domain import MAX_FRESH_WEIGHT, MAX_RATING, MIN_RATING, Profile
from plaudit.scoring.projection.domain.course import (
    NO_REVIEWS,
    HalfStar,
    Pace,
    ScoreState,
    crossing_us,
    falls_below_us,
    limit,
    next_half_star,
    remaining,
    score_at,
)
from plaudit.scoring.projection.domain.state import idle_state_of, state_of
from plaudit.scoring.projection.domain.target import (
    Reached,
    fewest_at_pace,
    fewest_now,
    pace_needed,
    worth_of_rerating,
)
from plaudit.scoring.scores.domain import half_stars
from plaudit.scoring.sums.domain.decay import MergedSums, landmark_us, time_of, unix_us
from plaudit.scoring.sums.domain.traits import TRAITS

PACE_DAYS: Final = 90
"""The present pace is that of the reviews that were rated in so many days and stand."""
LEAST_PACE_DAYS: Final = 7.0
"""Of a subject whose first review came later, the days since then; but never less than this: its first hour tells of no
day, and its first day of no week."""
LATER_DAYS: Final = (30, 90, 180, 365)
COURSE_DAYS: Final = (*range(0, 365, 7), 365)
"""A chart has the score of now, and of every seventh day of a year."""
TARGET_RATINGS: Final = (5, 4)
"""What a target takes is always told of these, and of fewer stars where they are above the target."""
LOWER_RATINGS: Final = (3, 2)
RAISED_STARS: Final = (1, 2, 3)
RAISED_TO: Final = 4
"""What a customer who was answered well may give in place of one of the stars above."""
_LAST_US: Final = unix_us(datetime.max.replace(tzinfo=UTC))


class PastDateError(ValueError):
    """A target is to be reached at a time that has passed."""

    def __init__(self, by: datetime) -> None:
        """Name it."""
        super().__init__(f"A target is reached in the future, and {by:%FT%TZ} has passed; send a later `by`.")


class Arrived(NamedTuple):
    """Reviews of one source and traits that were rated within the days that the pace is taken from, and stand."""

    source_id: str
    traits: int
    reviews: int
    total: float
    """The sum of their ratings."""


class Crossing(NamedTuple):
    """When other stars are shown."""

    at: datetime | None
    """None after the year 9999."""
    threshold: float
    stars: float


class Way(NamedTuple):
    """Where a score goes at a pace of reviews."""

    limit: float
    """What it nears and never passes."""
    next_stars: Crossing | None
    """None where the stars that are shown never change."""
    reaches_target_at: datetime | None
    """None where it is not below the target, where it never reaches it, or does after the year 9999."""
    falls_below_target_at: datetime | None
    """None where it is below the target, where it never falls below it, or does after the year 9999."""
    scores: Sequence[tuple[datetime, float]]
    """After each of `LATER_DAYS`."""
    course: Sequence[tuple[datetime, float]]
    """After each of `COURSE_DAYS`."""


class Fewest(NamedTuple):
    """What a target takes, of reviews of one rating that are organic and verified."""

    rating: int
    now: int | None
    """How few are enough if they come now; None where no number is."""
    per_day: float | None
    """How many a day are enough to be there in time; None where no pace is."""
    at_pace: Reached | None
    """How few are enough, and when, if they come at the expected pace; None where it is not reached in time."""


class Wanted(NamedTuple):
    """What whoever asks wants to know; what is not given is what is usual."""

    target: float | None = None
    """A score; the least that shows half a star more, if not given."""
    by: datetime | None = None
    """When it is wanted; in `PACE_DAYS`, if not given."""
    per_day: float | None = None
    """How many reviews are expected a day; as many as came lately, if not given."""
    rating: float | None = None
    """The mean of their ratings; that of those that came lately, if not given."""


NOTHING_ASKED: Final = Wanted()


class Target(NamedTuple):
    """A score that may be wanted, and what it takes."""

    score: float
    by: datetime
    takes: Sequence[Fewest]


class Raised(NamedTuple):
    """What it is worth when the customer of a review of these stars rates anew."""

    stars: int
    reviews: int
    """How many of these stars there are."""
    points: float
    """By how many stars the score rises for one of them that has their mean weight."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """All that is told of where a score goes."""

    at: datetime
    score: float
    """The prior while there are no reviews."""
    reviews: int
    pace: Pace | None
    """None where no review came within the days that it is taken from."""
    arrived: int
    """How many reviews the pace is taken from."""
    pace_days: float
    """In how many days they came."""
    per_day: float | None
    """How many reviews are expected a day; None where none came lately and none are said to come."""
    expected: Pace | None
    """What is expected; None where it is not known, or not of which rating."""
    idle: Way
    at_pace: Way | None
    """At what is expected."""
    target: Target | None
    """None where none was asked for, and the most stars are shown."""
    raised: Sequence[Raised]


def outlook(
    profile: Profile,
    merged: MergedSums,
    newest_us: int | None,
    arrived: Iterable[Arrived],
    at: datetime,
    asked: Wanted = NOTHING_ASKED,
    *,
    rated_since: datetime | None = None,
) -> Outlook:
    """Return where a score goes and what it takes to be elsewhere.

    Args:
        profile: of the score.
        merged: the sums that count for it, as they stand.
        newest_us: when the newest review that ever counted was rated.
        arrived: of the reviews that count, those that came within `PACE_DAYS`.
        at: now.
        asked: what is wanted, and which reviews are expected.
        rated_since: since when there are reviews, of no more than `PACE_DAYS` ago; None where there never were any.

    Raises:
        PastDateError: the target is wanted before now.
        ValueError: the target, the rating or the pace is out of its range.
    """
    by = asked.by or at + timedelta(days=PACE_DAYS)
    if by <= at:
        raise PastDateError(by)
    at_us = unix_us(at)
    state, idle = state_of(profile, merged, at_us), idle_state_of(profile, merged, newest_us, at_us)
    days = pace_days(rated_since, at)
    pace, reviews = _pace(profile, arrived, days)
    expected = _expected(profile, pace, asked)
    per_day = asked.per_day if asked.per_day is not None or pace is None else pace.per_day
    wanted = _usual_target(idle.score) if asked.target is None else asked.target
    return Outlook(
        at=at,
        score=idle.score,
        reviews=max(merged.sums.n, 0),
        pace=pace,
        arrived=reviews,
        pace_days=days,
        per_day=per_day,
        expected=expected,
        idle=_way(idle, NO_REVIEWS, at, wanted),
        at_pace=None if expected is None else _way(state, expected, at, wanted),
        target=None if wanted is None else Target(wanted, by, _takes(profile, state, wanted, per_day, unix_us(by))),
        raised=_raised(profile, merged, state),
    )


def pace_days(rated_since: datetime | None, at: datetime) -> float:
    """Return in how many days the reviews came that the present pace is taken from.

    The days before the first review are not days without reviews: a subject of ten days that has ten has one a day.
    Its first review begins the time and is counted in it, so that of a few the pace is rather too high than too low.

    Args:
        rated_since: since when there are reviews; None where there never were any.
        at: now.
    """
    if rated_since is None:
        return float(PACE_DAYS)
    return min(float(PACE_DAYS), max(LEAST_PACE_DAYS, (at - rated_since) / timedelta(days=1)))


def _expected(profile: Profile, pace: Pace | None, asked: Wanted) -> Pace | None:
    """Return which reviews are expected: what is not said of them is as it was lately. None if that is not known.

    They weigh what the late ones did; where none came, what organic and verified ones do.
    """
    per_day = asked.per_day if asked.per_day is not None or pace is None else pace.per_day
    rating = asked.rating if asked.rating is not None or pace is None else pace.rating
    if per_day is None or rating is None:
        return None
    weight = _fresh_weight(profile) if pace is None else pace.weight
    return Pace(per_day=per_day, rating=rating, weight=weight)


def _pace(profile: Profile, arrived: Iterable[Arrived], days: float) -> tuple[Pace | None, int]:
    """Return the present pace, and of how many reviews it is taken that came in so many days."""
    counting = [
        (
            each,
            profile.weight(
                verified=TRAITS[each.traits].verified, origin=TRAITS[each.traits].origin, source_id=each.source_id
            ),
        )
        for each in arrived
        if profile.counts(kind=TRAITS[each.traits].kind, origin=TRAITS[each.traits].origin)
    ]
    reviews = sum(each.reviews for each, _ in counting)
    weight = fsum(each.reviews * weight for each, weight in counting)
    if reviews <= 0 or weight <= 0:
        return None, 0
    rating = fsum(each.total * weight for each, weight in counting) / weight
    # Rounding may leave a mean a little off the scale of what it is the mean of.
    on_the_scale = min(max(rating, MIN_RATING), MAX_RATING)
    fresh_weight = min(weight / reviews, MAX_FRESH_WEIGHT)
    return Pace(per_day=reviews / days, rating=on_the_scale, weight=fresh_weight), reviews


def _way(state: ScoreState, pace: Pace, at: datetime, target: float | None) -> Way:
    later, weeks = ([at + timedelta(days=each) for each in days] for days in (LATER_DAYS, COURSE_DAYS))
    is_below = target is not None and state.score < target
    reaches_us = crossing_us(state, target, pace) if target is not None and is_below else None
    falls_us = falls_below_us(state, target, pace) if target is not None else None
    return Way(
        limit(state, pace),
        _crossing(next_half_star(state, pace)),
        None if reaches_us is None else _instant(reaches_us),
        None if falls_us is None else _instant(falls_us),
        [(each, score_at(state, unix_us(each), pace)) for each in later],
        [(each, score_at(state, unix_us(each), pace)) for each in weeks],
    )


def _takes(profile: Profile, state: ScoreState, target: float, per_day: float | None, by_us: int) -> list[Fewest]:
    weight = _fresh_weight(profile)
    takes = []
    for rating in (*TARGET_RATINGS, *(each for each in LOWER_RATINGS if each > target)):
        coming = None if per_day is None else Pace(per_day=per_day, rating=float(rating), weight=weight)
        takes.append(
            Fewest(
                rating,
                fewest_now(state, target, rating=rating, weight=weight),
                pace_needed(state, target, by_us, rating=rating, weight=weight),
                None if coming is None else fewest_at_pace(state, target, coming, by_us),
            )
        )
    return takes


def _fresh_weight(profile: Profile) -> float:
    """Return what a fresh review weighs that is organic and verified, of a source without a weight of its own."""
    return profile.weight(verified=True, origin="organic")


def _raised(profile: Profile, merged: MergedSums, state: ScoreState) -> list[Raised]:
    """Return what raising a review of each of the low stars is worth, of which there are any."""
    faded = 1.0
    if profile.half_life_us is not None:
        faded = remaining(state.at_us - landmark_us(merged.landmark, profile.half_life_us), profile.half_life_us)
    fresh = _fresh_weight(profile)
    found = []
    for stars in RAISED_STARS:
        reviews, weight = merged.sums.counts[stars - 1], merged.sums.weights[stars - 1] * faded
        if reviews > 0:
            mean = min(max(weight / reviews, 0.0), fresh)
            points = worth_of_rerating(
                state, rating=stars, present_weight=mean, new_rating=RAISED_TO, fresh_weight=fresh
            )
            found.append(Raised(stars, reviews, points))
    return found


def _usual_target(score: float) -> float | None:
    """Return the least score that shows half a star more; None where the most are shown."""
    threshold = half_stars(score) + 0.25
    return threshold if threshold < MAX_RATING else None


def _crossing(found: HalfStar | None) -> Crossing | None:
    return None if found is None else Crossing(_instant(found.at_us), found.threshold, found.stars)


def _instant(at_us: int) -> datetime | None:
    return None if at_us > _LAST_US else time_of(at_us)


def arrives(reached: Reached) -> datetime | None:
    """Return when the last of the reviews arrives that a target takes; None after the year 9999."""
    return _instant(reached.at_us)
