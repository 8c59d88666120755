"""Figures of answers to the reviews of several sources."""

from random import Random
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from plaudit.common.statistics.waiting import Waits
from plaudit.scoring.answers.domain.figures import SourceReviews, answers_of

HOUR_US = 3_600_000_000
TIMES = st.lists(st.integers(0, 400).map(lambda hours: hours * HOUR_US), max_size=12)


def source_reviews(number: int, answered: list[int], waiting: list[int]) -> SourceReviews:
    return SourceReviews(
        UUID(int=number),
        is_told=True,
        count=len(answered) + len(waiting),
        waits=Waits(answered, waiting),
        answered_negatives=0,
        raised=0,
    )


@given(st.lists(st.tuples(TIMES, TIMES), max_size=3), st.randoms())
def test_the_order_in_which_waits_are_read_changes_nothing(
    sources: list[tuple[list[int], list[int]]], chance: Random
) -> None:
    in_order = [source_reviews(number, *map(sorted, times)) for number, times in enumerate(sources)]
    shuffled = [
        source_reviews(number, *(chance.sample(each, len(each)) for each in times))
        for number, times in enumerate(sources)
    ]

    assert answers_of(90, None, shuffled) == answers_of(90, None, in_order)


def test_all_sources_together_are_more_than_their_mean() -> None:
    quick = source_reviews(1, [HOUR_US] * 3, [])
    slow = source_reviews(2, [100 * HOUR_US], [])

    found = answers_of(90, None, [slow, quick])

    assert found.all.median_us == HOUR_US
    assert found.all.within == {24: 0.75, 72: 0.75, 168: 1.0}
    assert {each: figures.median_us for each, figures in found.by_source.items()} == {
        UUID(int=1): HOUR_US,
        UUID(int=2): 100 * HOUR_US,
    }
