"""How a review stood when, from what its revisions say in any order."""

import random
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plaudit.common.contracts import ReviewChange, ReviewState
from plaudit.common.ids import uuid7
from plaudit.scoring.answers.domain.life import FOR_EVER_US, Revision, Stand, revision_of, stands_of
from plaudit.scoring.answers.domain.places import MAX_REVISIONS, merged, places_of
from plaudit.scoring.answers.domain.review import AnswerableChange
from plaudit.scoring.sums.domain.decay import unix_us
from plaudit_testing.answered import BEGINNING, HOUR, Told, answer, lived, standing
from plaudit_testing.review_events import review_state

SEEDS = st.integers(0, 2**32)


def at(hours: float) -> datetime:
    return BEGINNING + hours * HOUR


def hours(at_us: int | None) -> float | None:
    return None if at_us is None else (at_us - unix_us(BEGINNING)) / (HOUR // timedelta(microseconds=1))


def change(told: Told) -> AnswerableChange:
    """The change as the bus tells it."""
    data = ReviewChange(
        review_id=told.review_id, revision=told.revision, before=told.before, after=told.after, answers=told.answers
    )
    return msgspec.json.decode(msgspec.json.encode(data), type=AnswerableChange)


def life_of(*told: Told) -> list[Revision]:
    found = [revision_of(change(each), each.time) for each in told]
    return merged([], [each for each in found if each is not None])


def negative(**fields: Any) -> ReviewState:
    return review_state(2.0, "acme", published_at=at(0), rated_at=at(0), **fields)


def told(*states: tuple[float, ReviewState | None]) -> list[Told]:
    """A review that goes through states, each known at an hour."""
    before, found = None, []
    for revision, (hour, state) in enumerate(states, start=1):
        found.append(Told("r", revision, "", at(hour), before, state))
        before = state
    return found


def seen(*states: tuple[float, ReviewState | None]) -> list[tuple[float | None, float | None, float | None, Any]]:
    """How the review stands: from and until which hour, when it was answered, whether it is raised."""
    return [
        (
            hours(stand.from_us),
            None if stand.until_us == FOR_EVER_US else hours(stand.until_us),
            hours(stand.state.answered_us),
            stand.is_raised,
        )
        for stand in stands_of(life_of(*told(*states)))
    ]


def rated(rating: float, hour: float, state: ReviewState) -> ReviewState:
    return msgspec.structs.replace(state, rating=rating, rated_at=at(hour))


def answered(state: ReviewState, hour: float, as_state: str = "published") -> ReviewState:
    return msgspec.structs.replace(state, answer=answer(at(hour), as_state))


def test_an_answer_is_one_from_its_publication_however_late_it_is_told() -> None:
    assert seen((1, negative()), (50, answered(negative(), 3))) == [(0, None, 3, False)]


@pytest.mark.parametrize("state", ["pending", "rejected", "something"])
def test_an_answer_that_is_not_published_is_none(state: str) -> None:
    assert seen((1, negative()), (5, answered(negative(), 3, state))) == [(0, None, None, None)]


def test_a_changed_answer_leaves_the_time_of_the_first() -> None:
    assert seen((1, negative()), (5, answered(negative(), 4)), (9, answered(negative(), 8))) == [(0, None, 4, False)]


def test_an_answer_that_is_taken_away_is_none_from_then_on_and_a_new_one_counts_with_its_own_time() -> None:
    states = [(1, negative()), (5, answered(negative(), 4)), (9, negative()), (20, answered(negative(), 19))]

    assert seen(*states[:3]) == [(0, 9, 4, False), (9, None, None, None)]
    assert seen(*states) == [(0, 9, 4, False), (9, None, 19, False)]


def test_a_negative_review_is_raised_by_a_star_or_more_after_its_answer() -> None:
    one = answered(negative(), 4)

    assert seen((1, negative()), (5, one), (9, rated(3.0, 8, one))) == [(0, 8, 4, False), (8, None, 4, True)]
    assert seen((1, negative()), (5, one), (9, rated(2.9, 8, one))) == [(0, None, 4, False)]


def test_a_star_is_a_star_whatever_binary_fractions_make_of_it() -> None:
    first = rated(2.3, 0, negative())
    one = answered(first, 4)

    assert seen((1, first), (5, one), (9, rated(3.3, 8, one)))[-1] == (8, None, 4, True)


def test_what_was_raised_before_the_answer_is_no_recovery() -> None:
    raised = rated(4.0, 3, negative())

    assert seen((1, negative()), (4, raised), (9, answered(raised, 5))) == [(0, None, 5, None)]


def test_an_answer_that_is_told_after_the_edit_but_was_published_before_it_counts_for_it() -> None:
    raised = rated(4.0, 8, negative())

    assert seen((1, negative()), (9, raised), (20, answered(raised, 5))) == [(0, 8, 5, False), (8, None, 5, True)]


def test_one_that_is_raised_and_lowered_again_is_not_raised() -> None:
    one = answered(negative(), 4)
    states = [(1, negative()), (5, one), (9, rated(4.0, 8, one)), (13, rated(1.0, 12, one))]

    assert seen(*states) == [(0, 8, 4, False), (8, 12, 4, True), (12, None, 4, False)]


def test_a_removed_review_is_nowhere_until_it_is_restored() -> None:
    one = answered(negative(), 4)

    assert seen((1, negative()), (5, one), (9, None), (30, one)) == [(0, 9, 4, False), (30, None, 4, False)]


def waits(*states: tuple[float, ReviewState | None]) -> list[tuple[float | None, float | None]]:
    """From which hour the review waits in each of its stands, and when it is answered."""
    stands = stands_of(life_of(*told(*states)))
    return [(hours(stand.state.published_us), hours(stand.state.answered_us)) for stand in stands]


def test_a_review_that_is_back_waits_from_then_on_for_nobody_could_answer_it() -> None:
    hidden = [(1, negative()), (2, None), (700, negative())]

    assert waits(*hidden) == [(0, None), (700, None)]
    assert waits(*hidden, (702, answered(negative(), 701))) == [(0, 701), (700, 701)]
    # Twice; and its rating is given anew meanwhile.
    again = [*hidden, (710, None), (900, negative()), (905, answered(rated(4.0, 902, negative()), 904))]
    assert waits(*again) == [(0, 904), (700, 904), (900, 904)]


def test_one_that_was_answered_before_it_was_removed_keeps_its_wait() -> None:
    one = answered(negative(), 4)

    assert waits((1, negative()), (5, one), (9, None), (30, one)) == [(0, 4), (0, 4)]
    # Its answer is taken away after it is back, and a new one is written: that one is of the wait since then.
    assert waits((1, negative()), (5, one), (9, None), (30, one), (40, negative()), (50, answered(negative(), 48))) == [
        (0, 4), (0, 4), (30, 48),
    ]  # fmt: skip


def test_an_answer_that_lies_after_another_removal_is_of_each_wait_as_it_stood() -> None:
    """It is dated after the second restoration: until the second removal the review has waited since the first."""
    states = [(1, negative()), (2, None), (10, negative()), (20, None), (30, negative())]

    assert waits(*states, (33, answered(negative(), 32))) == [(0, 32), (10, 32), (30, 32)]


def test_a_review_whose_beginning_was_not_seen_is_nowhere() -> None:
    assert stands_of(life_of(*told((1, negative()), (5, answered(negative(), 4)))[1:])) == []


def test_what_is_not_in_stars_is_not_kept() -> None:
    state = review_state(4.6, "acme", kind="nps")

    assert life_of(*told((1, state), (5, answered(state, 4)))) == []


def test_what_changes_words_alone_is_not_kept() -> None:
    assert len(life_of(*told((1, negative()), (5, negative(text="Other words."))))) == 1


@pytest.mark.parametrize(
    ("fields", "said"),
    [({"rating": 5.5}, "off the scale"), ({"rating": 0.5}, "off the scale"), ({"subject": "No"}, "no subject")],
)
def test_what_cannot_be_counted_is_refused(fields: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        life_of(*told((1, msgspec.structs.replace(negative(), **fields))))


@given(SEEDS)
def test_a_stand_of_every_instant_is_what_the_events_say(seed: int) -> None:
    events = lived(random.Random(seed), BEGINNING)
    stands = stands_of(life_of(*events))

    moments = {each.time for each in events} | {each.after.rated_at for each in events if each.after}
    moments |= {each.after.answer.published_at for each in events if each.after and each.after.answer}
    for moment in {each + shift for each in moments for shift in (-HOUR, timedelta(0), HOUR / 4)}:
        at_us = unix_us(moment)
        found = [
            stand for stand in stands if stand.from_us <= at_us < stand.until_us and stand.state.published_us <= at_us
        ]
        wanted = standing(events, moment)
        assert len(found) == (wanted is not None)
        if wanted:
            assert _told_of(found[0], at_us) == (
                wanted.state.subject,
                wanted.state.source.id,
                wanted.answered_at and unix_us(wanted.answered_at),
                wanted.is_raised,
            )


def _told_of(stand: Stand, at_us: int) -> tuple[str, str, int | None, bool | None]:
    state, answered_us = stand.state, stand.state.answered_us
    is_answered = answered_us is not None and answered_us <= at_us
    return (
        state.subject,
        str(state.source_id),
        answered_us if is_answered else None,
        stand.is_raised if is_answered else None,
    )


@given(SEEDS, st.randoms(use_true_random=False))
def test_order_and_repetition_make_no_difference(seed: int, order: random.Random) -> None:
    events = lived(random.Random(seed), BEGINNING)
    shuffled = events + order.sample(events, len(events) // 2)
    order.shuffle(shuffled)
    life: list[Revision] = []
    for each in shuffled:
        life = merged(life, life_of(each))

    assert life == life_of(*events)
    stands = stands_of(life)
    assert all(one.until_us <= other.from_us for one, other in pairwise(stands))
    places = list(places_of("default", uuid7(), life))
    assert (
        len({place.key for place in places})
        == len(places)
        == sum(stand.state.subject.count("/") + 1 for stand in stands)
    )


@given(SEEDS)
def test_a_life_is_stored_as_it_is(seed: int) -> None:
    life = life_of(*lived(random.Random(seed), datetime(1970, 1, 1, tzinfo=UTC)))

    assert msgspec.json.decode(msgspec.json.encode(life), type=list[Revision]) == life


def edited(count: int) -> list[Revision]:
    """A review whose rating is changed again and again, an hour apart."""
    return life_of_all(told((0, negative()), *((n, rated(1.0 + n % 2, n, negative())) for n in range(1, count))))


def life_of_all(events: list[Told]) -> list[Revision]:
    return [each for event in events if (each := revision_of(change(event), event.time)) is not None]


@given(SEEDS)
def test_of_a_long_life_the_first_and_the_newest_revisions_are_kept_in_whatever_order_they_came(seed: int) -> None:
    chance = random.Random(seed)
    everything = edited(3 * MAX_REVISIONS)
    shuffled = [*everything, *chance.sample(everything, MAX_REVISIONS)]
    chance.shuffle(shuffled)
    life: list[Revision] = []
    while shuffled:
        size = chance.randrange(1, 200)
        life = merged(life, shuffled[:size])
        shuffled = shuffled[size:]

    assert life == [everything[0], *everything[1 - MAX_REVISIONS :]]


def test_a_long_life_stands_as_its_newest_revision_says() -> None:
    events = told((0, negative()), *((n, rated(1.0 + n % 2, n, negative())) for n in range(1, 2 * MAX_REVISIONS)))
    last = rated(4.0, 2 * MAX_REVISIONS, answered(negative(), 2 * MAX_REVISIONS - 0.5))
    events.append(Told("r", len(events) + 1, "", at(2 * MAX_REVISIONS), events[-1].after, last))

    newest = stands_of(merged([], life_of_all(events)))[-1]

    assert (newest.state.rating, hours(newest.state.answered_us), newest.is_raised, newest.until_us) == (
        4.0,
        2 * MAX_REVISIONS - 0.5,
        True,
        FOR_EVER_US,
    )
