"""Events about reviews that are not known yet: they wait for the review, and are applied when it comes."""

from datetime import datetime, timedelta
from typing import Final

import msgspec

from plaudit.ingest.reviews.domain.instructions import Instruction

MAX_HELD_EVENTS: Final = 100
"""Of one review; further ones are quarantined."""
HELD_FOR: Final = timedelta(days=30)
"""After that, an event that still waits is quarantined."""


class HeldEvent(msgspec.Struct, frozen=True):
    """One event that waits, with where it came from."""

    id: str
    """Rises in the order of receipt."""
    delivery_id: str
    event_index: int
    received_at: datetime
    instruction: Instruction
    traceparent: str | None
    tracestate: str | None


class Unknown(msgspec.Struct, frozen=True):
    """A review of which nothing is known but events that wait for it, in the order of their receipt."""

    review_id: str
    """The id that it will have."""
    stored: tuple[HeldEvent, ...] = ()
    new: tuple[HeldEvent, ...] = ()
    """Not stored yet."""

    @property
    def events(self) -> tuple[HeldEvent, ...]:
        """All of them."""
        return self.stored + self.new
