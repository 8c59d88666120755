"""What becomes of changes of status that are held, and which are to be told."""

from datetime import UTC, datetime
from uuid import UUID

import pytest

from plaudit.feedback_board.requests.domain.announcement import Announcement, Outcome, is_wanted, settle
from plaudit.feedback_board.requests.domain.status import Status

OPEN, PLANNED, STARTED, SHIPPED = Status.OPEN, Status.PLANNED, Status.IN_PROGRESS, Status.SHIPPED


def held(*moves: tuple[Status, Status, bool]) -> list[Announcement]:
    return [
        Announcement(
            tenant_id="default",
            id=UUID(int=number),
            request_id=UUID(int=99),
            previous_status=before,
            status=after,
            is_wanted=wanted,
            actor_key="",
            changed_at=datetime(2026, 3, 2, tzinfo=UTC),
        )
        for number, (before, after, wanted) in enumerate(moves)
    ]


@pytest.mark.parametrize(
    ("moves", "outcome"),
    [
        ([(OPEN, SHIPPED, True)], Outcome.TOLD),
        ([(OPEN, PLANNED, True), (PLANNED, SHIPPED, True)], Outcome.TOLD),
        ([(OPEN, PLANNED, True), (PLANNED, OPEN, True)], Outcome.UNCHANGED),
        ([(OPEN, PLANNED, True), (PLANNED, SHIPPED, True), (SHIPPED, STARTED, False)], Outcome.NOT_WANTED),
    ],
)
def test_the_last_of_the_changes_counts_unless_the_status_is_what_it_was(moves, outcome) -> None:
    changes = held(*moves)
    settled = settle(changes, is_merged=False)
    assert (settled.last, settled.outcome) == (changes[-1], outcome)
    assert settle(changes, is_merged=True).outcome is Outcome.MERGED


@pytest.mark.parametrize(
    ("status", "notify", "before", "wanted"),
    [
        (SHIPPED, None, [], True),
        (SHIPPED, False, [], False),
        (STARTED, None, [], False),
        (STARTED, True, [], True),
        (STARTED, None, held((OPEN, PLANNED, True)), True),
        (STARTED, None, held((OPEN, PLANNED, False)), False),
        (STARTED, False, held((OPEN, PLANNED, True)), False),
    ],
)
def test_what_follows_a_change_that_was_to_be_told_is_told_unless_staff_say_no(status, notify, before, wanted) -> None:
    assert is_wanted(status, notify, before) is wanted
