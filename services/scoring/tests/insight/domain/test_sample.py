"""How terms of reviews are counted."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest

from plaudit.scoring.insight.domain.sample import (
    ALL_DRAWS,
    HALF_LIFE_DAYS,
    MAX_LOOKED_AT,
    MAX_SAMPLED,
    SampledReview,
    draws_below,
    group_of,
)

AS_OF = date(2026, 3, 1)


def review(number: int = 1, stems: str = "refund", **fields: Any) -> SampledReview:
    usual = {"day": AS_OF, "writer": None, "same_text": None, "topics": "", "is_question": False}
    return SampledReview(**{**usual, "review_id": UUID(int=number), "stems": stems, **fields})


def test_a_term_counts_once_for_a_review_and_the_total_is_of_terms():
    group = group_of([review(1, "refund\nlate"), review(2, "refund")], AS_OF)
    assert (group.counts, group.total, group.size) == ({"refund": 2, "late": 1}, 3, 2)


def test_a_review_without_terms_is_a_voice_that_says_nothing():
    group = group_of([review(1, "")], AS_OF)
    assert (group.counts, group.total, group.size) == ({}, 0, 1)


def test_a_text_that_was_pasted_fifty_times_counts_once():
    pasted = [review(number, same_text=7, writer=number) for number in range(50)]
    assert group_of(pasted, AS_OF).counts == {"refund": 1}


def test_what_one_person_says_in_several_reviews_counts_once():
    group = group_of([review(1, "refund", writer=5), review(2, "refund\nlate", writer=5), review(3, writer=6)], AS_OF)
    assert (group.counts, group.size) == ({"refund": 2, "late": 1}, 2)


def test_who_is_unknown_is_nobody_else():
    assert group_of([review(1), review(2)], AS_OF).counts == {"refund": 2}


def test_of_a_person_and_of_a_pasted_text_the_newest_counts_whatever_the_order():
    old, new = review(1, day=AS_OF - timedelta(days=9), same_text=3), review(2, same_text=3)
    for reviews in ([old, new], [new, old]):
        assert [reading.review for reading in group_of(reviews, AS_OF).readings] == [new]


def test_weights_halve_with_the_half_life():
    old = review(1, "refund", day=AS_OF - timedelta(days=HALF_LIFE_DAYS))
    group = group_of([old, review(2, "refund\nlate")], AS_OF)
    weighted, total = group.weighted({"refund", "late", "never"})
    assert (weighted, total) == ({"refund": pytest.approx(1.5), "late": 1, "never": 0}, pytest.approx(2.5))


def test_a_voice_asks_with_the_terms_of_the_review_that_asks():
    group = group_of([review(1, "late", writer=5), review(2, "refund", writer=5, is_question=True)], AS_OF)
    assert [list(voice.asking) for voice in group.voices] == [["refund"]]


@pytest.mark.parametrize(
    ("wanted", "looked_at", "share"),
    [
        (0, 0, 1),
        (MAX_SAMPLED, MAX_SAMPLED, 1),
        (4 * MAX_SAMPLED, 4 * MAX_SAMPLED, 0.25),
        (10, 10 * MAX_LOOKED_AT, 0.1),
        (MAX_SAMPLED * 100, MAX_LOOKED_AT * 10, 0.01),
    ],
)
def test_a_sample_is_no_larger_than_its_limits(wanted: int, looked_at: int, share: float):
    assert draws_below(wanted, looked_at) == int(share * ALL_DRAWS)
