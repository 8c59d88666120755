"""What it takes to reach a target, and what another rating is worth: vectors, rules and algebra."""

import math
from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from plaudit.scoring.profiles.domain import DAY_US
from plaudit.scoring.projection.domain.course import MAX_PER_DAY, Pace, ScoreState, crossing_us, later, score_at
from plaudit.scoring.projection.domain.target import (
    Reached,
    fewest_at_pace,
    fewest_now,
    pace_needed,
    worth_of_rerating,
)
from plaudit_testing.projected import (
    H180,
    NOW,
    ONE_FIVE_STAR_A_DAY,
    ages_us,
    any_states,
    days_after,
    paces,
    stars,
    state_of,
    states,
    thresholds,
)


@pytest.mark.parametrize(("target", "fewest"), [(4.0, 4), (4.25, 7), (4.5, 14), (4.75, 35)])
def test_tp_7_the_fewest_five_stars_that_reach_a_score(target, fewest):
    assert fewest_now(state_of({}), target, rating=5) == fewest


# The fewest.


def rounded_score(state, added, rating, weight):
    """The exact score with so many reviews added, rounded once."""
    return float(exact_score(state, added, rating, weight))


def exact_score(state, added, rating, weight):
    n, v, a, b = map(Fraction, (state.prior_weight, state.prior_value, state.a, state.b))
    heavy = added * Fraction(weight)
    return (n * v + a + heavy * Fraction(rating)) / (n + b + heavy)


@given(any_states, thresholds, st.sampled_from([1.0, 3.0, 4.0, 5.0]) | stars, st.sampled_from([1.0, 0.3, 2.5]))
@example(state_of({1: 10**7}), 4.999999, 5.0, 1.0)
@example(state_of({}), 4.999999999999999, 5.0, 1.0)
@example(replace(state_of({}), prior_weight=0.5, prior_value=1.0), 1 + 2**-52, 1 + 2**-52, 1.0)
def test_the_fewest_reach_the_target_and_one_less_does_not(state, target, rating, weight):
    fewest = fewest_now(state, target, rating=rating, weight=weight)

    if fewest is None:
        assert rating <= target
        assert exact_score(state, 10**6, rating, weight) < Fraction(target)
        return
    assert rounded_score(state, fewest, rating, weight) >= target
    assert fewest == 0 or rounded_score(state, fewest - 1, rating, weight) < target


def test_a_target_that_has_no_exact_binary_form_is_reached_by_what_rounds_to_it():
    assert Fraction(39.5) / 10 < Fraction(3.95)

    assert fewest_now(state_of({}), 3.95, rating=5) == 3


@pytest.mark.parametrize(
    ("target", "rating", "fewest"),
    [(3.5, 1, 0), (3.4, 1, 0), (3.75, 3, None), (4.0, 4, None), (5.0, 5, None), (3.75, 4, 7)],
)
def test_what_is_reached_takes_nothing_and_what_is_not_below_the_rating_is_never_reached(target, rating, fewest):
    assert fewest_now(state_of({}), target, rating=rating) == fewest


@given(any_states, thresholds, paces, ages_us)
@example(state_of({5: 10}), 4.0, Pace(per_day=1, rating=1), 9 * DAY_US)  # reached now, and soon no more
def test_the_fewest_at_a_pace_reach_the_target_and_one_less_does_not(state, target, pace, age_us):
    by_us = state.at_us + age_us
    found = fewest_at_pace(state, target, pace, by_us)

    def read(reviews):
        """The score as the last of them arrives."""
        age = reviews / pace.per_day if pace.per_day else 0.0
        half_life_days = state.half_life_us / DAY_US if state.half_life_us else math.inf
        fade = 2 ** -(1 / pace.per_day / half_life_days) if pace.per_day else 1.0
        weight = pace.weight * math.fsum(fade**k for k in range(reviews))
        left = 2 ** -(age / half_life_days)
        a, b = state.a * left + pace.rating * weight, state.b * left + weight
        return (state.prior_weight * state.prior_value + a) / (state.prior_weight + b)

    if found is None:
        most = min(int(pace.per_day * age_us / DAY_US), 500)
        assert read(most) < target + 1e-9
        return
    assert found.at_us <= by_us
    assume(found.reviews <= 2000)
    assert read(found.reviews) >= target - 1e-9
    assert found.reviews == 0 or read(found.reviews - 1) < target + 1e-9


@given(states(st.none()), thresholds, st.floats(0.01, 1e4))
def test_at_any_pace_it_takes_as_many_as_now_where_reviews_do_not_fade(state, target, per_day):
    now = fewest_now(state, target, rating=5)
    assume(now is None or now <= 10**9)

    by_us = state.at_us + math.ceil((1 if now is None else now + 1) * DAY_US / per_day)
    found = fewest_at_pace(state, target, Pace(per_day=per_day, rating=5), by_us)

    assert (None if found is None else found.reviews) == now


def test_at_a_slow_pace_it_takes_more_since_the_first_ones_fade():
    state = state_of({})

    by_pace = [fewest_at_pace(state, 4.5, Pace(per_day=p, rating=5), NOW + 365 * DAY_US) for p in (1000, 1, 0.1, 0.05)]

    # Fourteen are enough only if none of them fades at all. By hand: 0.1 a day gives q = 2^-(10/180), and
    # (1 - q^n) / (1 - q) = 14 is passed with the 20th.
    assert by_pace == [
        Reached(15, NOW + 15 * DAY_US // 1000),
        Reached(15, NOW + 15 * DAY_US),
        Reached(20, NOW + 200 * DAY_US),
        None,
    ]


def test_the_review_of_the_last_instant_counts():
    state, pace = state_of({}, half_life_us=None), ONE_FIVE_STAR_A_DAY

    assert fewest_at_pace(state, 4.5, pace, NOW + 14 * DAY_US) == Reached(14, NOW + 14 * DAY_US)
    assert fewest_at_pace(state, 4.5, pace, NOW + 14 * DAY_US - 1) is None


def test_one_by_one_is_within_a_review_of_the_steady_stream():
    state, pace = state_of({1: 30}), Pace(per_day=2, rating=5)

    found, crossed_us = fewest_at_pace(state, 4.25, pace, NOW + 365 * DAY_US), crossing_us(state, 4.25, pace)

    assert found is not None
    assert crossed_us is not None
    assert found.reviews == pytest.approx(2 * days_after(state, crossed_us), abs=1)


# The pace needed.


@given(any_states, thresholds, stars, ages_us.filter(bool))
def test_the_pace_needed_put_back_gives_the_target_on_that_date(state, target, rating, age_us):
    by_us = state.at_us + age_us
    per_day = pace_needed(state, target, by_us, rating=rating)

    idle = score_at(state, by_us)
    if per_day is None:
        fastest = Pace(per_day=MAX_PER_DAY, rating=rating)
        assert score_at(state, by_us, fastest) < target + 1e-9
    elif per_day == 0:
        assert idle >= target
    else:
        assert idle < target
        needed = Pace(per_day=per_day, rating=rating)
        assert score_at(state, by_us, needed) == pytest.approx(target, abs=1e-9)


def test_the_pace_needed_where_nothing_fades_is_what_is_missing_over_the_days():
    state = state_of({}, half_life_us=None)

    assert pace_needed(state, 4.5, NOW + 28 * DAY_US, rating=5) == pytest.approx(0.5)


def test_no_pace_reaches_a_target_above_the_score_at_once_or_with_lower_ratings():
    state = state_of({})

    assert pace_needed(state, 4.0, NOW, rating=5) is None
    assert pace_needed(state, 4.0, NOW + DAY_US, rating=4) is None
    assert pace_needed(state, 3.5, NOW, rating=1) == 0


# Another rating.


@given(any_states, stars, st.floats(0, 1), stars, st.sampled_from([1.0, 0.1, 3.0]))
def test_another_rating_is_worth_the_difference_of_the_two_scores(others, rating, left, new_rating, weight):
    present = left * weight
    given_with = {
        "at_us": others.at_us,
        "prior_weight": others.prior_weight,
        "prior_value": others.prior_value,
        "half_life_us": others.half_life_us,
    }
    before = ScoreState(a=others.a + rating * present, b=others.b + present, **given_with)
    after = ScoreState(a=others.a + new_rating * weight, b=others.b + weight, **given_with)

    worth = worth_of_rerating(before, rating=rating, present_weight=present, new_rating=new_rating, fresh_weight=weight)

    assert worth == pytest.approx(after.score - before.score, abs=1e-9)


def test_a_fresh_one_star_turned_into_five():
    worth = worth_of_rerating(state_of({1: 1}), rating=1, present_weight=1, new_rating=5)

    assert worth == pytest.approx(3.6875 - 3.1875)


def test_the_same_rating_again_is_worth_something_since_the_review_is_fresh():
    old = later(state_of({5: 1}), NOW + H180)

    assert worth_of_rerating(old, rating=5, present_weight=0.5, new_rating=5) == pytest.approx(3.6875 - 3.6)


def test_a_better_rating_may_lower_the_score_where_the_old_one_has_faded():
    old = later(state_of({1: 1, 5: 100}), NOW + 10 * H180)

    assert worth_of_rerating(old, rating=1, present_weight=2**-10, new_rating=2) < 0


# Bad input.


def test_a_target_in_the_past_is_refused():
    state = state_of({5: 1})
    for ask in (
        lambda: fewest_at_pace(state, 4, ONE_FIVE_STAR_A_DAY, NOW - 1),
        lambda: pace_needed(state, 4, NOW - 1, rating=5),
    ):
        with pytest.raises(ValueError, match="starts at the state's own instant"):
            ask()


@pytest.mark.parametrize("off", [0.99, 5.01, math.nan])
def test_a_target_off_the_scale_is_refused(off):
    state = state_of({5: 1})
    for ask in (
        lambda: fewest_now(state, off, rating=5),
        lambda: fewest_now(state, 4, rating=off),
        lambda: fewest_at_pace(state, off, ONE_FIVE_STAR_A_DAY, NOW),
        lambda: pace_needed(state, off, NOW, rating=5),
        lambda: worth_of_rerating(state, rating=5, present_weight=1, new_rating=off),
    ):
        with pytest.raises(ValueError, match="is off the scale"):
            ask()


def test_a_review_that_weighs_more_than_when_it_was_fresh_is_refused():
    with pytest.raises(ValueError, match="a review only ever fades"):
        worth_of_rerating(state_of({5: 2}), rating=5, present_weight=1.1, new_rating=1)
