"""The figures by which insight decides, held against vectors of others."""

from math import log, sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plaudit.scoring.insight.domain.statistics import (
    background_share,
    log_odds,
    mean_ease,
    shares_z,
)

COUNTS = st.integers(0, 500)


@pytest.mark.parametrize(
    ("y_a", "y_b", "n_a", "n_b", "share", "delta", "z"),
    [
        (30, 10, 1000, 3000, 0.01, 1.7139, 5.5537),
        (5, 0, 1000, 3000, 0.001, 3.2487, 2.1994),
        (30, 90, 1000, 3000, 0.03, 0, 0),
        (12, 3, 400, 2400, 0.004, 2.2136, 4.2489),
    ],
)
def test_log_odds_are_as_in_the_vectors_of_the_research(y_a, y_b, n_a, n_b, share, delta, z):
    found = log_odds(y_a, y_b, n_a, n_b, share)
    assert found.delta == pytest.approx(delta, abs=5e-5)
    assert found.z == pytest.approx(z, abs=5e-5)


@given(COUNTS, COUNTS, st.integers(500, 5_000), st.integers(500, 5_000), st.floats(0.0001, 0.5))
def test_log_odds_turn_round_with_the_groups(y_a, y_b, n_a, n_b, share):
    one, other = log_odds(y_a, y_b, n_a, n_b, share), log_odds(y_b, y_a, n_b, n_a, share)
    assert one.delta == pytest.approx(-other.delta, abs=1e-9)
    assert one.z == pytest.approx(-other.z, abs=1e-9)


@given(st.integers(1, 400), COUNTS, st.integers(500, 5_000), st.integers(500, 5_000), st.floats(0.0001, 0.5))
def test_log_odds_grow_with_the_count(y_a, y_b, n_a, n_b, share):
    assert log_odds(y_a + 1, y_b, n_a, n_b, share).delta > log_odds(y_a, y_b, n_a, n_b, share).delta


@given(COUNTS, COUNTS)
def test_the_only_term_that_anybody_says_stands_out_nowhere(y_a, y_b):
    share = background_share(y_a + y_b, y_a + y_b, 1)
    assert log_odds(y_a, y_b, y_a, y_b, share) == (0, 0)


def test_shares_of_the_background_add_up_to_one():
    counts = [0, 3, 40]
    assert sum(background_share(count, sum(counts), len(counts)) for count in counts) == pytest.approx(1)


def test_two_shares_are_compared_by_their_pooled_share():
    pooled = 40 / 140
    wanted = (30 / 40 - 10 / 100) / sqrt(pooled * (1 - pooled) * (1 / 40 + 1 / 100))
    assert shares_z(30, 40, 10, 100) == pytest.approx(wanted)
    assert shares_z(10, 100, 30, 40) == pytest.approx(-wanted)
    assert (shares_z(0, 10, 0, 10), shares_z(10, 10, 3, 3)) == (0, 0)


@given(st.lists(st.integers(1, 7), min_size=1, max_size=60))
def test_the_mean_of_ease_lies_within_its_interval_and_the_scale(answers):
    mean, interval = mean_ease(sum(answers), sum(each * each for each in answers), len(answers))
    assert mean == pytest.approx(sum(answers) / len(answers))
    if len(answers) == 1:
        assert interval is None
        return
    assert interval is not None
    assert 1 <= interval.low <= mean <= interval.high <= 7
    assert interval.high > interval.low
    if len(set(answers)) > 1:
        # Wider than the normal interval, which few answers do not bear.
        variance = sum((each - mean) ** 2 for each in answers) / (len(answers) - 1)
        assert interval.low < max(1, mean - 1.959963984540054 * sqrt(variance / len(answers))) or interval.low == 1


def test_few_answers_that_are_equal_are_not_sure():
    assert mean_ease(14, 98, 2) == (7.0, (1.0, 7.0))
    few, many = mean_ease(35, 245, 5)[1], mean_ease(7_000, 49_000, 1_000)[1]
    assert few is not None
    assert many is not None
    assert few.low < 4 < 6.9 < many.low
    assert (few.high, many.high) == (7.0, 7.0)


def test_the_interval_of_ease_is_that_of_student():
    # 3, 5, 7: mean 5, variance 4, t of 2 degrees of freedom is 4.303: half of it is 4.968.
    assert mean_ease(15, 83, 3) == (5.0, (1.0, 7.0))
    # 40 answers of 4 and 40 of 6: variance 80/79, t of 79 is 1.9905.
    found = mean_ease(400, 40 * 16 + 40 * 36, 80)[1]
    assert found is not None
    assert found.low == pytest.approx(5 - 1.99045 * sqrt(80 / 79 / 80), abs=1e-4)


def test_the_formula_is_that_of_the_paper():
    prior = 500 * 0.01
    wanted = log(35 / (1500 - 35)) - log(15 / (3500 - 15))
    assert (prior, log_odds(30, 10, 1000, 3000, 0.01).delta) == (5, pytest.approx(wanted))
