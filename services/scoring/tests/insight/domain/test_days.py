"""Rows of days: whatever is added and taken away, they say what the counts by all topics say."""

from collections import defaultdict
from datetime import date
from operator import add
from typing import Any
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from plaudit.common.contracts.mentions import TOPIC_TITLES
from plaudit.scoring.insight.domain.days import NUMBERS, rows_of, topics_of
from plaudit.scoring.insight.domain.kept import ALL, NOTHING, DayCounts
from plaudit.scoring.topics.domain import TOPICS, topics_in_one

KEY = "default", "acme", "", date(2026, 3, 2)
SOURCE_ID = UUID("01956d00-0000-7000-8000-000000000001")
OF_TOPICS = ("low", "high", "drastic", "questions", "solved", "eased", "ease_sum", "ease_squares")
COUNTS = st.builds(DayCounts, **dict.fromkeys(DayCounts.__struct_fields__, st.integers(-1_000_000, 1_000_000)))
CHANGES = st.lists(st.tuples(st.sets(st.sampled_from(TOPICS)), COUNTS), max_size=6)


def told_of_topics(counts: DayCounts) -> DayCounts:
    return DayCounts(**{name: getattr(counts, name) for name in OF_TOPICS})


def rows(changes: Any) -> Any:
    counts: dict[Any, DayCounts] = {}
    for topics, each in changes:
        key = (*KEY, topics_in_one(tuple(topics)), SOURCE_ID)
        counts[key] = counts.get(key, NOTHING).plus(each)
    return rows_of(counts)


@given(CHANGES)
def test_a_row_says_of_each_topic_what_all_that_mention_it_add_up_to(changes):
    wanted: dict[str, DayCounts] = defaultdict(DayCounts)
    for topics, each in changes:
        wanted[ALL] = wanted[ALL].plus(each)
        for topic in topics:
            wanted[topic] = wanted[topic].plus(told_of_topics(each))

    found = rows(changes)
    assert set(found) <= {(*KEY, SOURCE_ID)}
    told = {topic: counts for row in found.values() for topic, counts in topics_of(row)}
    assert {topic: each for topic, each in told.items() if each != NOTHING} == {
        topic: each for topic, each in wanted.items() if each != NOTHING
    }


@given(st.lists(CHANGES, max_size=4))
def test_the_sum_of_rows_says_what_the_sum_of_counts_says(days):
    """As the database adds: nothing and something is something."""
    summed: list[int | None] = [None] * len(NUMBERS)
    for changes in days:
        for row in rows(changes).values():
            summed = [
                add(a, b) if None not in (a, b) else b if a is None else a for a, b in zip(summed, row, strict=True)
            ]
    of_all = list(rows([each for changes in days for each in changes]).values()) or [(None,) * len(NUMBERS)]

    assert dict(topics_of(summed)) == dict(topics_of(of_all[0]))


def test_what_is_taken_away_again_adds_nothing():
    one = DayCounts(low=1, solved=1)
    assert rows([({"delivery"}, one), ({"delivery"}, NOTHING.plus(one, -1))]) == {}


def test_topics_that_are_edited_are_counted_although_all_of_a_day_stays():
    one = DayCounts(low=1)
    [row] = rows([({"delivery"}, NOTHING.plus(one, -1)), ({"clean_safe"}, one)]).values()
    assert dict(topics_of(row)) == {ALL: NOTHING, "delivery": DayCounts(low=-1), "clean_safe": one}


def test_a_topic_that_is_not_mentioned_takes_no_space():
    [row] = rows([({"delivery"}, DayCounts(high=1, high_with_terms=1))]).values()
    assert [name for name, number in zip(NUMBERS, row, strict=True) if number] == [
        "high",
        "high_with_terms",
        "delivery_rated",
    ]
    assert row.count(None) == 4 * len(TOPICS) - 1


def test_every_topic_has_its_columns():
    assert {name.rpartition("_")[0] for name in NUMBERS if name.endswith("_rated")} == TOPIC_TITLES.keys()
