"""Which ratings a review had, and which one a later one is compared with."""

from datetime import timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from plaudit.alerting.reviews.domain import MAX_RATINGS, Rating, base_of, ratings_of
from plaudit_testing.clocks import PUBLISHED, at

TOLD = st.lists(
    st.builds(
        Rating,
        st.integers(0, 50).map(lambda hours: PUBLISHED + timedelta(hours=hours)),
        st.sampled_from([1.0, 2.0, 3.0, 5.0]),
    ),
    max_size=MAX_RATINGS,
    unique_by=lambda rating: rating.rated_at,
)


@given(TOLD)
def test_told_one_by_one_ratings_are_those_that_are_told_at_once(told):
    found = ()
    for each in sorted(told):
        found = ratings_of(found, [each])
    assert found == ratings_of((), told)


@given(TOLD)
def test_each_rating_differs_from_the_one_before(told):
    found = ratings_of((), told)
    assert all(one.rating != two.rating and one.rated_at < two.rated_at for one, two in pairwise(found))


def test_of_very_many_ratings_the_first_and_the_newest_are_kept():
    told = [Rating(at(hours), 1.0 + hours % 2) for hours in range(100)]
    found = ratings_of((), told)
    assert (found[0], found[1], found[-1], len(found)) == (told[0], told[101 - MAX_RATINGS], told[-1], MAX_RATINGS)


def test_the_rating_that_stood_when_it_was_answered_is_the_base():
    history = [Rating(at(0), 5.0), Rating(at(2), 1.0), Rating(at(4), 3.0)]
    assert base_of(history, at(3)) == history[1]
    assert base_of(history, at(4)) == history[2]
    assert base_of(history, at(-1)) is None


def test_without_an_answer_it_is_the_first_negative_one():
    assert base_of([Rating(at(0), 5.0), Rating(at(2), 2.0), Rating(at(4), 1.0)], None) == Rating(at(2), 2.0)
    assert base_of([Rating(at(0), 2.5)], None) is None
