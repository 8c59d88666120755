"""What happened with a review before, in words of the mails: the log of its clock without the last start."""

from collections.abc import Sequence
from datetime import datetime

from plaudit.alerting.clocks.domain.clock_events import Breached, Cancelled, ClockEvent, Fulfilled, Started


def told(log: Sequence[ClockEvent]) -> list[tuple[datetime, str]]:
    """Return entries of earlier runs, each with its time, the oldest first."""
    starts = [place for place, event in enumerate(log) if isinstance(event, Started)]
    earlier = log[: starts[-1]] if starts else ()
    return [(event.at, words) for event in earlier if (words := _words(event))]


def _words(event: ClockEvent) -> str:
    match event:
        case Started():
            return "an answer became due"
        case Breached():
            return "it was not answered in time"
        case Fulfilled():
            return "our answer was published"
        case Cancelled():
            return f"no answer was due any more ({event.reason.replace('_', ' ')})"
        case _:
            return ""
