from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plaudit.scoring.history.domain import (
    CREATED_TYPE,
    RevisedChange,
    ToldChange,
    changed_again,
    entries,
    signed_reviews,
)
from plaudit.scoring.profiles.domain import DAY_US
from plaudit.scoring.sums.domain.review import InvalidReviewError, ScoredReview
from plaudit_testing.scored import MOMENT_US, scored

RATED_AT = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=MOMENT_US)


def told(before, after, known_days: float = 0, event_type: str = CREATED_TYPE, review_id: str = "r") -> ToldChange:
    """A change that was recorded so many days after the moment."""
    return ToldChange(
        tenant_id="default",
        type=event_type,
        partition=0,
        epoch=1,
        sequence=1,
        known_at=RATED_AT + timedelta(days=known_days),
        change=RevisedChange(before=before, after=after, review_id=review_id, revision=1),
    )


def rated(days: float, rating: float = 5.0) -> ScoredReview:
    return scored(rating, MOMENT_US + round(days * DAY_US))


def valid_days(*changes: ToldChange, last: dict[str, datetime] | None = None) -> list[tuple[int, float]]:
    """Sign of each entry, and how many days after the moment it took effect."""
    return [(each.sign, (each.valid_at - RATED_AT) / timedelta(days=1)) for each in entries(changes, last or {})]


def change(before, after) -> RevisedChange:
    return told(before, after).change


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


def test_a_review_counts_from_when_its_rating_was_given_however_late_it_is_known():
    assert valid_days(told(None, rated(0), known_days=400)) == [(1, 0)]


def test_a_rating_that_is_given_anew_counts_from_then():
    assert valid_days(told(rated(0, 1), rated(7, 4), 9, "review.edited")) == [(-1, 7), (1, 7)]


@pytest.mark.parametrize(
    ("before", "after", "event_type"),
    [
        (rated(0), None, "review.removed"),
        (None, rated(0), "review.restored"),
        (rated(0), scored(subject="acme"), "review.edited"),
        (rated(0, 1), rated(0, 2), "review.edited"),
        (rated(3), rated(1), "review.edited"),
    ],
    ids=["removed", "restored", "moved", "corrected", "rated earlier"],
)
def test_what_nobody_dates_counts_from_when_it_was_known(before, after, event_type):
    assert {days for _, days in valid_days(told(before, after, 9, event_type))} == {9}


def test_no_entry_takes_effect_before_the_one_before_it():
    moved, edited = scored(subject="acme/hamburg"), scored(4, MOMENT_US + 2 * DAY_US, subject="acme/hamburg")
    changes = [told(rated(0), moved, 5, "review.edited"), told(moved, edited, 6, "review.edited")]

    assert valid_days(*changes) == [(-1, 5), (1, 5), (-1, 5), (1, 5)]
    assert valid_days(changes[1], last={"r": RATED_AT + timedelta(days=5)}) == [(-1, 5), (1, 5)]


states = st.none() | st.builds(
    scored,
    st.sampled_from([1.0, 5.0]),
    st.integers(MOMENT_US - 30 * DAY_US, MOMENT_US),
    subject=st.sampled_from(["acme", "acme/berlin", "globex"]),
)


@given(st.lists(st.tuples(states, st.integers(0, 30)), max_size=8), st.integers(0, 8), st.integers(-40, 40))
def test_at_every_instant_a_review_stands_at_most_once(history, cut, at_days):
    changes, before = [], None
    for number, (after, days) in enumerate(history):
        changes.append(told(before, after, days, "review.edited" if number else CREATED_TYPE))
        before = after
    first = list(entries(changes[:cut], {}))
    last = {"r": first[-1].valid_at} if first else {}
    found = [*first, *entries(changes[cut:], last)]

    at = RATED_AT + timedelta(days=at_days)
    standing: dict[str, int] = {}
    for each in found:
        if each.valid_at <= at:
            standing[each.review.subject] = standing.get(each.review.subject, 0) + each.sign
    assert set(standing.values()) <= {0, 1}
    assert sum(standing.values()) <= 1


def test_only_a_review_that_may_have_entries_is_looked_up():
    changes = [
        told(None, scored(), review_id="new"),
        told(scored(), None, event_type="review.removed", review_id="gone"),
        told(None, scored(), event_type="review.restored", review_id="back"),
    ]

    assert changed_again(changes) == {"gone", "back"}


@pytest.mark.parametrize("unknown", [scored(kind="hearts"), scored(origin="bought")])
def test_a_kind_or_an_origin_that_is_not_known_is_refused(unknown):
    with pytest.raises(InvalidReviewError, match="is known"):
        list(entries([told(None, unknown)], {}))
