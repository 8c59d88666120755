from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plaudit.scoring.history.domain import (
    CREATED_TYPE,
    ChangedDay,
    Happened,
    LastEntry,
    Past,
    RevisedChange,
    SortedReview,
    ToldChange,
    changed_again,
    days_past,
    entries,
    signed_reviews,
    without_topics,
)
from plaudit.scoring.profiles.domain import DAY_US
from plaudit.scoring.sums.domain.review import InvalidReviewError
from plaudit.scoring.topics.domain import ERASED, OTHER_TOPIC, TOPICS
from plaudit_testing.scored import MOMENT_US
from plaudit_testing.scored import sorted_review as scored

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


def rated(days: float, rating: float = 5.0) -> SortedReview:
    return scored(rating, MOMENT_US + round(days * DAY_US))


def valid_days(*changes: ToldChange, last: dict[str, LastEntry] | None = None) -> list[tuple[int, float]]:
    """Sign of each entry, and how many days after the moment it took effect."""
    return [(each.sign, (each.valid_at - RATED_AT) / timedelta(days=1)) for each in entries(changes, last or {})]


def last_entry(days: float = 0) -> LastEntry:
    """An entry that took effect so many days after the moment."""
    at = RATED_AT + timedelta(days=days)
    return LastEntry(at, Past(5, 5, RATED_AT, RATED_AT))


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


@pytest.mark.parametrize(
    ("before", "after", "event_type"),
    [
        (None, rated(1), CREATED_TYPE),
        (rated(0), rated(1, 4), "review.edited"),
        (rated(1), None, "review.removed"),
        (None, rated(1), "review.restored"),
    ],
    ids=["created", "rated anew", "removed", "restored"],
)
def test_a_rating_of_a_clock_that_is_ahead_counts_from_when_it_was_known(before, after, event_type):
    assert {days for _, days in valid_days(told(before, after, 0.5, event_type))} == {0.5}


def test_no_entry_takes_effect_before_the_one_before_it():
    moved, edited = scored(subject="acme/hamburg"), scored(4, MOMENT_US + 2 * DAY_US, subject="acme/hamburg")
    changes = [told(rated(0), moved, 5, "review.edited"), told(moved, edited, 6, "review.edited")]

    assert valid_days(*changes) == [(-1, 5), (1, 5), (-1, 5), (1, 5)]
    assert valid_days(changes[1], last={"r": last_entry(5)}) == [(-1, 5), (1, 5)]


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
    last = {"r": first[-1]} if first else {}
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


@pytest.mark.parametrize(
    ("states", "event_type", "known_days", "happened"),
    [
        ((None, rated(0)), CREATED_TYPE, 1, Happened.NEW),
        ((None, rated(0)), CREATED_TYPE, 1.01, Happened.LATE),
        ((rated(0), rated(1, 4)), "review.edited", 1, Happened.EDITED),
        ((rated(0), scored(subject="acme")), "review.edited", 1, Happened.MOVED),
        ((rated(0), scored(4, subject="acme")), "review.edited", 1, Happened.EDITED),
        ((rated(0), None), "review.removed", 1, Happened.REMOVED),
        ((None, rated(0)), "review.restored", 9, Happened.RESTORED),
        ((rated(0), None), "review.erased", 1, Happened.ERASED),
    ],
    ids=["created", "late", "edited", "moved", "edited and moved", "removed", "restored", "erased"],
)
def test_an_entry_says_what_happened(states, event_type, known_days, happened):
    last = {} if event_type == CREATED_TYPE else {"r": last_entry()}

    found = entries([told(*states, known_days, event_type)], last)

    assert {each.happened for each in found} == {happened}


def test_a_review_that_was_removed_before_it_was_ever_seen_is_new_when_it_is_restored():
    [entry] = entries([told(None, rated(0), 0, "review.restored")], {})

    assert entry.happened == Happened.NEW


def test_each_entry_of_an_edit_says_what_the_other_state_is():
    before, after = scored(1, kind="nps"), scored(4.5, subject="acme")

    found = [*entries([told(before, after, 1, "review.edited")], {})]

    assert [(each.other_star, each.other_traits, each.other_subject) for each in found] == [
        (5, found[1].traits, "acme"),
        (1, found[0].traits, "acme/berlin"),
    ]


def test_an_entry_has_the_topics_of_its_state_and_none_of_a_review_that_was_erased():
    before, after = scored(topics=("delivery",)), scored(1, topics=("price_fees", "of the future"))
    changes = [told(before, after, 1, "review.edited"), told(after, None, 2, "review.erased")]

    assert [each.topics for each in entries(changes, {})] == [
        1 << TOPICS.index("delivery"),
        1 << TOPICS.index("price_fees") | 1 << OTHER_TOPIC,
        ERASED,
    ]


def test_an_entry_of_a_review_that_was_erased_keeps_no_topic_and_all_others_theirs():
    changes = [told(None, scored(topics=("delivery",)), review_id=name) for name in ("gone", "here")]
    found = [*entries(changes, {})]

    assert [each.topics for each in without_topics(found, {("default", "gone")})] == [ERASED, found[1].topics]
    assert without_topics(found, {("another", "gone"), ("default", "nowhere")}) == found


def test_topics_alone_leave_no_entry():
    assert signed_reviews(change(scored(topics=("delivery",)), scored())) == []


def test_days_that_are_past_when_the_ledger_learns_of_them_are_told_once():
    found = [*entries([told(None, rated(0), 0), told(None, rated(1), 1), told(None, rated(0), 0)], {})]

    assert days_past(found, RATED_AT + timedelta(days=1, hours=3)) == [ChangedDay("default", 20_000)]
    assert days_past(found, RATED_AT) == []


def stored(entry):
    """The last entry of a review as the ledger holds it."""
    return LastEntry(entry.valid_at, entry.past)


def bounds(entry):
    return (entry.lowest, entry.highest, entry.newest_before, entry.first_shown_at)


def test_a_change_says_how_far_apart_the_ratings_of_its_review_were_and_when_the_newest_before_was_given():
    states = [rated(0, 3.5), rated(2, 4.5), rated(1, 2.0)]
    changes = [
        told(None, states[0], 1),
        told(states[0], states[1], 3, "review.edited"),
        told(states[1], states[2], 4, "review.edited"),
        told(states[2], None, 5, "review.removed"),
        told(None, states[2], 6, "review.restored"),
    ]
    new, *changed = entries(changes, {})

    shown_at = RATED_AT + timedelta(days=1)
    assert bounds(new) == (None, None, None, None)
    assert [bounds(each) for each in changed] == [
        (3, 5, RATED_AT, shown_at),
        (3, 5, RATED_AT, shown_at),
        *[(2, 5, RATED_AT + timedelta(days=2), shown_at)] * 4,
    ]


def test_when_a_review_was_first_shown_is_not_told_of_one_whose_first_state_is_not_there():
    edit = told(rated(0, 1), rated(0, 4), 3, "review.edited")

    assert [bounds(each) for each in entries([edit], {})] == [(1, 4, RATED_AT, None)] * 2


@given(st.lists(st.tuples(states, st.integers(0, 30)), max_size=8), st.integers(0, 8))
def test_what_a_change_says_of_its_review_bounds_all_states_until_then_wherever_batches_end(history, cut):
    changes, before = [], None
    for number, (after, days) in enumerate(history):
        changes.append(told(before, after, days, "review.edited" if number else CREATED_TYPE))
        before = after
    first = list(entries(changes[:cut], {}))
    found = [*first, *entries(changes[cut:], {"r": stored(first[-1])} if first else {})]

    assert [bounds(each) for each in found] == [bounds(each) for each in entries(changes, {})]
    for number, each in enumerate(found):
        if each.lowest is not None:
            until = [one.review for one in found[: number + 1]]
            assert each.lowest <= min(one.rating for one in until) <= max(one.rating for one in until) <= each.highest
            gone = [one.review.rated_at for one in found[:number] if one.told is not each.told]
            assert each.newest_before >= max([*gone, *([each.review.rated_at] if each.sign < 0 else [])])
