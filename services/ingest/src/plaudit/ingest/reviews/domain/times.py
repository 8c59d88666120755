"""Times that platforms state, within reason."""

from datetime import datetime, timedelta
from typing import Final

FUTURE_TOLERANCE: Final = timedelta(minutes=5)
"""How far ahead of our receipt a platform's clock may run; later times are brought back to it."""


def latest(received_at: datetime) -> datetime:
    """Return the latest time at which something received now can have happened."""
    return received_at + FUTURE_TOLERANCE
