"""Figures of sums that are made by hand."""

from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plaudit.common.statistics.intervals import DIGITS
from plaudit.scoring.figures.domain.figures import (
    Reply,
    ces_of,
    csat_of,
    figures_of,
    nps_of,
    score_interval,
    share_of_weight,
    weights_of,
)
from plaudit.scoring.profiles.domain import DAY_US, LIFETIME, TRUST
from plaudit.scoring.scores.domain import half_stars, read
from plaudit.scoring.sums.domain.decay import NO_SUMS, MergedSums, Sums
from plaudit.scoring.sums.domain.parts import parts_for
from plaudit.scoring.sums.domain.traits import TRAITS
from plaudit_testing.scored import MOMENT_US, kept, kept_parts, scored

OTHER_SOURCE = "01956d00-0000-7000-8000-000000000002"


def of(*stars: int) -> Sums:
    """The sums of so many reviews of one star, of two and so on, that never fade."""
    total = sum(star * n for star, n in enumerate(stars, start=1))
    return Sums._make([float(total), float(sum(stars)), *map(float, stars), *stars])


def test_nps_of_three_promoters_one_passive_and_one_detractor_is_40() -> None:
    found = nps_of(of(1, 0, 0, 1, 3))

    assert found is not None
    assert (found.value, found.count, found.effective) == (pytest.approx(40), 5, 5)
    assert found.interval.low < 40 < found.interval.high


@pytest.mark.parametrize(("score", "star"), [(0, 1), (6, 3), (7, 4), (8, 4), (9, 5), (10, 5)])
def test_classes_of_nps_are_stars(score: int, star: int) -> None:
    """Detractors up to 6, passives 7 and 8, promoters 9 and 10."""
    assert int(1 + 4 * score / 10 + 0.5) == star


@pytest.mark.parametrize("compute", [nps_of, csat_of, lambda _: ces_of([])])
def test_there_is_no_figure_without_replies(compute) -> None:
    assert compute(NO_SUMS) is None


def test_csat_is_the_share_of_the_two_best_in_percent() -> None:
    found = csat_of(of(1, 2, 3, 4, 10))

    assert found is not None
    assert (found.value, found.count) == (pytest.approx(70), 20)
    assert found.interval == pytest.approx((48.10, 85.45), abs=1e-2)


def test_effort_is_a_mean_on_its_own_scale() -> None:
    replies = [Reply(1 + (effort - 1) * 4 / 6, 1, 1.0, 1.0) for effort in (6, 5, 5, 4, 3)]

    found = ces_of(replies)

    assert found is not None
    assert (found.value, found.count, found.effective) == (pytest.approx(4.6), 5, pytest.approx(5))
    # Their standard deviation is 1.1402, the quantile for four degrees of freedom 2.7764.
    assert found.interval == pytest.approx((4.6 - 2.7764 * 1.1402 / 5**0.5, 4.6 + 2.7764 * 1.1402 / 5**0.5), abs=1e-3)


weights = st.floats(2.0**-60, 2.0**60)


@given(st.integers(1, 7), weights)
def test_one_effort_reads_as_it_was_given_however_it_has_faded(answer: int, weight: float) -> None:
    found = ces_of([Reply(1 + 4 * ((answer - 1) / 6), 1, weight, weight * weight)])

    assert found is not None
    assert (found.value, found.effective, found.interval) == (answer, 1, None)


@given(st.lists(st.integers(1, 7), min_size=1, max_size=20), weights)
def test_efforts_of_one_age_have_their_plain_mean(answers: list[int], weight: float) -> None:
    replies = [
        Reply(1 + 4 * ((answer - 1) / 6), n, n * weight, n * weight * weight) for answer, n in Counter(answers).items()
    ]

    found = ces_of(replies)

    assert found is not None
    assert found.value == round(sum(answers) / len(answers), DIGITS)
    assert 1 <= found.effective <= len(answers)


@given(st.sampled_from([1, 4, 5]), weights)
def test_one_reply_is_one_reply_however_it_has_faded(star: int, weight: float) -> None:
    of_stars = [weight if star == each else 0.0 for each in range(1, 6)]
    counts = [int(star == each) for each in range(1, 6)]
    sums = Sums._make([star * weight, weight * weight, *of_stars, *counts])

    of_nps, of_csat = nps_of(sums), csat_of(sums)

    assert of_nps is not None
    assert of_csat is not None
    assert (of_nps.value, of_csat.value) == {1: (-100, 0), 4: (0, 100), 5: (100, 100)}[star]
    assert of_nps.effective == of_csat.effective == 1


@given(weights, st.floats(0.999999, 1.000001))
def test_a_share_of_the_weight_is_neither_below_none_nor_above_all(whole: float, rounding: float) -> None:
    assert 0.999998 < share_of_weight(whole * rounding, whole) <= 1
    assert share_of_weight(-whole * (rounding - 0.99), whole) == 0


def test_effort_of_one_reply_has_no_interval() -> None:
    found = ces_of([Reply(5.0, 1, 0.5, 0.25)])

    assert found is not None
    assert (found.value, found.interval) == (7.0, None)


@pytest.mark.parametrize(("count", "low"), [(2, 1.0), (5, 3.9), (1_000, 6.9)])
def test_few_equal_efforts_are_not_sure(count: int, low: float) -> None:
    found = ces_of([Reply(5.0, count, float(count), float(count))])

    assert found is not None
    assert found.interval is not None
    assert low <= found.interval.low < 7.0 == found.interval.high


def test_a_score_of_more_reviews_is_surer_and_few_equal_ones_are_not_sure() -> None:
    def width(*stars: int) -> float:
        merged = MergedSums(0, of(*stars))
        found = score_interval(read(merged, 0, LIFETIME), merged, 0, LIFETIME)
        assert found is not None
        return found.high - found.low

    assert width(0, 0, 0, 0, 2) > 0.5
    assert width(10, 0, 0, 0, 10) > width(100, 0, 0, 0, 100) > width(0, 0, 0, 0, 200)
    nothing = MergedSums(0, NO_SUMS)
    assert score_interval(read(nothing, 0, LIFETIME), nothing, 0, LIFETIME) is None


def test_the_interval_of_a_score_is_within_the_scale() -> None:
    merged = MergedSums(0, of(0, 0, 0, 0, 9000))
    score = read(merged, 0, LIFETIME)

    low, high = score_interval(score, merged, 0, LIFETIME) or (0, 0)

    assert low < score.value < high <= 5


def test_figures_of_a_subject_by_origin_and_source() -> None:
    states = [
        scored(5, MOMENT_US),
        scored(2, MOMENT_US - 182 * DAY_US, origin="invited"),
        scored(1, MOMENT_US - 182 * DAY_US, source_id=OTHER_SOURCE),
        scored(1, MOMENT_US, kind="nps"),
    ]
    parts = kept_parts(kept(*((None, state) for state in states)))

    found = figures_of(TRUST, parts_for(parts, TRUST.half_life_us), MOMENT_US, [])

    assert (found.score.count, found.positive, found.negative, found.ratio) == (3, 1, 2, 0.5)
    assert found.organic.count == 2
    faded = 0.5 ** (182 / 182.5)
    assert found.organic.value == pytest.approx((7 * 3.5 + 5 + faded) / (8 + faded), rel=1e-12)
    assert [(source, score.count) for source, score in found.by_source] == [
        ("01956d00-0000-7000-8000-000000000001", 2),
        (OTHER_SOURCE, 1),
    ]
    assert (found.nps and found.nps.value, found.csat, found.ces) == (-100, None, None)


def test_there_is_no_ratio_without_a_negative_review() -> None:
    parts = kept_parts(kept((None, scored(5))))

    assert figures_of(TRUST, parts_for(parts, TRUST.half_life_us), MOMENT_US, []).ratio is None


def test_weights_are_those_of_what_counts() -> None:
    profile = replace(TRUST, verified_weight=2.0, origin_weights={"invited": 3.0}, origins=frozenset({"invited"}))

    found = {(TRAITS[number].kind, TRAITS[number].verified): each for number, each in weights_of(profile).items()}

    assert found == {("stars", False): 3, ("stars", True): 6, ("thumbs", False): 3, ("thumbs", True): 6}


@pytest.mark.parametrize(
    ("score", "stars"),
    [(1.24, 1), (1.25, 1.5), (1.75, 2), (2.25, 2.5), (4.24, 4), (4.25, 4.5), (4.74, 4.5), (4.75, 5)],
)
def test_stars_shown_are_the_nearest_half(score: float, stars: float) -> None:
    assert half_stars(score) == stars
