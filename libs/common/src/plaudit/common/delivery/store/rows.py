"""What the statements about messages share: the columns of a delivery, and keys."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from plaudit.common.db.columns import Columns
from plaudit.common.delivery.tables import message_deliveries

DELIVERY: Final = Columns(
    message_deliveries, without=("state", "reason", "next_attempt_at", "leased_until", "finished_at", "released_at")
)
OutletKey = tuple[str, str]
"""(tenant, outlet)."""
GatheringKey = tuple[str, str, str, str]
"""(tenant, by what, channel, recipient): what leaves together."""
ThreadKey = tuple[str, str, str]
"""(tenant, thread, recipient)."""
SentKey = tuple[datetime, UUID]
"""(time, delivery id): the sort key of deliveries, newest first."""


def columns(rows: Sequence[tuple[Any, ...]], width: int) -> list[list[Any]]:
    """Return rows as the parameters of `unnest`."""
    return [[row[n] for row in rows] for n in range(width)]
