"""The way of a score at a pace of new reviews: what a fine sum says, and algebra."""

import math

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from plaudit.scoring.profiles.domain import DAY_US
from plaudit.scoring.projection.domain.course import (
    MAX_PER_DAY,
    Pace,
    crossing_us,
    later,
    limit,
    score_at,
)
from plaudit_testing.projected import (
    H180,
    HOUR_US,
    NOW,
    ONE_FIVE_STAR_A_DAY,
    TEN_YEARS_US,
    ages_us,
    any_states,
    paces,
    state_of,
    states,
    thresholds,
)


def summed(state, pace, age_us, steps):
    """The score after a time by the definition: a stream cut into steps, each of them a review of its middle."""
    a, b = state.a, state.b
    weight = pace.per_day * pace.weight * age_us / DAY_US / steps
    fade = 0.5 ** (age_us / state.half_life_us) if state.half_life_us else 1.0
    half_step = 0.5 ** (age_us / state.half_life_us / steps / 2) if state.half_life_us else 1.0
    arrived = math.fsum(weight * half_step ** (2 * k + 1) for k in range(steps))
    a, b = a * fade + pace.rating * arrived, b * fade + arrived
    return (state.prior_weight * state.prior_value + a) / (state.prior_weight + b)


@given(any_states, paces, st.floats(0.001, 4))
def test_the_score_at_a_pace_is_what_a_fine_sum_says(state, pace, half_lives):
    age_us = round(half_lives * (state.half_life_us or H180))
    steps = 400

    # The middle rule is wrong by the square of a step's fading, over 24, of what arrived.
    error = (math.log(2) * half_lives / steps) ** 2 / 24
    expected = summed(state, pace, age_us, steps)
    assert score_at(state, state.at_us + age_us, pace) == pytest.approx(expected, abs=4 * error + 1e-9)


@given(any_states, paces, thresholds)
@example(state_of({1: 10**7}, half_life_us=TEN_YEARS_US), Pace(per_day=1e4, rating=5), 4.0)
@example(state_of({1: 10**7}, half_life_us=HOUR_US), Pace(per_day=1e4, rating=5), 4.0)
@example(state_of({1: 10**7}, half_life_us=None), Pace(per_day=1, rating=5), 4.0)
def test_the_crossing_time_at_a_pace_put_back_gives_the_threshold(state, pace, threshold):
    crossed_us = crossing_us(state, threshold, pace)

    now, last = state.score, limit(state, pace)
    assert (crossed_us is not None) == (min(now, last) < threshold < max(now, last))
    if crossed_us is not None:
        score = score_at(state, crossed_us, pace)
        # A quick stream moves a score by more than that in the microsecond that the instant is rounded to.
        in_one_us = abs(score - score_at(state, max(crossed_us - 1, state.at_us), pace))
        assert score == pytest.approx(threshold, abs=1e-9 + in_one_us)


@given(any_states, paces, ages_us, ages_us)
def test_the_way_may_be_walked_in_two_parts(state, pace, one_us, other_us):
    at_once = later(state, state.at_us + one_us + other_us, pace)

    in_two = later(later(state, state.at_us + one_us, pace), at_once.at_us, pace)

    assert (in_two.a, in_two.b) == pytest.approx((at_once.a, at_once.b), rel=1e-11)
    assert in_two.score == pytest.approx(at_once.score, abs=1e-11)


@given(states(), paces)
def test_a_stream_that_lasts_ends_at_the_mean_of_the_prior_and_what_it_keeps(state, pace):
    kept = pace.per_day * pace.weight * state.half_life_us / DAY_US / math.log(2)
    n, v = state.prior_weight, state.prior_value

    assert limit(state, pace) == pytest.approx((n * v + kept * pace.rating) / (n + kept), abs=1e-12)
    far_us = state.at_us + 3000 * state.half_life_us
    assert score_at(state, far_us, pace) == pytest.approx(limit(state, pace), abs=1e-12)


@pytest.mark.parametrize(("pace", "threshold", "late_us"), [(5, 4.25, 0), (1, 2.25, 1)], ids=["rising", "falling"])
def test_a_rising_score_has_crossed_on_the_threshold_and_a_falling_one_below_it(pace, threshold, late_us):
    state = state_of({}, half_life_us=None)
    days = 7  # the prior weighs seven, so that seven reviews bring the score halfway to their rating

    crossed_us = crossing_us(state, threshold, Pace(per_day=1, rating=pace))

    assert score_at(state, NOW + days * DAY_US, Pace(per_day=1, rating=pace)) == threshold
    assert crossed_us == NOW + days * DAY_US + late_us


@given(any_states)
def test_a_pace_of_nothing_is_no_pace(state):
    at_us = state.at_us + 40 * DAY_US

    assert score_at(state, at_us, Pace(per_day=0, rating=5)) == score_at(state, at_us)


def test_a_stream_whose_reviews_do_not_fade_ends_at_its_own_rating():
    assert limit(state_of({1: 10}, half_life_us=None), ONE_FIVE_STAR_A_DAY) == 5


@given(any_states, paces, paces, ages_us)
def test_more_reviews_above_the_score_never_lower_it(state, pace, other, age_us):
    assume(pace.rating >= max(state.score, state.prior_value))
    slower, faster = sorted([pace.per_day, other.per_day])
    at_us = state.at_us + age_us

    by_slower, by_faster = (
        score_at(state, at_us, Pace(per_day=per_day, rating=pace.rating)) for per_day in (slower, faster)
    )

    assert by_slower <= by_faster + 1e-11


@pytest.mark.parametrize(
    ("figures", "message"),
    [
        ({"per_day": -1}, "per_day must be from 0"),
        ({"per_day": math.nan}, "per_day must be from 0"),
        ({"per_day": MAX_PER_DAY * 2}, "per_day must be from 0"),
        ({"rating": 0}, "rating 0 is off the scale"),
        ({"weight": 0}, "weight must be above 0"),
    ],
)
def test_a_pace_out_of_range_is_refused(figures, message):
    with pytest.raises(ValueError, match=message):
        Pace(**{"per_day": 1.0, "rating": 5.0} | figures)
