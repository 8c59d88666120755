"""What happened with a review before, in words of the mails: the log of its clock without the last start."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from plaudit.alerting.clocks.domain.clock_events import Breached, Cancelled, ClockEvent, Fulfilled, Started
from plaudit.alerting.clocks.domain.words import WORDS
from plaudit.alerting.policies.domain.metrics import Metric

_DONE: Final[Mapping[str, str]] = {
    Metric.FIRST_ANSWER: "our answer was published",
    Metric.NEXT_ANSWER: "our answer was published",
    Metric.FOLLOW_UP: "the customer was contacted",
    Metric.RESOLUTION_FIRST: "it was resolved",
    Metric.RESOLUTION_TOTAL: "it was resolved",
}
"""Metric of a review → how people say that what was due happened."""


def told(log: Sequence[ClockEvent], metric: str) -> list[tuple[datetime, str]]:
    """Return entries of earlier runs of a review's clock, each with its time, the oldest first."""
    starts = [place for place, event in enumerate(log) if isinstance(event, Started)]
    earlier = log[: starts[-1]] if starts else ()
    return [(event.at, words) for event in earlier if (words := _words(event, metric))]


def _words(event: ClockEvent, metric: str) -> str:
    due = WORDS[metric].due
    match event:
        case Started():
            return f"{due} became due"
        case Breached():
            return f"{due} was late"
        case Fulfilled():
            return _DONE[metric]
        case Cancelled():
            return f"{due} was not due any more ({event.reason.replace('_', ' ')})"
        case _:
            return ""
