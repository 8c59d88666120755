"""Intervals are those that others have published."""

import json
from math import isfinite, sqrt
from statistics import mean, variance

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plaudit.common.statistics.intervals import Interval, Z, wilson
from plaudit.scoring.intervals.domain import (
    Sample,
    net_share,
    newcombe,
    of_mean,
    poisson,
    poisson_difference,
    sample_of,
    student,
    welch,
)
from plaudit_testing.shared import shared

SHARES = st.floats(0, 1)
NUMBERS = st.floats(0.01, 1e7)


def test_wilson_is_what_r_computes() -> None:
    vectors = json.loads(shared("vectors", "score_statistics.json").read_text(encoding="utf-8"))["wilson_95_two_sided"]
    assert pytest.approx(vectors["z"], abs=1e-15) == Z
    for case in vectors["cases"]:
        wanted = pytest.approx((case["low"], case["high"]), abs=5e-8)
        assert wilson(case["positive"] / case["n"], case["n"]) == wanted
    for case in vectors["one_sided_95"]:
        low, high = wilson(case["positive"] / case["n"], case["n"], z=1.6448536269514722)
        assert {"lower": low, "upper": high}[next(iter(case.keys() - {"positive", "n"}))] == pytest.approx(
            case.get("lower", case.get("upper")), abs=1e-6
        )
    for positive in range(10, 90, 5):
        low, high = wilson(positive / 100, 100)
        assert wilson((100 - positive) / 100, 100) == pytest.approx((1 - high, 1 - low), abs=1e-15)
    for positive, n in vectors["must_stay_in_0_1"]:
        assert Interval(0, 1).holds(wilson(positive / n, n).low)
        assert Interval(0, 1).holds(wilson(positive / n, n).high)


@pytest.mark.parametrize(
    ("positive", "n", "low"), [(209, 259, 0.754538), (118, 143, 0.754649), (1, 1, 0.206549), (100, 101, 0.946033)]
)
def test_the_lower_bound_is_the_published_one(positive: int, n: int, low: float) -> None:
    assert wilson(positive / n, n).low == pytest.approx(low, abs=1e-6)


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
def test_intervals_of_shares_are_as_published(positive: int, n: int, low: float, high: float) -> None:
    assert wilson(positive / n, n) == (pytest.approx(low, abs=1e-7), pytest.approx(high, abs=1e-7))


@given(SHARES, NUMBERS)
def test_wilson_mirrors_and_holds_its_share(share: float, n: float) -> None:
    low, high = wilson(share, n)
    mirrored = wilson(1 - share, n)

    assert 0 <= low <= share + 1e-12
    assert share - 1e-12 <= high <= 1
    assert (1 - mirrored.high, 1 - mirrored.low) == pytest.approx((low, high), abs=1e-9)


def test_nothing_is_known_of_none() -> None:
    assert (wilson(0, 0), net_share(0, 0, 0)) == (Interval(0, 1), Interval(-1, 1))


def test_the_difference_of_shares_is_newcombes_own_example() -> None:
    """56 of 70 against 48 of 80, in his paper of 1998: 0.0524 to 0.3339."""
    assert newcombe(48 / 80, 80, 56 / 70, 70) == pytest.approx((0.0524, 0.3339), abs=5e-5)


@given(SHARES, NUMBERS, SHARES, NUMBERS)
def test_the_difference_of_shares_turns_with_its_sides(one: float, n: float, other: float, m: float) -> None:
    low, high = newcombe(one, n, other, m)

    assert -1 - 1e-9 <= low <= other - one + 1e-12
    assert newcombe(other, m, one, n) == pytest.approx((-high, -low), abs=1e-9)


@pytest.mark.parametrize(
    ("degrees", "quantile"),
    [
        *((1, 12.7062047364), (2, 4.30265272991), (3, 3.18244630528), (5, 2.57058183564), (10, 2.22813885196)),
        *((30, 2.04227245630), (100, 1.98397151852), (1000, 1.96233908082)),
    ],
)
def test_quantiles_of_student_are_those_of_tables(degrees: float, quantile: float) -> None:
    assert student(degrees) == pytest.approx(quantile, abs=1e-9)


def test_quantiles_have_no_step_where_the_formula_changes() -> None:
    assert student(199.9999) == pytest.approx(student(200.0001), abs=1e-6)
    assert student(1e9) == pytest.approx(Z, abs=1e-8)


@given(st.floats(0.05, 1e6))
def test_quantiles_fall_as_degrees_grow(degrees: float) -> None:
    assert Z < student(degrees * 1.01) < student(degrees)


def test_welch_is_the_textbook_one() -> None:
    """Variances of 7.9 and 3.8 in 15 replies each have 24.9 degrees of freedom; tables have 2.0639 for 24 of them."""
    low, high = welch(Sample(15, 20.8, 7.9), Sample(15, 23.0, 3.8)) or (0, 0)

    half = 2.0598 * sqrt((7.9 + 3.8) / 15)
    assert (low, high) == pytest.approx((2.2 - half, 2.2 + half), abs=1e-3)


def test_one_reply_does_not_tell_how_replies_differ() -> None:
    alone, several = Sample(1, 4, 0), Sample(9, 4, 1)

    assert (of_mean(alone), welch(alone, several), welch(several, alone)) == (None, None, None)


def test_a_mean_of_no_variance_is_sure() -> None:
    assert of_mean(Sample(9, 4, 0)) == (4, 4)
    assert welch(Sample(9, 4, 0), Sample(9, 3, 0)) == (-1, -1)


@pytest.mark.parametrize(("n", "low"), [(2, 1.0), (5, 2.9), (100, 4.9), (10_000, 4.999)])
def test_few_equal_replies_are_not_sure_and_many_are(n: int, low: float) -> None:
    found = of_mean(sample_of([(5.0, 0.5)], n, Interval(1.0, 5.0)))

    assert found is not None
    assert max(1.0, found.low) == pytest.approx(low, rel=0.05)
    assert found.low < 5 < found.high


@given(st.dictionaries(st.sampled_from([1.0, 2.5, 4.0, 5.0]), st.integers(1, 50), min_size=2))
def test_replies_that_differ_have_the_variance_of_a_sample(values: dict[float, int]) -> None:
    replies = [value for value, count in values.items() for _ in range(count)]

    found = sample_of([*values.items()], len(replies), Interval(1.0, 5.0))

    assert found == pytest.approx((len(replies), mean(replies), variance(replies)))


@given(SHARES, SHARES, NUMBERS)
def test_a_net_share_lies_within_its_bounds(one: float, other: float, n: float) -> None:
    positive, negative = min(one, 1 - other), min(other, 1 - one)

    low, high = net_share(positive, negative, n)

    assert -1 <= low <= positive - negative <= high <= 1
    assert low < high
    assert net_share(negative, positive, n) == pytest.approx((-high, -low), abs=1e-9)


@given(st.floats(1.0000001, 1e6), st.floats(0, 16))
def test_an_interval_of_a_mean_is_around_it(n: float, variance: float) -> None:
    found = of_mean(Sample(n, 4.0, variance))

    assert found is not None
    assert found.holds(4.0)
    assert isfinite(found.low) or n < 1.01


@pytest.mark.parametrize(
    ("count", "low", "high"),
    [  # Exact limits: half of the 0.025 quantile of chi square with 2n degrees, and of the 0.975 one with 2n + 2
        (0, 0.0, 3.6889),
        (1, 0.0253, 5.5716),
        (2, 0.2422, 7.2247),
        (5, 1.6235, 11.6683),
        (10, 4.7954, 18.3904),
        (20, 12.2165, 30.8884),
        (50, 37.1110, 65.9185),
        (100, 81.3640, 121.6272),
    ],
)
def test_the_mean_of_a_count_lies_where_the_exact_limits_are(count: int, low: float, high: float) -> None:
    assert poisson(count) == pytest.approx((low, high), abs=0.03)


@given(st.integers(0, 10**7), st.integers(0, 10**7))
def test_the_difference_of_two_counts_lies_in_its_interval_and_is_mirrored(before: int, after: int) -> None:
    low, high = poisson_difference(before, after)
    mirrored = poisson_difference(after, before)

    assert low <= after - before <= high
    assert mirrored == pytest.approx((-high, -low), rel=1e-9, abs=1e-9)


def test_of_large_counts_the_difference_is_as_sure_as_the_normal_law_says() -> None:
    low, high = poisson_difference(40_000, 41_000)

    assert (low, high) == pytest.approx((1_000 - Z * sqrt(81_000), 1_000 + Z * sqrt(81_000)), abs=5)
