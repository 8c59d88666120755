"""The orders that requests are listed in. Each is total: no two requests are equal in it."""

from collections.abc import Callable, Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final, TypeAlias
from uuid import UUID

from plaudit.feedback_board.requests.domain.request import Request
from plaudit.feedback_board.requests.domain.times import microseconds

HUNDREDTHS: Final = 100
"""A priority has two decimals, so a hundred times it is whole."""
UNSIZED: Final = 1
"""In place of a priority, which stands as its negative: after all of those."""

SortKey: TypeAlias = tuple[int | UUID, ...]
"""Ascends with the list. It is the cursor of a page too: the store orders by columns of the same values."""


class Order(StrEnum):
    """How a list is sorted."""

    PRIORITY = "priority"
    """Priority descending with the unsized last, reach descending, last mention descending, older first, id."""
    VOTES = "votes"
    """Votes descending, last mention descending, older first, id."""
    TRENDING = "trending"
    """Trend descending, which votes and linked reviews of late make; newer first, id."""
    NEWEST = "newest"
    """Newer first, id."""


def _by_priority(request: Request) -> SortKey:
    return (
        UNSIZED if request.priority is None else -int(request.priority * HUNDREDTHS),
        -request.reach,
        -microseconds(request.last_mention_at),
        microseconds(request.created_at),
        request.id,
    )


def _by_votes(request: Request) -> SortKey:
    return (-request.votes, -microseconds(request.last_mention_at), microseconds(request.created_at), request.id)


def _by_trend(request: Request) -> SortKey:
    return (-request.trend, -microseconds(request.created_at), request.id)


def _by_newness(request: Request) -> SortKey:
    return (-microseconds(request.created_at), request.id)


_KEYS: Final[Mapping[Order, Callable[[Request], SortKey]]] = MappingProxyType(
    {
        Order.PRIORITY: _by_priority,
        Order.VOTES: _by_votes,
        Order.TRENDING: _by_trend,
        Order.NEWEST: _by_newness,
    }
)


def sort_key(order: Order, request: Request) -> SortKey:
    """Return the place of a request in an order, to compare with those of others."""
    return _KEYS[order](request)
