"""The orders in which reviews are listed, and the place of a review in each."""

from datetime import datetime
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from plaudit.common.row_numbers import TransactionNumber


class Order(StrEnum):
    """What a list is sorted by."""

    NEWEST = "newest"
    OLDEST = "oldest"
    RATING = "rating"
    CHANGED = "changed"


PLACE_TYPES: Final[dict[Order, Any]] = {
    Order.NEWEST: tuple[datetime, UUID],
    Order.OLDEST: tuple[datetime, UUID],
    Order.RATING: tuple[float, datetime, UUID],
    Order.CHANGED: tuple[TransactionNumber, UUID],
}
"""The type of a place in each order. That of changes begins with the number of the transaction."""
PLACES: Final = {
    Order.NEWEST: ("published_at", "id"),
    Order.OLDEST: ("published_at", "id"),
    Order.RATING: ("rating", "published_at", "id"),
    Order.CHANGED: ("xid", "id"),
}
"""What a place in each order holds."""
