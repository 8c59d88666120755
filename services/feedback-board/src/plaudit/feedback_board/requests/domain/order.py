"""The orders that requests are listed in. Each is total: no two requests are equal in it."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Final, TypeAlias
from uuid import UUID

from plaudit.feedback_board.requests.domain.request import Request

UNIX_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND: Final = timedelta(microseconds=1)
HUNDREDTHS: Final = 100
"""A priority has two decimals, so a hundred times it is whole."""

SortKey: TypeAlias = tuple[int | UUID, ...]
"""Ascends with the list. It is the cursor of a page too: the store orders by the same expressions."""


class Order(StrEnum):
    """How a list is sorted."""

    PRIORITY = "priority"
    """Priority descending with the unsized last, reach descending, last mention descending, older first, id."""
    VOTES = "votes"
    """Votes descending, last mention descending, older first, id."""
    NEWEST = "newest"
    """Newer first, id."""


def microseconds(moment: datetime) -> int:
    """Return an instant as microseconds since the Unix epoch."""
    return (moment - UNIX_EPOCH) // MICROSECOND


def _by_priority(request: Request) -> SortKey:
    return (
        int(request.priority is None),
        -int((request.priority or 0) * HUNDREDTHS),
        -request.reach,
        -microseconds(request.last_mention_at),
        microseconds(request.created_at),
        request.id,
    )


def _by_votes(request: Request) -> SortKey:
    return (-request.votes, -microseconds(request.last_mention_at), microseconds(request.created_at), request.id)


def _by_age(request: Request) -> SortKey:
    return (-microseconds(request.created_at), request.id)


_KEYS: Final[Mapping[Order, Callable[[Request], SortKey]]] = MappingProxyType(
    {Order.PRIORITY: _by_priority, Order.VOTES: _by_votes, Order.NEWEST: _by_age}
)


def sort_key(order: Order, request: Request) -> SortKey:
    """Return the place of a request in an order, to compare with those of others."""
    return _KEYS[order](request)
