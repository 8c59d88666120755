"""Instants as whole numbers, for orders and for the trend."""

from datetime import UTC, datetime, timedelta
from typing import Final

UNIX_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND: Final = timedelta(microseconds=1)


def microseconds(moment: datetime) -> int:
    """Return an instant as microseconds since the Unix epoch."""
    return (moment - UNIX_EPOCH) // MICROSECOND
