"""Deliveries are cut by events and by bytes, and sent again when the receiver says."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plaudit.ingest.transfer.domain.deliveries import Delivery, cut, retry_after_seconds
from plaudit.ingest.transfer.domain.rows import Ready

NOW = datetime(2026, 5, 1, 10, tzinfo=UTC)
USUAL = 1.0


@given(st.lists(st.lists(st.integers(1, 40), min_size=1, max_size=2), max_size=60))
def test_no_delivery_is_larger_than_allowed_and_no_row_is_lost_moved_or_cut(sizes: list[list[int]]):
    rows = [Ready(0, str(n), n, [b"x" * size for size in each], []) for n, each in enumerate(sizes)]
    made = list(cut(rows, max_events=5, max_bytes=100))
    assert [row for each in made for row in each.rows] == rows
    assert all(len(each.body) <= 100 for each in made)
    assert all(len(each.row_of_event) <= 5 for each in made)


def test_a_delivery_knows_the_row_of_each_event_and_can_be_halved():
    rows = [Ready(0, "a", 1, [b"1", b"2"], []), Ready(0, "b", 2, [b"3"], []), Ready(0, "a", 3, [b"4"], [])]
    delivery = Delivery(rows)
    assert (delivery.body, delivery.row_of_event, delivery.ids) == (b"[1,2,3,4]", [0, 0, 1, 2], {"a", "b"})
    assert [half.body for half in delivery.halves()] == [b"[1,2]", b"[3,4]"]
    assert delivery.digest == Delivery(rows[:]).digest != Delivery(rows[:2]).digest


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("2", 2.0),
        ("0.5", 0.5),
        ("0", 0.0),
        ("Fri, 01 May 2026 10:00:02 GMT", 2.0),
        ("Fri, 01 May 2026 09:00:00 GMT", 0.0),
        ("Fri, 01 May 2026 10:00:02 -0000", 2.0),
        ("Sat, 01 May 2027 10:00:00 GMT", 300.0),
        ("99999", 300.0),
        ("1e400", 300.0),
        (None, USUAL),
        ("", USUAL),
        ("soon", USUAL),
        ("-5", USUAL),
        ("nan", USUAL),
        ("Fri, 99 May 2026 10:00:02 GMT", USUAL),
    ],
)
def test_retry_after_is_read_in_both_forms_and_what_cannot_be_read_is_the_usual_wait(value, seconds: float):
    assert retry_after_seconds(value, NOW, USUAL) == seconds
