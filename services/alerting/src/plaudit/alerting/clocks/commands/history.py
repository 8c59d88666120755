"""Which breaches are history: we learned of what was due only long after it was, and nobody is called for them."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Final

from msgspec.structs import replace

from plaudit.alerting.clocks import store
from plaudit.alerting.clocks.domain.clock import Clock, ClockKey
from plaudit.alerting.clocks.domain.clock_events import BreachCause, Breached, ClockEvent
from plaudit.common.db import Tx

READ_LATE: Final = timedelta(days=7)
"""Where what was due so long ago is read of only now, it is history that is read, and not a backlog."""


async def read_late(tx: Tx, clocks: Collection[Clock]) -> set[ClockKey]:
    """Return those of the clocks about reviews that are history: brought in, or read, long after they were due.

    What is due so long ago, though it was read in time, is of a standstill of ours: people are called for it.
    """
    long_ago = tx.now - READ_LATE
    suspects = {
        clock.key: clock.run.due_at for clock in clocks if clock.about.review_id and clock.run.due_at < long_ago
    }
    began = await store.began_recorded(tx, set(suspects)) if suspects else {}
    found = {key for key, due_at in suspects.items() if key in began and began[key] - due_at > READ_LATE}
    return found | {clock.key for clock in clocks if clock.about.review_id and clock.run.is_history}


class History:
    """Marks breaches that are first heard of together with what ended them, where that is history."""

    def __init__(self, stored: Collection[Clock], read_late: Collection[ClockKey], now: datetime) -> None:
        """Take the clocks that are stored, those of them that were read late, and the present time."""
        self._runs = {clock.key: clock.run.number for clock in stored}
        self._read_late = read_late
        self._now = now

    def marked(self, clock: Clock, events: Sequence[ClockEvent]) -> list[ClockEvent]:
        """Return what was decided about a clock, as it was before, with the cause of each breach that is history."""
        return [
            replace(event, cause=BreachCause.READ_LATE)
            if isinstance(event, Breached) and event.cause is None and self._is_history(clock, event)
            else event
            for event in events
        ]

    def _is_history(self, clock: Clock, breach: Breached) -> bool:
        if clock.run.is_history:
            return True
        if self._runs.get(clock.key) == clock.run.number:
            return clock.key in self._read_late
        return self._now - breach.at > READ_LATE
