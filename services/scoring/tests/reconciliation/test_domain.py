"""What a comparison leaves out, and when a night's one begins."""

from datetime import UTC, datetime

import msgspec
import pytest

from plaudit.scoring.reconciliation.domain import (
    LeftOut,
    Letter,
    Outcome,
    begins_at,
    left_out,
    windows_of,
    windows_of_night,
)
from plaudit_testing.review_events import pending_envelope, review_state

MOVED = pending_envelope(review_state(1, "acme/berlin"), review_state(1, "globex/berlin"))


def test_what_one_group_alone_has_set_aside_leaves_its_subjects_out() -> None:
    assert left_out([Letter(0, 7, "scoring-live", MOVED)]) == LeftOut(
        frozenset({("default", "acme"), ("default", "globex")}), frozenset()
    )


def test_what_both_groups_have_set_aside_leaves_nothing_out() -> None:
    letters = [Letter(0, 7, group, MOVED) for group in ("scoring-live", "scoring-history")]

    assert left_out(letters) == LeftOut(frozenset(), frozenset())


@pytest.mark.parametrize("value", [None, b"{", b"{}", MOVED.replace(b"acme/berlin", b"ACME BERLIN")])
def test_a_record_that_cannot_be_read_leaves_its_partition_out(value: bytes | None) -> None:
    assert left_out([Letter(3, 7, "scoring-live", value)]).partitions == {3}


def test_a_night_begins_at_two() -> None:
    assert begins_at(datetime(2026, 3, 2, 2, 0, tzinfo=UTC)) == datetime(2026, 3, 2, 2, tzinfo=UTC)
    assert begins_at(datetime(2026, 3, 2, 1, 59, 59, tzinfo=UTC)) == datetime(2026, 3, 1, 2, tzinfo=UTC)


def test_outcomes_add_up() -> None:
    ones, tens = Outcome(1, 2, 3, 4, 5, 6, 7, 8), Outcome(10, 20, 30, 40, 50, 60, 70, 80)
    assert ones + tens == Outcome(11, 22, 33, 44, 55, 66, 77, 88)
    assert set(msgspec.structs.astuple(Outcome())) == {0}


def test_changes_are_compared_in_windows_that_hold_each_day_once_the_newest_first() -> None:
    windows = windows_of(6_400 - 70, 6_400 + 10)

    assert windows == [(6_336, 6_410), (6_272, 6_336)]
    assert windows_of(6_400, 6_410) == [(6_336, 6_410)]


def test_every_night_compares_the_newest_days_and_nights_take_turns_at_the_others() -> None:
    windows = windows_of(0, 6_400)

    nights = [windows_of_night(windows, day) for day in range(2_000)]

    assert all(newest == windows[0] for newest, _ in nights)
    assert {older for _, older in nights} == set(windows[1:])
    assert windows_of_night(windows[:1], 1) == windows[:1]
