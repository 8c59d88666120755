"""What surveys say, of sums that are made by hand."""

import json
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plaudit.scoring.sums.domain.decay import Sums
from plaudit.scoring.sums.domain.surveys import DETRACTORS, PROMOTERS, SATISFIED, ces, csat, effort_of, nps, share
from plaudit_testing.shared import shared

counts = st.lists(st.integers(0, 1_000), min_size=5, max_size=5).filter(any)


def of(*stars: float) -> Sums:
    """The sums of replies of one star, of two and so on, that weigh so much; `share` reads no count."""
    total = sum(star * weight for star, weight in enumerate(stars, start=1))
    return Sums._make([total, sum(stars), *stars, 0, 0, 0, 0, 0])


def of_answers(*answers: int) -> Sums:
    """The sums of answers from 0 to 10, which were made ratings from 1 to 5."""
    stars = Counter(int(1 + 4 * answer / 10 + 0.5) for answer in answers)
    return of(*(float(stars[star]) for star in range(1, 6)))


def test_three_promoters_one_passive_and_one_detractor_are_an_nps_of_40() -> None:
    assert nps(of(1, 0, 0, 1, 3)) == pytest.approx(40)


def test_nps_is_what_others_have_published() -> None:
    vectors = json.loads(shared("vectors", "score_statistics.json").read_text(encoding="utf-8"))["nps"]
    for answer, side in vectors["classes"].items():
        if answer != "source":
            found = nps(of_answers(int(answer)))
            assert found == {"promoter": 100, "passive": 0, "detractor": -100}[side]
    for case in vectors["cases"]:
        wanted = case.get("nps", 100 * case.get("exact", case.get("nps_fraction", 0)))
        assert nps(of_answers(*case["scores"])) == pytest.approx(wanted)


def test_csat_is_the_two_best_of_five_in_percent() -> None:
    assert csat(of(1, 2, 3, 4, 10)) == pytest.approx(70)


@pytest.mark.parametrize(("rating", "effort"), [(1, 1), (3, 4), (5, 7)])
def test_an_effort_from_1_to_7_was_made_a_rating_from_1_to_5(rating: float, effort: float) -> None:
    assert effort_of(rating) == effort


@pytest.mark.parametrize("answer", range(1, 8))
def test_an_answer_reads_as_it_was_given(answer: int) -> None:
    """Ingest keeps it as a rating: six of seven is 4.333333333333334, of which 6.000000000000001 is made."""
    assert effort_of(1 + 4 * ((answer - 1) / 6)) == answer


@given(st.integers(0, 100), st.integers(0, 100))
def test_whole_percents_of_a_hundred_replies_read_as_whole_numbers(promoters: int, detractors: int) -> None:
    promoters = min(promoters, 100 - detractors)
    sums = of(float(detractors), 0, 0, float(100 - promoters - detractors), float(promoters))

    assert nps(sums) == promoters - detractors
    assert csat(sums) == 100 - detractors


def test_ces_is_the_mean_of_efforts() -> None:
    assert ces(of(1, 0, 0, 0, 3)) == pytest.approx((1 + 3 * 7) / 4)


@given(counts)
def test_every_figure_lies_on_its_scale(weights: list[int]) -> None:
    sums = of(*map(float, weights))

    assert -100 <= nps(sums) <= 100
    assert 0 <= csat(sums) <= 100
    assert 1 <= ces(sums) <= 7
    everybody = share(sums, PROMOTERS) + share(sums, DETRACTORS) + share(sums, (4,))
    assert everybody == pytest.approx(1)
    assert csat(sums) == pytest.approx(100 * (share(sums, PROMOTERS) + share(sums, (4,))))


def test_what_rounding_leaves_beyond_a_scale_is_cut_off() -> None:
    rounded = Sums(a=5.1, b2=1.0, w1=-1e-9, w2=0.0, w3=0.0, w4=0.0, w5=1.0, n1=0, n2=0, n3=0, n4=0, n5=1)

    assert (share(rounded, SATISFIED), nps(rounded), csat(rounded), ces(rounded)) == (1, 100, 100, 7)
