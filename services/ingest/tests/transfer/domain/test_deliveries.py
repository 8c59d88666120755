"""Deliveries are cut by events and by bytes."""

from hypothesis import given
from hypothesis import strategies as st

from plaudit.ingest.transfer.domain.deliveries import Delivery, cut
from plaudit.ingest.transfer.domain.rows import Ready


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
