"""The way of a score without new reviews: vectors, rules and algebra."""

import math
from itertools import pairwise

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from plaudit.scoring.profiles.domain import DAY_US
from plaudit.scoring.projection.domain.course import (
    MAX_HALF_LIFE_US,
    HalfStar,
    Pace,
    ScoreState,
    crossing_us,
    falls_below_us,
    later,
    limit,
    next_half_star,
    remaining,
    score_at,
)
from plaudit.scoring.scores.domain import half_stars
from plaudit_testing.projected import (
    H180,
    HOUR_US,
    NOW,
    TEN_YEARS_US,
    ages_us,
    any_states,
    paces,
    state_of,
    states,
    thresholds,
)

# Vectors.

FRESH = {
    "TP-1": ({}, 3.5),
    "TP-2": ({5: 1}, 3.6875),
    "TP-3": ({1: 1}, 3.1875),
    "TP-4/2": ({5: 2}, 3.833333),
    "TP-4/3": ({5: 3}, 3.95),
    "TP-4/10": ({5: 10}, 4.382353),
    "TP-4/21": ({5: 21}, 4.625),
    "TP-4/100": ({5: 100}, 4.901869),
    "TP-5": ({1: 10}, 2.029412),
    "TP-6": ({5: 1, 4: 1, 3: 1, 2: 1, 1: 1}, 3.291667),
    "TP-8": ({5: 223, 4: 19, 3: 7, 2: 7, 1: 14}, 4.564982),
}


@pytest.mark.parametrize(("reviews", "expected"), FRESH.values(), ids=FRESH)
def test_the_score_now_is_the_mean_of_reviews_and_prior(reviews, expected):
    state = state_of(reviews)

    assert score_at(state, NOW) == state.score == pytest.approx(expected, abs=5.1e-7)


def test_tp_9_the_score_falls_on_a_new_five_star_review():
    state = state_of({5: 50})
    assert score_at(state, NOW + H180) == pytest.approx(4.671875, abs=1e-12)

    idle = later(state, NOW + 2 * H180)
    with_one = state_of({5: 1}, at_us=idle.at_us)
    both = ScoreState(
        a=idle.a + with_one.a,
        b=idle.b + with_one.b,
        at_us=idle.at_us,
        prior_weight=7,
        prior_value=3.5,
        half_life_us=H180,
    )
    assert both.score == pytest.approx(4.487805, abs=5.1e-7)


@pytest.mark.parametrize(
    ("half_life_us", "expected"),
    [(H180, 4.246269), (2 * H180, 4.424243), (None, 4.568376)],
    ids=["H=6 months", "H=12 months", "no decay"],
)
def test_tp_10_the_half_life_decides_how_fast_a_good_past_fades(half_life_us, expected):
    good_past = later(state_of({5: 100}, half_life_us=half_life_us), NOW + H180)
    and_bad_now = ScoreState(
        a=good_past.a + 10,
        b=good_past.b + 10,
        at_us=good_past.at_us,
        prior_weight=7,
        prior_value=3.5,
        half_life_us=half_life_us,
    )

    assert and_bad_now.score == pytest.approx(expected, abs=5.1e-7)


@pytest.mark.parametrize(
    ("months", "expected"),
    [(0, 1), (1, 0.890899), (3, 0.707107), (6, 0.5), (12, 0.25), (24, 0.0625), (36, 0.015625)],
)
def test_d_1_a_review_weighs_half_as_much_every_half_life(months, expected):
    assert remaining(months * H180 // 6, H180) == pytest.approx(expected, abs=5.1e-7)


E_1 = [(270, 3.618598868291), (360, 3.591000751324), (540, 3.550711145935), (720, 3.526895637020)]


@pytest.mark.parametrize(("day", "expected"), [*E_1, (1080, 3.507044829492)])
def test_e_1_a_score_read_at_any_later_time(day, expected):
    reviews = [(0, 5), (90, 1), (180, 4), (270, 5)]
    weights = [(rating, 0.5 ** ((270 - on) / 180)) for on, rating in reviews]
    on_day_270 = ScoreState(
        a=math.fsum(rating * weight for rating, weight in weights),
        b=math.fsum(weight for _, weight in weights),
        at_us=270 * DAY_US,
        prior_weight=7,
        prior_value=3.5,
        half_life_us=H180,
    )

    assert score_at(on_day_270, day * DAY_US) == pytest.approx(expected, abs=1e-12)


X_1 = [(4.75, 272.6232, 4.5), (4.25, 690.5702, 4.0), (3.75, 1108.5173, 3.5)]


@pytest.mark.parametrize(("threshold", "day", "stars"), X_1)
def test_x_1_a_hundred_five_stars_fade_through_the_half_stars(threshold, day, stars):
    crossed_us = crossing_us(state_of({5: 100}), threshold)

    assert crossed_us is not None
    assert (crossed_us - NOW) / DAY_US == pytest.approx(day, abs=5.1e-5)


def test_x_1_each_next_half_star_follows_from_the_one_before():
    state, found = state_of({5: 100}), []
    while (change := next_half_star(state)) is not None:
        found.append((change.threshold, round((change.at_us - NOW) / DAY_US, 4), change.stars))
        state = later(state, change.at_us)

    assert found == X_1


# The way without new reviews.


@given(states(), thresholds)
@example(state_of({5: 10**7}, half_life_us=HOUR_US), 3.6)
@example(state_of({5: 10**7}, half_life_us=TEN_YEARS_US), 4.999)
def test_the_crossing_time_put_back_gives_the_threshold(state, threshold):
    crossed_us = crossing_us(state, threshold)

    is_between = min(state.score, state.prior_value) < threshold < max(state.score, state.prior_value)
    assert (crossed_us is not None) == is_between
    if crossed_us is not None:
        assert crossed_us >= state.at_us
        assert score_at(state, crossed_us) == pytest.approx(threshold, abs=1e-9)


@given(states(), st.floats(0.001, 0.999))
def test_the_crossing_is_the_published_formula(state, way):
    threshold = state.score + way * (state.prior_value - state.score)
    assume(abs(threshold - state.prior_value) > 1e-4)  # nearer, the two round apart

    crossed_us = crossing_us(state, threshold)

    quotient = (state.a - threshold * state.b) / (state.prior_weight * (threshold - state.prior_value))
    expected_us = state.half_life_us / math.log(2) * math.log(quotient)
    assert crossed_us - state.at_us == pytest.approx(expected_us, rel=1e-9, abs=state.half_life_us * 1e-9)


@given(any_states, paces, st.floats(0.001, 0.999))
def test_at_the_crossing_the_threshold_has_been_passed_and_not_long_before(state, pace, way):
    last = limit(state, pace)
    threshold = state.score + way * (last - state.score)
    assume(abs(threshold - last) > 1e-9)

    crossed_us = crossing_us(state, threshold, pace)

    before, after = state.score, score_at(state, crossed_us, pace)
    assert (before > threshold > after) or (before < threshold <= after)
    shortly_before = score_at(state, state.at_us + (crossed_us - state.at_us) * 999 // 1000, pace)
    assert min(before, threshold) - 1e-9 <= shortly_before <= max(before, threshold) + 1e-9


@given(any_states, paces, st.lists(ages_us, min_size=2, max_size=5))
def test_a_score_moves_in_one_direction_only_and_never_past_its_limit(state, pace, ages):
    last = limit(state, pace)
    distances = [score_at(state, state.at_us + age, pace) - last for age in (0, *sorted(ages))]

    for sooner, later_on in pairwise(distances):
        assert abs(later_on) <= abs(sooner) + 1e-11
        assert sooner * later_on >= -1e-22


@pytest.mark.parametrize("bits", range(20, 40))
def test_a_crossing_close_to_the_limit_is_known_as_precisely_as_a_score_can_tell(bits):
    state = state_of({5: 100}, prior_weight=1.0, prior_value=3.0)

    crossed_us = crossing_us(state, 3 + 2.0**-bits)

    # A - T*B is all but 200, and N * (T - V) a power of two. Near 3 a score moves in steps of 2^-51.
    expected = math.log2(200 - 100 * 2.0**-bits) + bits
    assert crossed_us is not None
    assert (crossed_us - NOW) / H180 == pytest.approx(expected, abs=2.0 ** (bits - 50) + 1e-12)


@given(states())
def test_a_score_left_alone_ends_exactly_at_the_prior(state):
    assert score_at(state, state.at_us + 3000 * state.half_life_us) == limit(state) == state.prior_value


@given(states(st.none()), thresholds, ages_us)
def test_a_score_whose_reviews_do_not_fade_stays_where_it_is(state, threshold, age_us):
    assert score_at(state, state.at_us + age_us) == limit(state) == state.score
    assert crossing_us(state, threshold) is None
    assert next_half_star(state) is None


@pytest.mark.parametrize("threshold", [4.9018691588785, 4.95, 3.5, 3.4, 1.0])
def test_a_threshold_that_is_not_between_the_score_and_the_prior_is_never_crossed(threshold):
    state = state_of({5: 100})

    assert state.score < 4.9018691588786
    assert crossing_us(state, max(threshold, state.score) if threshold > 4.5 else threshold) is None


# Falling below.


@given(any_states, paces | st.just(Pace(per_day=0, rating=1)), thresholds)
def test_a_score_falls_below_what_it_has_reached_at_the_first_instant_at_which_it_is_below(state, pace, threshold):
    fell_us = falls_below_us(state, threshold, pace)

    last = limit(state, pace)
    if not last < threshold <= state.score:
        assert fell_us is None
        return
    assume(threshold - last > 1e-9)
    assert fell_us is not None
    assert score_at(state, fell_us, pace) < threshold
    assert crossing_us(state, threshold, pace) in {fell_us, None}


def test_a_score_that_stands_on_a_threshold_falls_below_it_right_after():
    state = state_of({5: 7})
    fell_us = falls_below_us(state, 4.25)

    assert state.score == 4.25
    assert fell_us is not None
    assert 0 < fell_us - NOW < 1000
    assert falls_below_us(state, 4.26) is None
    assert falls_below_us(state, 3.5) is None


# Half stars.


@given(any_states, paces | st.just(Pace(per_day=0, rating=1)))
def test_the_stars_that_are_shown_change_at_the_next_half_star_and_not_before(state, pace):
    change = next_half_star(state, pace)

    shown = half_stars(state.score)
    if change is None:
        last = limit(state, pace)
        assert shown - 0.25 <= last <= shown + 0.25
        return
    assume(abs(change.threshold - limit(state, pace)) > 1e-9)
    assert abs(change.stars - shown) == 0.5
    assert abs(change.threshold - (change.stars + shown) / 2) == 0
    assert half_stars(score_at(state, change.at_us, pace)) == change.stars
    assert crossing_us(state, change.threshold, pace) in {change.at_us, None}


def test_a_falling_score_on_a_threshold_shows_the_upper_half_star_and_loses_it_right_after():
    state = state_of({5: 7})
    assert (state.score, half_stars(state.score)) == (4.25, 4.5)

    change = next_half_star(state)

    assert change is not None
    assert (change.threshold, change.stars) == (4.25, 4.0)
    assert 0 < change.at_us - NOW < 1000
    assert half_stars(score_at(state, change.at_us)) == 4.0


def test_a_rising_score_on_a_threshold_shows_the_upper_half_star_and_heads_for_the_one_above():
    state = state_of({1: 1}, prior_weight=1.0, prior_value=3.5)
    assert (state.score, half_stars(state.score)) == (2.25, 2.5)

    change = next_half_star(state)

    assert change == HalfStar(crossing_us(state, 2.75), 2.75, 3.0)


@pytest.mark.parametrize("reviews", [{5: 1}, {1: 1}], ids=["falling", "rising"])
def test_a_prior_on_a_threshold_is_neared_and_never_passed(reviews):
    assert next_half_star(state_of(reviews, prior_value=3.25)) is None


def test_a_score_without_reviews_shows_the_same_stars_for_ever():
    assert next_half_star(state_of({})) is None


# Bad input.


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("a", math.nan, "sums of a score must be finite"),
        ("b", math.inf, "sums of a score must be finite"),
        ("b", -7.0, "prior_weight must be finite and above 0"),
        ("prior_weight", 0.0, "prior_weight must be finite and above 0"),
        ("prior_value", 0.5, "prior_value 0.5 is off the scale; send a number from 1 to 5"),
        ("half_life_us", 0, "half_life_us must be from 1"),
        ("half_life_us", MAX_HALF_LIFE_US + 1, "half_life_us must be from 1"),
    ],
)
def test_a_state_out_of_range_is_refused(field, value, message):
    figures = {"a": 5.0, "b": 1.0, "at_us": 0, "prior_weight": 7.0, "prior_value": 3.5, "half_life_us": H180}

    with pytest.raises(ValueError, match=message):
        ScoreState(**figures | {field: value})


def test_the_past_is_not_projected():
    with pytest.raises(ValueError, match="starts at the state's own instant"):
        score_at(state_of({5: 1}), NOW - 1)


@pytest.mark.parametrize("off", [0.99, 5.01, math.nan])
def test_a_threshold_off_the_scale_is_refused(off):
    with pytest.raises(ValueError, match="is off the scale"):
        crossing_us(state_of({5: 1}), off)
