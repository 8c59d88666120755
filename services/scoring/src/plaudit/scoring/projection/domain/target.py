"""What it takes to reach a target: reviews now, at a pace by a date, and what a rating that is given anew is worth.

In closed form, from what `course.py` says of the way of a score. A target is reached by what rounds to it.
"""

import math
from bisect import bisect_left
from fractions import Fraction
from math import expm1, log, nextafter
from typing import Final, NamedTuple

from plaudit.scoring.profiles.domain import DAY_US
from plaudit.scoring.projection.domain.course import (
    MAX_PER_DAY,
    Pace,
    ScoreState,
    age_us_of,
    arrived_weight,
    check_stars,
    check_weight,
    later,
    moved,
)

MAX_REVIEWS: Final = 10**15
"""How many reviews that arrive one by one are looked at."""
_LN_2: Final = log(2)


class Reached(NamedTuple):
    """How many reviews reach a target, and when the last of them arrives."""

    reviews: int
    at_us: int


def fewest_now(state: ScoreState, target: float, *, rating: float, weight: float = 1.0) -> int | None:
    """Return how few fresh reviews of one rating raise the score to a target now; None if no number does.

    `n = ceil((N + B) * (T - S) / (weight * (r - T)))`, in exact fractions. The target is reached by what rounds to it,
    so that three of five stars reach 3.95, which has no exact binary form.

    Raises:
        ValueError: a rating, the target or the weight is out of its range.
    """
    check_stars("target", target)
    check_stars("rating", rating)
    check_weight("weight", weight)
    if _reaches(state, target, Fraction(0), rating):
        return 0
    if rating <= target:
        return None
    # Whatever is above the middle between the target and the float below it rounds to the target.
    middle = (Fraction(target) + Fraction(nextafter(target, 0.0))) / 2
    a, b, n, v = map(Fraction, (state.a, state.b, state.prior_weight, state.prior_value))
    fewest = math.ceil((middle * (n + b) - n * v - a) / (Fraction(weight) * (Fraction(rating) - middle)))
    return fewest if _reaches(state, target, fewest * Fraction(weight), rating) else fewest + 1


def fewest_at_pace(state: ScoreState, target: float, pace: Pace, by_us: int) -> Reached | None:
    """Return how few reviews reach a target when they arrive one by one at a pace; None if none does by an instant.

    None, too, if it takes more than `MAX_REVIEWS`. The k-th arrives `k / per_day` days from now and fades from then
    on. The score is read as each arrives: with n of them they weigh `weight * (1 - q^n) / (1 - q)`, q being what is
    left of one when the next arrives.

    Raises:
        ValueError: the target is off the scale, or the instant is before the state's own.
    """
    check_stars("target", target)
    most = min(int(Fraction(pace.per_day) * age_us_of(state, by_us) / DAY_US), MAX_REVIEWS)

    def is_reached(arrived: int) -> bool:
        left, weight = _one_by_one(pace, arrived, state.half_life_us)
        faded = moved(state, state.at_us, state.a * left, state.b * left)
        return _reaches(faded, target, Fraction(weight), pace.rating)

    if is_reached(0):
        return Reached(0, state.at_us)
    # The score moves in one direction from review to review, so the first that reaches the target can be bisected.
    reviews = bisect_left(range(most + 1), 1, key=is_reached)
    if reviews > most:
        return None
    return Reached(reviews, state.at_us + math.ceil(reviews * DAY_US / Fraction(pace.per_day)))


def pace_needed(state: ScoreState, target: float, by_us: int, *, rating: float, weight: float = 1.0) -> float | None:
    """Return how many reviews of one rating must arrive a day for the score to be at a target at an instant.

    0 if it is not below the target then anyway; None if no pace up to `MAX_PER_DAY` is enough. With the score S that
    it would have by then, what must have arrived by then weighs `(N + B*d) * (T - S) / (r - T)`.

    Raises:
        ValueError: a figure is out of its range, or the instant is before the state's own.
    """
    check_stars("target", target)
    one_a_day = Pace(per_day=1.0, rating=rating, weight=weight)
    idle = later(state, by_us)
    if idle.score >= target:
        return 0.0
    arrived = arrived_weight(one_a_day, by_us - state.at_us, state.half_life_us)
    if rating <= target or arrived == 0:
        return None
    needed = (idle.prior_weight + idle.b) * (target - idle.score) / (rating - target)
    return needed / arrived if needed <= MAX_PER_DAY * arrived else None


def worth_of_rerating(
    state: ScoreState, *, rating: float, present_weight: float, new_rating: float, fresh_weight: float = 1.0
) -> float:
    """Return by how much the score rises when a review that counts gets another rating now, in stars.

    A new rating is weighed by its own time, so the review is fresh again:
    `((r' - S) * w' - (r - S) * w) / (N + B - w + w')`. It may fall although the rating rises.

    Args:
        state: with the review in it.
        rating: the present one.
        present_weight: what is left of the review's weight; see `remaining`.
        new_rating: the other one.
        fresh_weight: what the profile gives the review while it is fresh.

    Raises:
        ValueError: a rating or a weight is out of its range.
    """
    check_stars("rating", rating)
    check_stars("new_rating", new_rating)
    check_weight("fresh_weight", fresh_weight)
    if not 0 <= present_weight <= fresh_weight:
        raise ValueError("present_weight must be from 0 to fresh_weight: a review only ever fades")
    score = state.score
    gained = (new_rating - score) * fresh_weight - (rating - score) * present_weight
    return gained / (state.prior_weight + state.b - present_weight + fresh_weight)


def _one_by_one(pace: Pace, arrived: int, half_life_us: int | None) -> tuple[float, float]:
    """Return what is left of older reviews when the n-th of a stream arrives, and what the n weigh then."""
    if half_life_us is None or not arrived:
        return 1.0, arrived * pace.weight
    faded = _LN_2 * DAY_US / half_life_us / pace.per_day
    return math.exp(-arrived * faded), pace.weight * expm1(-arrived * faded) / expm1(-faded)


def _reaches(state: ScoreState, target: float, added: Fraction, rating: float) -> bool:
    """Tell whether the score, with reviews of this weight and rating added, rounds to the target or is above it."""
    a, b, n, v = map(Fraction, (state.a, state.b, state.prior_weight, state.prior_value))
    return float((n * v + a + added * Fraction(rating)) / (n + b + added)) >= target
