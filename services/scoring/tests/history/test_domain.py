import pytest

from plaudit.scoring.history.domain import signed_reviews
from plaudit_testing.scored import change, scored


def test_a_new_review_is_added():
    assert signed_reviews(change(None, scored(4))) == [(1, scored(4))]


def test_a_removed_review_is_taken_away():
    assert signed_reviews(change(scored(4), None)) == [(-1, scored(4))]


@pytest.mark.parametrize(
    "after", [scored(1), scored(subject="acme"), scored(verified=False), scored(origin="invited"), scored(kind="nps")]
)
def test_an_edit_takes_the_old_state_away_and_adds_the_new_one(after):
    assert signed_reviews(change(scored(), after)) == [(-1, scored()), (1, after)]


@pytest.mark.parametrize("state", [None, scored()])
def test_what_no_figure_depends_on_leaves_no_entry(state):
    assert signed_reviews(change(state, state)) == []
