import pytest
from hypothesis import given
from hypothesis import strategies as st

from plaudit.feedback_board.requests.domain.errors import TransitionError
from plaudit.feedback_board.requests.domain.status import DECIDED, TRANSITIONS, Status, check_transition

# Written down once more by hand: what may follow on what.
ALLOWED = {
    ("open", "under_review"),
    ("open", "planned"),
    ("open", "in_progress"),
    ("open", "shipped"),
    ("open", "declined"),
    ("under_review", "open"),
    ("under_review", "planned"),
    ("under_review", "in_progress"),
    ("under_review", "shipped"),
    ("under_review", "declined"),
    ("planned", "open"),
    ("planned", "under_review"),
    ("planned", "in_progress"),
    ("planned", "shipped"),
    ("planned", "declined"),
    ("in_progress", "under_review"),
    ("in_progress", "planned"),
    ("in_progress", "shipped"),
    ("in_progress", "declined"),
    ("shipped", "in_progress"),
    ("declined", "open"),
    ("declined", "under_review"),
}


@given(current=st.sampled_from(Status), wanted=st.sampled_from(Status))
def test_exactly_the_written_transitions_are_allowed(current: Status, wanted: Status) -> None:
    if (current.value, wanted.value) in ALLOWED:
        check_transition(current, wanted)
    else:
        with pytest.raises(TransitionError):
            check_transition(current, wanted)


def test_a_refused_transition_names_the_ways_out() -> None:
    with pytest.raises(TransitionError, match=r"shipped cannot become open; from here it can become: in_progress\."):
        check_transition(Status.SHIPPED, Status.OPEN)


def test_every_status_can_be_reached_and_left() -> None:
    reached = {wanted for ways in TRANSITIONS.values() for wanted in ways}
    assert reached == set(Status)
    assert all(TRANSITIONS[status] for status in Status)


def test_only_what_is_shipped_or_declined_is_decided() -> None:
    assert {Status.SHIPPED, Status.DECLINED} == DECIDED
