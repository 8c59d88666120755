"""Foresight: what projections of real reviews said, beside what then came. It is told, and nothing depends on it.

At the first instant of every month each subject is projected as the product does, without new reviews and at the pace
of the 90 days before, and compared with its score that much later. "As it is" says that nothing changes.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from math import fsum
from typing import Final, NamedTuple

from benchmarks.options import Options
from benchmarks.report import Report
from plaudit.scoring.profiles.domain import BUILT_IN, DAY_US, MIN_RATING, Profile
from plaudit.scoring.projection.domain.course import NO_REVIEWS, Pace, ScoreState, score_at
from plaudit.scoring.projection.domain.outlook import LATER_DAYS, PACE_DAYS
from plaudit.scoring.sums.domain.decay import unix_us
from plaudit_testing.real_lives import rows_of_firefox, rows_of_rentals
from plaudit_testing.shared import FOLDER

FEWEST: Final = 30
"""A subject is projected from so many reviews on."""
NEAR: Final = 0.1
"""Stars: a projection that is off by less is told as near."""


class Rated(NamedTuple):
    """A review."""

    rated_us: int
    rating: float


class Foretold(NamedTuple):
    """What was said of a score, and what it came to be."""

    as_it_is: float
    idle: float
    at_pace: float
    truth: float


def run(report: Report, options: Options) -> None:
    """Compare projections of both sets of real reviews with the truth; no server is needed."""
    del options  # there is one amount of real reviews
    if not FOLDER.exists():
        report.text(f"There are no real reviews: {FOLDER} is not there.")
        return
    subjects: dict[str, list[Rated]] = defaultdict(list)
    for rows in (rows_of_rentals(FOLDER / "data"), rows_of_firefox(FOLDER / "data")):
        for _, stand, _ in rows:
            subjects[stand.subject].append(Rated(stand.rated_us, stand.rating))
    reviews = {name: sorted(found) for name, found in subjects.items() if len(found) > FEWEST}
    for profile in BUILT_IN.values():
        report.heading(f"{profile.name}: {len(reviews)} subjects, {sum(map(len, reviews.values())):,} reviews")
        for days in LATER_DAYS:
            found = [each for rated in reviews.values() for each in _foretold(profile, rated, days * DAY_US)]
            if found:
                report.line(f"in {days} days, {len(found):,} projections", _told(found))


def _told(found: Sequence[Foretold]) -> str:
    ways = {"as it is": 0, "no new reviews": 1, "at the pace": 2}
    return "; ".join(f"{name}: {_off(found, place)}" for name, place in ways.items())


def _off(found: Sequence[Foretold], place: int) -> str:
    errors = [abs(each[place] - each.truth) for each in found]
    near = sum(error < NEAR for error in errors) / len(errors)
    return f"off by {fsum(errors) / len(errors):.3f} stars, {near:.0%} by less than {NEAR:g}"


def _foretold(profile: Profile, rated: Sequence[Rated], ahead_us: int) -> Iterator[Foretold]:
    times = [each.rated_us for each in rated]
    for at_us in _months(times[0], times[-1] - ahead_us):
        known = rated[: bisect_right(times, at_us)]
        if len(known) < FEWEST:
            continue
        state = _state(profile, known, at_us)
        later_us = at_us + ahead_us
        yield Foretold(
            as_it_is=state.score,
            idle=score_at(state, later_us, NO_REVIEWS),
            at_pace=score_at(state, later_us, _pace(known, at_us)),
            truth=_state(profile, rated[: bisect_right(times, later_us)], later_us).score,
        )


def _months(first_us: int, last_us: int) -> Iterator[int]:
    """Yield the first instants of the months after one time until another."""
    first = datetime.fromtimestamp(first_us / 1e6, UTC)
    months = first.year * 12 + first.month
    while (at_us := unix_us(datetime(months // 12, months % 12 + 1, 1, tzinfo=UTC))) <= last_us:
        yield at_us
        months += 1


def _state(profile: Profile, known: Sequence[Rated], at_us: int) -> ScoreState:
    weights = [
        1.0 if profile.half_life_us is None else 2.0 ** ((each.rated_us - at_us) / profile.half_life_us)
        for each in known
    ]
    return ScoreState(
        a=fsum(each.rating * weight for each, weight in zip(known, weights, strict=True)),
        b=fsum(weights),
        at_us=at_us,
        prior_weight=profile.prior_weight,
        prior_value=profile.prior_value,
        half_life_us=profile.half_life_us,
    )


def _pace(known: Sequence[Rated], at_us: int) -> Pace:
    recent = [each.rating for each in known if each.rated_us > at_us - PACE_DAYS * DAY_US]
    rating = fsum(recent) / len(recent) if recent else MIN_RATING
    return Pace(per_day=len(recent) / PACE_DAYS, rating=rating)
