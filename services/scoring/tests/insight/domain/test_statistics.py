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
    wilson,
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


def test_shares_of_the_background_add_up_to_one():
    counts = [0, 3, 40]
    assert sum(background_share(count, sum(counts), len(counts)) for count in counts) == pytest.approx(1)


def test_two_shares_are_compared_by_their_pooled_share():
    pooled = 40 / 140
    wanted = (30 / 40 - 10 / 100) / sqrt(pooled * (1 - pooled) * (1 / 40 + 1 / 100))
    assert shares_z(30, 40, 10, 100) == pytest.approx(wanted)
    assert shares_z(10, 100, 30, 40) == pytest.approx(-wanted)
    assert (shares_z(0, 10, 0, 10), shares_z(10, 10, 3, 3)) == (0, 0)


@pytest.mark.parametrize(
    ("positive", "n", "low", "high"),
    [  # statsmodels 0.15.0, stats/tests/results/results_proportion.py, from R binom.confint and DescTools BinomCI
        (18, 20, 0.6989663547715128, 0.972133518786232),
        (4, 20, 0.0806576625797981, 0.4160174322518935),
        (4, 200, 0.00780442641634947, 0.05028708690582643),
        (190, 200, 0.910421851861224, 0.972617354399236),
        (1, 30, 0.00590859, 0.16670391),
        (29, 30, 0.8332961, 0.9940914),
        (0, 30, 0.0, 0.11351339),
        (30, 30, 0.8864866, 1.0),
        (19, 38, 0.348499283643951, 0.651500716356049),
    ],
)
def test_intervals_of_shares_are_as_published(positive, n, low, high):
    assert wilson(positive, n) == (pytest.approx(low, abs=1e-7), pytest.approx(high, abs=1e-7))


@given(st.integers(1, 10_000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_an_interval_holds_its_share_within_0_and_1_and_mirrors_its_complement(case):
    positive, n = case
    low, high = wilson(positive, n)
    assert 0 <= low <= positive / n <= high <= 1
    assert wilson(n - positive, n) == (pytest.approx(1 - high), pytest.approx(1 - low))


@given(st.lists(st.integers(1, 7), min_size=1, max_size=60))
def test_the_mean_of_ease_lies_within_its_interval_and_the_scale(answers):
    mean, interval = mean_ease(sum(answers), sum(each * each for each in answers), len(answers))
    assert mean == pytest.approx(sum(answers) / len(answers))
    if len(set(answers)) == 1:
        assert interval is None
    else:
        assert interval is not None
        variance = sum((each - mean) ** 2 for each in answers) / (len(answers) - 1)
        assert interval.low == pytest.approx(max(1, mean - 1.959963984540054 * sqrt(variance / len(answers))))
        assert 1 <= interval.low < mean < interval.high <= 7


def test_the_formula_is_that_of_the_paper():
    prior = 500 * 0.01
    wanted = log(35 / (1500 - 35)) - log(15 / (3500 - 15))
    assert (prior, log_odds(30, 10, 1000, 3000, 0.01).delta) == (5, pytest.approx(wanted))
