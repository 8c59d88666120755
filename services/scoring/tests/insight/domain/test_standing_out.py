"""Which terms are told."""

import random
from datetime import date
from uuid import UUID

import pytest

from plaudit.scoring.insight.domain.sample import Group, SampledReview, group_of
from plaudit.scoring.insight.domain.standing_out import (
    MIN_BEFORE,
    MIN_NOW,
    MIN_VOICES,
    Ranked,
    _without_overlaps,
    background_of,
    rising,
    standing_out,
)

AS_OF = date(2026, 3, 1)
FILLERS = [f"filler{chr(97 + n)}" for n in range(20)]


def group(size: int, *, seed: int = 0, **counts: int) -> Group:
    """So many voices, each with some of the same fillers, and terms that so many of them say."""
    chance = random.Random(seed)
    said = [set(chance.sample(FILLERS, 5)) for _ in range(size)]
    for term, count in counts.items():
        for stems in said[:count]:
            stems.add(term.replace("_", " "))
    return group_of(
        [
            SampledReview(
                review_id=UUID(int=n), day=AS_OF, writer=None, same_text=None, topics="", is_question=False,
                stems="\n".join(sorted(stems)),
            )
            for n, stems in enumerate(said)
        ],
        AS_OF,
    )  # fmt: skip


def told(a: Group, b: Group) -> list[str]:
    return [each.stem for each in standing_out(a, b, background_of([a, b]))[0]]


def risen(now: Group, before: Group) -> list[Ranked]:
    return rising(now, before, background_of([now, before]))


def test_what_one_group_says_and_the_other_does_not_stands_out():
    low, high = group(200, refund=60, quick=2), group(400, seed=1, refund=10, quick=150)
    assert told(low, high) == ["refund"]
    assert told(high, low) == ["quick"]
    assert (
        standing_out(low, high, background_of([low, high])) == standing_out(high, low, background_of([low, high]))[::-1]
    )
    [ranked], _ = standing_out(low, high, background_of([low, high]))
    assert (ranked.count, ranked.other, ranked.is_certain) == (60, 10, True)


def test_what_both_say_alike_does_not_stand_out():
    assert told(group(200, refund=50), group(400, seed=1, refund=100)) == []


@pytest.mark.parametrize(("count", "is_told"), [(MIN_VOICES - 1, False), (MIN_VOICES, True)])
def test_a_term_that_few_people_say_is_never_told(count: int, is_told: bool):
    low = group(60, rare=count, refund=30)
    assert ("rare" in told(low, group(2_000, seed=1))) is is_told


def test_a_term_of_one_person_is_not_told_however_often_the_person_says_it():
    reviews = [
        SampledReview(review_id=UUID(int=n), day=AS_OF, writer=9, same_text=None, topics="", stems="myself",
                      is_question=False)
        for n in range(40)
    ]  # fmt: skip
    low = group_of(reviews, AS_OF)
    assert told(low, group(2_000)) == []


def test_a_term_of_less_than_one_percent_is_not_told():
    assert told(group(4_500, rare=44), group(3_000, seed=1)) == []
    assert told(group(4_500, rare=46), group(3_000, seed=1)) == ["rare"]


def test_a_list_without_a_certain_term_is_empty():
    low, high = group(100, refund=19), group(200, seed=1, refund=8)
    assert told(low, high) == []
    low = group(100, refund=19, parcel=40)
    found, _ = standing_out(low, high, background_of([low, high]))
    assert [(each.stem, each.is_certain) for each in found] == [("parcel", True), ("refund", False)]


def test_shuffled_stars_tell_next_to_nothing():
    whole = group(600, refund=120, parcel=60)
    found = 0
    for seed in range(20):
        readings = [reading.review for reading in whole.readings]
        random.Random(seed).shuffle(readings)
        found += len(told(group_of(readings[:200], AS_OF), group_of(readings[200:], AS_OF)))
    assert found <= 2


def test_a_term_that_is_said_more_than_before_is_rising():
    [ranked] = risen(group(100, refund=30), group(200, seed=1, refund=4))
    assert (ranked.stem, ranked.count, ranked.other, ranked.is_certain) == ("refund", 30, 4, True)
    assert risen(group(100, refund=4), group(200, seed=1, refund=60)) == []


@pytest.mark.parametrize(("now", "before"), [(MIN_NOW - 1, 300), (300, MIN_BEFORE - 1)])
def test_of_few_reviews_no_change_is_told(now: int, before: int):
    assert risen(group(now, refund=now), group(before, seed=1)) == []


def test_a_change_is_told_of_at_least_five_percent():
    assert risen(group(400, refund=19), group(4_000, seed=1)) == []
    assert [each.stem for each in risen(group(400, refund=21), group(4_000, seed=1))] == ["refund"]


def ranked(stem: str, count: int) -> Ranked:
    return Ranked(stem, count, 0, 4.0)


@pytest.mark.parametrize(
    ("listed", "left"),
    [
        ([("custom", 50), ("custom servic", 30)], ["custom servic"]),  # the pair holds 60 % of the word's
        ([("custom", 50), ("custom servic", 29)], ["custom", "custom servic"]),
        ([("custom", 50), ("servic", 60), ("custom servic", 14)], ["custom", "servic"]),  # a small part of each
        ([("custom", 50), ("servic", 20), ("custom servic", 14)], ["custom", "custom servic"]),
        ([("pre exist", 20), ("exist condit", 18)], ["pre exist"]),  # about as frequent, with a word in common
        ([("pre exist", 20), ("exist condit", 13)], ["pre exist", "exist condit"]),
        ([("pre exist", 20), ("late parcel", 20)], ["pre exist", "late parcel"]),
        ([("a b", 5)], ["a b"]),
    ],
)
def test_terms_that_say_the_same_are_told_once(listed: list[tuple[str, int]], left: list[str]):
    assert [each.stem for each in _without_overlaps([ranked(*each) for each in listed])] == left
