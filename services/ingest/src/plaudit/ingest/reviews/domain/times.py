"""Times that platforms tell, in UTC and within reason."""

from datetime import UTC, datetime, timedelta
from typing import Final

FUTURE_TOLERANCE: Final = timedelta(minutes=5)
"""How far ahead of our receipt a platform's clock may run; later times are brought back to it."""
EARLIEST: Final = datetime(1970, 1, 1, tzinfo=UTC)


class ImpossibleTimeError(ValueError):
    """A time before 1970, or so far ahead that it has no UTC form."""


def to_utc(told: datetime) -> datetime:
    """Return an instant in UTC; raises ImpossibleTimeError."""
    try:
        instant = told.astimezone(UTC)
    except OverflowError as error:
        raise ImpossibleTimeError(f"{told.isoformat()} is no time that we can keep") from error
    if instant < EARLIEST:
        raise ImpossibleTimeError(f"{told.isoformat()} lies before 1970")
    return instant


def latest(received_at: datetime) -> datetime:
    """Return the latest time that something received now may have happened at."""
    return received_at + FUTURE_TOLERANCE
