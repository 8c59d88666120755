import math
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plaudit.scoring.domain.decay import (
    NO_SUMS,
    State,
    Sums,
    add,
    contribution,
    landmark_index,
    landmark_us,
    merge,
    relandmark,
)
from plaudit.scoring.domain.profile import DAY_US, TRUST, Profile

H = TRUST.half_life_us
YEAR_US = 365 * DAY_US
HOURLY = Profile(name="hourly", half_life_days=1 / 24, prior_weight=7, prior_value=3.5, kinds=frozenset({"stars"}))

times = st.integers(-200 * YEAR_US, 200 * YEAR_US)
ratings = st.floats(1, 5)
weights = st.floats(0.01, 100)


@st.composite
def rows(draw):
    k = draw(st.integers(-3, 3))
    value = st.floats(-(2.0**64), 2.0**64)
    count = st.integers(-1000, 1000)
    return k, Sums._make([draw(value) for _ in range(7)] + [draw(count) for _ in range(5)])


def assert_same_sums(one, other):
    assert one[7:] == other[7:]
    for left, right in zip(one[:7], other[:7], strict=True):
        assert left == pytest.approx(right, rel=1e-12, abs=2.0**128 * 1e-12)


@given(times)
def test_a_review_belongs_to_the_last_landmark_before_it(rated_at_us):
    k, _ = contribution(4, rated_at_us, 1.0, TRUST)

    assert k == landmark_index(rated_at_us, TRUST)
    assert 0 <= rated_at_us - landmark_us(k, TRUST) < 64 * H


def test_landmarks_are_counted_from_the_unix_epoch_in_both_directions():
    assert [landmark_index(at, TRUST) for at in (-64 * H - 1, -64 * H, -1, 0, 64 * H - 1, 64 * H)] == [
        -2,
        -1,
        -1,
        0,
        0,
        1,
    ]


@given(times, ratings, weights)
def test_a_contribution_is_the_decayed_weight_to_a_few_ulp(rated_at_us, rating, weight):
    k, sums = contribution(rating, rated_at_us, weight, TRUST)

    age = Fraction(rated_at_us, H) - 64 * k
    whole = math.floor(age)
    exact = weight * math.exp(math.log(2) * float(age - whole)) * 2**whole
    assert sums.b == pytest.approx(exact, rel=4e-15)
    assert sums.a == pytest.approx(rating * exact, rel=4e-15)
    assert sums.b2 == pytest.approx(exact * exact, rel=8e-15)
    assert sums.n == 1


@pytest.mark.parametrize("half_lives", [-130, -64, -1, 0, 1, 63, 64, 200])
def test_whole_half_lives_are_exact_powers_of_two(half_lives):
    k, sums = contribution(5, half_lives * H, 1.0, TRUST)

    assert (sums.b, sums.a, sums.b2) == (2.0 ** (half_lives - 64 * k), 5 * sums.b, sums.b**2)


@pytest.mark.parametrize(
    ("rating", "star"),
    [(1, 1), (1.49, 1), (1.5, 2), (2.4999999999999996, 2), (2.5, 3), (3.5, 4), (4.49, 4), (4.5, 5), (5, 5)],
)
def test_a_rating_is_counted_at_its_nearest_star_halves_up(rating, star):
    _, sums = contribution(rating, 0, 2.0, TRUST)

    assert sums[7:] == tuple(int(each == star) for each in range(1, 6))
    assert sums[2:7] == tuple(2.0 * (each == star) for each in range(1, 6))


@pytest.mark.parametrize("rating", [0.999, 5.001, 0, -1, math.nan, math.inf])
def test_a_rating_off_the_scale_is_refused(rating):
    with pytest.raises(ValueError, match="off the scale; send a number from 1 to 5"):
        contribution(rating, 0, 1.0, TRUST)


@pytest.mark.parametrize("weight", [0.0, -1.0, math.nan, math.inf])
def test_an_unusable_weight_is_refused(weight):
    with pytest.raises(ValueError, match="weight"):
        contribution(5, 0, weight, TRUST)


@given(st.lists(rows(), max_size=6).flatmap(lambda given: st.tuples(st.just(given), st.permutations(given))))
def test_merging_does_not_depend_on_the_order_in_any_bit(both):
    one, other = both

    assert merge(one) == merge(other)


@given(rows(), rows(), rows())
def test_merging_may_be_done_in_any_grouping(first, second, third):
    left = merge([merge([first, second]), third])
    right = merge([first, merge([second, third])])

    assert left.k == right.k == max(first[0], second[0], third[0])
    assert_same_sums(left.sums, right.sums)
    assert_same_sums(left.sums, merge([first, second, third]).sums)


@given(rows())
def test_nothing_is_the_identity_of_merging(row):
    assert merge([]) == State(0, NO_SUMS)
    assert merge([row, (row[0], NO_SUMS)]) == State(*row)
    assert add([]) == NO_SUMS


def test_rows_of_several_landmarks_merge_by_exact_powers_of_two():
    early = Sums(10.0, 4.0, 0.0, 0.0, 0.0, 0.0, 2.0, 0, 0, 0, 0, 1)
    late = Sums(3.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0, 2, 0, 0, 0, 0)

    merged = merge([(0, early), (1, late)])

    assert merged == State(
        1, Sums(3.0 + 10 * 2.0**-64, 1.0 + 4 * 2.0**-128, 1.0, 0.0, 0.0, 0.0, 2 * 2.0**-64, 2, 0, 0, 0, 1)
    )


def test_a_review_of_1970_underflows_and_is_still_counted():
    now_us = 56 * YEAR_US
    merged = merge(contribution(rating, at, 1.0, HOURLY) for rating, at in [(1, 0), (5, now_us)])

    assert merged.sums.w1 == 0.0
    assert (merged.sums.n1, merged.sums.n5, merged.sums.n) == (1, 1, 2)


@given(st.integers(-50 * YEAR_US, 50 * YEAR_US), st.integers(-50 * YEAR_US, 50 * YEAR_US), ratings)
def test_moving_the_landmark_away_and_back_changes_nothing_that_shows(rated_at_us, elsewhere_us, rating):
    k, sums = contribution(rating, rated_at_us, 1.0, TRUST)
    home_us = landmark_us(k, TRUST)

    back = relandmark(relandmark(sums, home_us, elsewhere_us, TRUST), elsewhere_us, home_us, TRUST)

    assert back[7:] == sums[7:]
    assert back[:7] == pytest.approx(sums[:7], rel=1e-14)


@given(times, st.integers(-5, 5))
def test_moving_the_landmark_by_whole_half_lives_is_exact(rated_at_us, half_lives):
    k, sums = contribution(3, rated_at_us, 1.0, TRUST)
    home_us = landmark_us(k, TRUST)

    moved = relandmark(sums, home_us, home_us + half_lives * H, TRUST)

    assert moved.w3 == sums.w3 * 2.0**-half_lives
    assert moved.b2 == sums.b2 * 4.0**-half_lives


@given(st.integers(0, H))
def test_a_landmark_too_early_to_hold_the_sums_is_an_error_not_an_infinity(beyond_us):
    largest = Sums(2.0**512, 2.0**1023, 0.0, 0.0, 0.0, 0.0, 2.0**511, 0, 0, 0, 0, 1)

    with pytest.raises(OverflowError):
        relandmark(largest, 0, -H - beyond_us, TRUST)
