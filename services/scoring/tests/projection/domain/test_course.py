"""The way of a score by itself and at a pace, and what it takes to reach a target: vectors, rules and algebra."""

import math
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from plaudit.scoring.profiles.domain import DAY_US
from plaudit.scoring.projection.domain.course import (
    MAX_HALF_LIFE_US,
    MAX_PER_DAY,
    HalfStar,
    Pace,
    Reached,
    ScoreState,
    crossing_us,
    fewest_at_pace,
    fewest_now,
    later,
    limit,
    next_half_star,
    pace_needed,
    remaining,
    score_at,
    worth_of_rerating,
)
from plaudit.scoring.scores.domain import half_stars

NOW = 20_000 * DAY_US
HOUR_US = DAY_US // 24
H180 = 180 * DAY_US
TEN_YEARS_US = 3650 * DAY_US
ONE_FIVE_STAR_A_DAY = Pace(per_day=1, rating=5)


def state_of(reviews, *, half_life_us=H180, at_us=NOW, prior_weight=7.0, prior_value=3.5):
    """The state made of `{rating: how many fresh ones}`."""
    return ScoreState(
        a=float(sum(rating * number for rating, number in reviews.items())),
        b=float(sum(reviews.values())),
        at_us=at_us,
        prior_weight=prior_weight,
        prior_value=prior_value,
        half_life_us=half_life_us,
    )


def days_after(state, at_us):
    return (at_us - state.at_us) / DAY_US


half_lives_us = st.sampled_from([HOUR_US, DAY_US, H180, TEN_YEARS_US]) | st.integers(HOUR_US, TEN_YEARS_US)
stars = st.floats(1, 5)
thresholds = st.sampled_from([k / 4 for k in range(4, 21)]) | stars
numbers = st.sampled_from([0.0, 1.0, 7.0, 1e7]) | st.floats(1e-6, 1e7)


@st.composite
def states(draw, half_lives_us=half_lives_us):
    b = draw(numbers)
    return ScoreState(
        a=draw(stars) * b,
        b=b,
        at_us=draw(st.integers(-NOW, 2 * NOW)),
        prior_weight=draw(st.sampled_from([0.5, 7.0, 100.0])),
        prior_value=draw(st.sampled_from([1.0, 3.3, 3.5, 5.0])),
        half_life_us=draw(half_lives_us),
    )


any_states = states() | states(st.none())
paces = st.builds(
    Pace,
    per_day=st.sampled_from([0.0, 1.0]) | st.floats(1e-3, 1e4),
    rating=stars,
    weight=st.sampled_from([1.0, 0.1, 3.0]),
)
ages_us = st.integers(0, 100 * 365 * DAY_US) | st.integers(0, DAY_US)


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


@pytest.mark.parametrize(("target", "fewest"), [(4.0, 4), (4.25, 7), (4.5, 14), (4.75, 35)])
def test_tp_7_the_fewest_five_stars_that_reach_a_score(target, fewest):
    assert fewest_now(state_of({}), target, rating=5) == fewest


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


# The way at a pace.


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


# The fewest.


def rounded_score(state, added, rating, weight):
    """The exact score with so many reviews added, rounded once."""
    n, v, a, b = map(Fraction, (state.prior_weight, state.prior_value, state.a, state.b))
    heavy = added * Fraction(weight)
    return float((n * v + a + heavy * Fraction(rating)) / (n + b + heavy))


@given(any_states, thresholds, st.sampled_from([1.0, 3.0, 4.0, 5.0]) | stars, st.sampled_from([1.0, 0.3, 2.5]))
@example(state_of({1: 10**7}), 4.999999, 5.0, 1.0)
@example(state_of({}), 4.999999999999999, 5.0, 1.0)
def test_the_fewest_reach_the_target_and_one_less_does_not(state, target, rating, weight):
    fewest = fewest_now(state, target, rating=rating, weight=weight)

    if fewest is None:
        assert rating <= target
        assert rounded_score(state, 10**6, rating, weight) < target
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


def test_the_past_is_not_projected():
    state = state_of({5: 1})
    for ask in (
        lambda: score_at(state, NOW - 1),
        lambda: fewest_at_pace(state, 4, ONE_FIVE_STAR_A_DAY, NOW - 1),
        lambda: pace_needed(state, 4, NOW - 1, rating=5),
    ):
        with pytest.raises(ValueError, match="starts at the state's own instant"):
            ask()


@pytest.mark.parametrize("off", [0.99, 5.01, math.nan])
def test_a_target_off_the_scale_is_refused(off):
    state = state_of({5: 1})
    for ask in (
        lambda: crossing_us(state, off),
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
