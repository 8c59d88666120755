"""What is told of counts and of a sample."""

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest

from plaudit.scoring.insight.domain.kept import DayCounts
from plaudit.scoring.insight.domain.report import Insight, Sample, WeekCounts, insight_of
from plaudit.scoring.insight.domain.sample import Group, SampledReview, group_of
from plaudit.scoring.insight.domain.window import Window

WINDOW = Window(date(2026, 1, 1), date(2026, 3, 26))  # 12 weeks
NOBODY = group_of([], WINDOW.end)


def reviews(count: int, stems: str, *, first: int = 0, days_ago: int = 1, **fields: Any) -> list[SampledReview]:
    usual = {"day": WINDOW.end - timedelta(days=days_ago), "same_text": None, "topics": "", "is_question": False}
    return [
        SampledReview(**{**usual, "review_id": UUID(int=n), "writer": n, "stems": stems, **fields})
        for n in range(first, first + count)
    ]


def group(*parts: list[SampledReview]) -> Group:
    return group_of([each for part in parts for each in part], WINDOW.end)


def weeks(topic: str, low: Iterable[int], **others: int) -> list[WeekCounts]:
    """Low-rated reviews of each of the 24 weeks."""
    return [WeekCounts(topic, week >= 12, week, DayCounts(low=count, **others)) for week, count in enumerate(low)]


def now(topic: str, counts: DayCounts) -> WeekCounts:
    return WeekCounts(topic, is_now=True, week=23, counts=counts)


def earlier(topic: str, counts: DayCounts) -> WeekCounts:
    return WeekCounts(topic, is_now=False, week=0, counts=counts)


def told(counted: list[WeekCounts], low: Group = NOBODY, high: Group = NOBODY, before: Group = NOBODY) -> Insight:
    return insight_of(WINDOW, counted, Sample(low, high, before, is_whole=True), limit=10)


def test_nothing_is_told_of_nothing():
    found = told([])
    assert (found.topics, [*found.terms], found.solved.value, found.ease.mean) == ((), [], None, None)
    assert found.note_of_changes == "Too few low-rated reviews to tell a change: 0, and 0 before; 15 and 30 are needed."


def test_a_topic_is_told_with_how_often_of_how_many_now_and_before():
    found = told(weeks("", [10] * 24) + weeks("delivery", [2] * 24))
    [topic] = found.topics
    assert (topic.title, topic.low.count, topic.low.of, topic.low_before.count) == ("Delivery", 24, 120, 24)
    assert topic.weeks == (2,) * 24
    wanted = "No topic and no term changed measurably (120 low-rated reviews, 120 before; a term must be said by "
    assert (topic.change, found.note_of_changes) == (None, f"{wanted}at least 5 people).")


@pytest.mark.parametrize(
    ("of_weeks", "direction", "since"),
    [
        ([1] * 20 + [8] * 4, "rising", date(2026, 2, 26)),
        ([8] * 8 + [1] * 16, "falling", date(2025, 12, 4)),
    ],
)
def test_a_change_of_a_topic_has_a_direction_and_a_week(of_weeks, direction, since):
    found = told(weeks("", [10] * 24) + weeks("delivery", of_weeks))
    [topic] = found.changed_topics
    assert topic.change is not None
    assert (topic.change.direction, topic.change.is_certain, topic.change.since) == (direction, True, since)
    assert found.note_of_changes is None


@pytest.mark.parametrize(
    ("count", "count_before", "of_now", "of_before"),
    [
        (12, 0, 14, 100),  # too few now
        (12, 0, 100, 29),  # too few before
        (4, 0, 40, 200),  # too few people
        (12, 20, 100, 200),  # not measurably
        (12, 0, 1_000, 5_000),  # a small share
    ],
)
def test_a_change_that_is_not_measurable_is_not_told(count, count_before, of_now, of_before):
    counted = [
        now("", DayCounts(low=of_now)),
        earlier("", DayCounts(low=of_before)),
        now("delivery", DayCounts(low=count)),
        earlier("delivery", DayCounts(low=count_before)),
    ]
    assert told(counted).changed_topics == ()


def test_how_often_and_how_easily_complaints_were_solved():
    counts = DayCounts(low=10, solved=4, eased=2, ease_sum=9, ease_squares=41)
    found = told([now("", counts), now("delivery", counts)])
    for each in (found, found.topics[0]):
        assert (each.solved.count, each.solved.of, each.solved.value) == (4, 10, 0.4)
        assert each.solved.interval == (pytest.approx(0.1682, abs=1e-4), pytest.approx(0.6873, abs=1e-4))
        assert (each.ease.answers, each.ease.mean) == (2, 4.5)
        assert each.ease.interval == (1.0, 7.0)  # two answers tell next to nothing


@pytest.mark.parametrize(("questions", "is_answerable"), [(2, False), (3, True)])
def test_a_topic_that_is_asked_about_could_be_answered_by_content(questions: int, is_answerable: bool):
    [topic] = told([now("delivery", DayCounts(low=20, questions=questions))]).topics
    assert topic.is_answerable is is_answerable


def test_a_term_that_is_asked_about_could_be_answered_by_content():
    low = group(reviews(3, "invoic", is_question=True), reviews(57, "invoic", first=3))
    [term] = told([], low, group(reviews(200, "quick", first=100))).complaints
    assert (term.stem, term.questions, term.is_answerable) == ("invoic", 3, True)


def test_terms_of_complaints_of_praise_and_of_changes():
    low = group(reviews(60, "refund"), reviews(60, "parcel", first=60))
    high = group(reviews(200, "quick", first=1_000), reviews(30, "parcel", first=1_200))
    before = group(reviews(100, "parcel", first=2_000, days_ago=100))
    found = told(weeks("", [20] * 24), low, high, before)
    assert [(each.stem, each.said.count, each.said.of) for each in found.complaints] == [
        ("refund", 60, 120), ("parcel", 60, 120),
    ]  # fmt: skip
    assert [(each.stem, each.other.count, each.other.of) for each in found.praise] == [("quick", 0, 120)]
    [change] = found.changes
    assert (change.stem, change.said.count, change.other.count) == ("refund", 60, 0)
    assert change.change is not None
    assert (change.change.direction, change.change.since) == ("rising", date(2026, 3, 19))
    assert found.read == (120, 230, 100)


def test_examples_are_of_different_people_and_the_newest():
    of_one = reviews(2, "refund", topics="delivery", writer=5)
    others = reviews(58, "refund", first=2, topics="delivery", days_ago=3)
    low = group(of_one, others)
    found = told([now("delivery", DayCounts(low=60))], low, group(reviews(200, "quick", first=100)))
    [topic], [term] = found.topics, found.complaints
    assert topic.low_examples == term.examples
    ids = [example.review_id.int for example in term.examples]
    assert (ids[0], len(ids)) == (1, 3)
    assert 0 not in ids


def test_no_list_is_longer_than_its_limit():
    low = group(*(reviews(30, f"word{chr(97 + n)}", first=30 * n) for n in range(12)))
    high = group(reviews(400, "quick", first=1_000))
    assert len(insight_of(WINDOW, [], Sample(low, high, NOBODY, is_whole=True), limit=4).complaints) == 4
