"""What may be done how often, and when the next hour begins."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

PERIOD: Final = timedelta(hours=1)
"""Limits count within the hours of the clock, in UTC."""
KEEP: Final = 2 * PERIOD
"""How long the count of an hour is kept after the hour has begun."""


class LimitExceededError(Exception):
    """A network has used up what it may do within this hour."""

    def __init__(self, retry_after_seconds: int) -> None:
        """Say when the next hour begins, in a text that may be shown to the caller."""
        super().__init__("Too much came from your network within this hour. Please come back in a while.")
        self.retry_after_seconds = retry_after_seconds


@dataclass(frozen=True, slots=True)
class Limit:
    """How often one kind of thing may be done from one network."""

    kind: str
    """For example `vote`."""
    network: bytes
    """A keyed hash, from `plaudit.common.http.client_address`."""
    per_hour: int


def hour_of(now: datetime) -> datetime:
    """Return the beginning of the hour that a time is in."""
    return now.replace(minute=0, second=0, microsecond=0)


def seconds_to_next_hour(now: datetime) -> int:
    """Return the whole seconds after which the next hour has surely begun."""
    return int((hour_of(now) + PERIOD - now).total_seconds()) + 1
