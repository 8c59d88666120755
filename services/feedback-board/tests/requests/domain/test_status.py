import pytest
from hypothesis import given
from hypothesis import strategies as st

from plaudit.feedback_board.requests.domain.errors import InvalidInputError, TransitionError
from plaudit.feedback_board.requests.domain.status import DECIDED, TRANSITIONS, Status, check_transition

# The table of the research, written down once more by hand: what may follow on what, and which needs a reason.
ALLOWED = {
    ("open", "under_review"): False,
    ("open", "planned"): False,
    ("open", "in_progress"): False,
    ("open", "shipped"): True,
    ("open", "declined"): True,
    ("under_review", "open"): True,
    ("under_review", "planned"): False,
    ("under_review", "in_progress"): False,
    ("under_review", "shipped"): True,
    ("under_review", "declined"): True,
    ("planned", "open"): True,
    ("planned", "under_review"): True,
    ("planned", "in_progress"): False,
    ("planned", "shipped"): False,
    ("planned", "declined"): True,
    ("in_progress", "under_review"): True,
    ("in_progress", "planned"): True,
    ("in_progress", "shipped"): False,
    ("in_progress", "declined"): True,
    ("shipped", "in_progress"): True,
    ("declined", "open"): True,
    ("declined", "under_review"): True,
}


@given(current=st.sampled_from(Status), wanted=st.sampled_from(Status))
def test_exactly_the_written_transitions_are_allowed(current: Status, wanted: Status) -> None:
    if (current.value, wanted.value) in ALLOWED:
        check_transition(current, wanted, "Why.")
    else:
        with pytest.raises(TransitionError):
            check_transition(current, wanted, "Why.")


@pytest.mark.parametrize(("current", "wanted"), ALLOWED)
def test_a_reason_is_needed_exactly_where_the_table_says_so(current: str, wanted: str) -> None:
    if ALLOWED[current, wanted]:
        with pytest.raises(InvalidInputError, match=f"{current} becomes {wanted} only with a public reason") as refused:
            check_transition(Status(current), Status(wanted), None)
        assert refused.value.field == "reason"
    else:
        check_transition(Status(current), Status(wanted), None)


@pytest.mark.parametrize(
    ("current", "ways"),
    [
        (Status.SHIPPED, "in_progress (with a reason)."),
        (
            Status.IN_PROGRESS,
            "under_review (with a reason), planned (with a reason), shipped, declined (with a reason).",
        ),
    ],
)
def test_a_refused_transition_names_the_ways_out_and_what_they_need(current: Status, ways: str) -> None:
    with pytest.raises(TransitionError) as refused:
        check_transition(current, Status.OPEN, "Why.")
    assert str(refused.value) == f"A request that is {current} cannot become open; from here it can become: {ways}"


def test_every_status_can_be_reached_and_left() -> None:
    reached = {wanted for ways in TRANSITIONS.values() for wanted in ways}
    assert reached == set(Status)
    assert all(TRANSITIONS[status] for status in Status)


def test_only_what_is_shipped_or_declined_is_decided() -> None:
    assert {Status.SHIPPED, Status.DECLINED} == DECIDED
