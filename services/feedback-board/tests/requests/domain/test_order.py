import itertools
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plaudit.feedback_board.requests.domain.order import Order, sort_key
from plaudit.feedback_board.requests.domain.priority import IMPACTS, Sizing
from plaudit.feedback_board.requests.domain.request import Draft, Request, new_request, sized

NOON = datetime(2026, 3, 7, 12, tzinfo=UTC)
# Few different values, so that ties happen at every level of the order.
moments = st.integers(0, 3).map(lambda microseconds: NOON + timedelta(microseconds=microseconds))
sizings = st.none() | st.builds(Sizing, st.sampled_from(IMPACTS), st.sampled_from([Decimal("0.25"), Decimal(1)]))


@st.composite
def requests(draw: st.DrawFn) -> Request:
    request = new_request("t", draw(st.uuids()), "s", Draft(title="Request", text=""), draw(moments))
    figures = {name: draw(st.integers(0, 2)) for name in ("reach", "votes", "trend")}
    request = replace(request, **figures, weighted_reach=Decimal(figures["reach"]))
    return replace(sized(request, draw(sizings)), last_mention_at=draw(moments))


boards = st.lists(requests(), max_size=12, unique_by=lambda request: request.id)
orders = st.sampled_from(Order)


@given(boards, orders)
def test_no_two_requests_are_equal_in_an_order(board: list[Request], order: Order) -> None:
    keys = [sort_key(order, request) for request in board]
    assert len(set(keys)) == len(board)


@given(boards, orders, st.randoms())
def test_the_order_does_not_depend_on_how_the_requests_came(board: list[Request], order: Order, random) -> None:
    shuffled = random.sample(board, len(board))
    one, other = (sorted(requests, key=lambda request: sort_key(order, request)) for requests in (board, shuffled))
    assert one == other


@given(requests(), requests())
def test_priority_order_compares_field_by_field(one: Request, other: Request) -> None:
    """An oracle that spells the rule out: score descending with nulls last, reach, last mention, older, id."""

    def before(a: Request, b: Request) -> bool:
        if a.priority != b.priority:
            return b.priority is None or (a.priority is not None and a.priority > b.priority)
        if a.reach != b.reach:
            return a.reach > b.reach
        if a.last_mention_at != b.last_mention_at:
            return a.last_mention_at > b.last_mention_at
        if a.created_at != b.created_at:
            return a.created_at < b.created_at
        return a.id < b.id

    assert (sort_key(Order.PRIORITY, one) < sort_key(Order.PRIORITY, other)) == before(one, other)


def _request(number: int, **fields: object) -> Request:
    return replace(new_request("t", UUID(int=number), "s", Draft(title="Request", text=""), NOON), **fields)


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        (Order.PRIORITY, [3, 2, 1, 4, 5]),
        (Order.VOTES, [5, 4, 1, 2, 3]),
        (Order.TRENDING, [2, 4, 1, 3, 5]),
        (Order.NEWEST, [4, 1, 2, 3, 5]),
    ],
)
def test_requests_stand_where_the_order_says(order: Order, expected: list[int]) -> None:
    day = timedelta(days=1)
    board = [
        _request(1, priority=Decimal(1)),
        _request(2, priority=Decimal(2), trend=1),
        _request(3, priority=Decimal(2), reach=1),
        _request(4, reach=9, created_at=NOON + day, last_mention_at=NOON + day),
        _request(5, reach=8, votes=3, created_at=NOON - day),
    ]
    for shuffled in itertools.islice(itertools.permutations(board), 24):
        found = sorted(shuffled, key=lambda request: sort_key(order, request))
        assert [request.id.int for request in found] == expected
