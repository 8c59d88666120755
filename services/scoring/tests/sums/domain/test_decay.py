import math
from datetime import UTC, datetime, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plaudit.scoring.profiles.domain import DAY_US, TRUST, Profile
from plaudit.scoring.sums.domain.decay import NO_SUMS, MergedSums, Sums, landmark_us, merge, term, unix_us
from plaudit_testing.scored import row_of

H = TRUST.half_life_us
YEAR_US = 365 * DAY_US
HOURLY = Profile(name="hourly", half_life_days=1 / 24, prior_weight=7, prior_value=3.5, kinds=frozenset({"stars"}))

times = st.integers(-200 * YEAR_US, 200 * YEAR_US)
ratings = st.floats(1, 5)


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
    landmark, *_ = term(4, rated_at_us, H)

    assert 0 <= rated_at_us - landmark_us(landmark, H) < 64 * H


def test_landmarks_are_counted_from_the_unix_epoch_in_both_directions():
    ages = (-64 * H - 1, -64 * H, -1, 0, 64 * H - 1, 64 * H)

    assert [term(4, at_us, H)[0] for at_us in ages] == [-2, -1, -1, 0, 0, 1]


@given(times, ratings)
def test_a_term_is_the_decayed_weight_to_a_few_ulp(rated_at_us, rating):
    landmark, _, a, b2, w = term(rating, rated_at_us, H)

    age = Fraction(rated_at_us, H) - 64 * landmark
    whole = math.floor(age)
    exact = math.exp(math.log(2) * float(age - whole)) * 2**whole
    assert w == pytest.approx(exact, rel=4e-15)
    assert a == pytest.approx(rating * exact, rel=4e-15)
    assert b2 == pytest.approx(exact * exact, rel=8e-15)


@pytest.mark.parametrize("half_lives", [-130, -64, -1, 0, 1, 63, 64, 200])
def test_whole_half_lives_are_exact_powers_of_two(half_lives):
    landmark, _, a, b2, w = term(5, half_lives * H, H)

    assert (w, a, b2) == (2.0 ** (half_lives - 64 * landmark), 5 * w, w**2)


@pytest.mark.parametrize(
    ("rating", "star"),
    [(1, 1), (1.49, 1), (1.5, 2), (2.4999999999999996, 2), (2.5, 3), (3.5, 4), (4.49, 4), (4.5, 5), (5, 5)],
)
def test_a_rating_counts_as_its_nearest_star_halves_up(rating, star):
    assert term(rating, 0, H)[1] == star


@pytest.mark.parametrize("rating", [0.999, 5.001, 0, -1, math.nan, math.inf])
def test_a_rating_off_the_scale_is_refused(rating):
    with pytest.raises(ValueError, match="off the scale; send a number from 1 to 5"):
        term(rating, 0, H)


@given(st.integers(-(10**15), 10**15))
def test_times_are_whole_microseconds_since_the_unix_epoch(at_us):
    assert unix_us(datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=at_us)) == at_us


@given(st.lists(rows(), max_size=6).flatmap(lambda given: st.tuples(st.just(given), st.permutations(given))))
def test_merging_does_not_depend_on_the_order_in_any_bit(both):
    one, other = both

    assert merge(one) == merge(other)


@given(rows(), rows(), rows())
def test_merging_may_be_done_in_any_grouping(first, second, third):
    left = merge([merge([first, second]), third])
    right = merge([first, merge([second, third])])

    assert left.landmark == right.landmark == max(first[0], second[0], third[0])
    assert_same_sums(left.sums, right.sums)
    assert_same_sums(left.sums, merge([first, second, third]).sums)


@given(rows())
def test_nothing_is_the_identity_of_merging(row):
    assert merge([]) == MergedSums(0, NO_SUMS)
    assert merge([row, (row[0], NO_SUMS)]) == MergedSums(*row)


def test_rows_of_several_landmarks_merge_by_exact_powers_of_two():
    early = Sums(10.0, 4.0, 0.0, 0.0, 0.0, 0.0, 2.0, 0, 0, 0, 0, 1)
    late = Sums(3.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0, 2, 0, 0, 0, 0)

    merged = merge([(0, early), (1, late)])

    assert merged == MergedSums(
        1, Sums(3.0 + 10 * 2.0**-64, 1.0 + 4 * 2.0**-128, 1.0, 0.0, 0.0, 0.0, 2 * 2.0**-64, 2, 0, 0, 0, 1)
    )


def test_a_review_of_1970_underflows_and_is_still_counted():
    now_us = 56 * YEAR_US
    merged = merge(row_of(rating, at, profile=HOURLY) for rating, at in [(1, 0), (5, now_us)])

    assert merged.sums.w1 == 0.0
    assert (merged.sums.n1, merged.sums.n5, merged.sums.n) == (1, 1, 2)
