"""The log of a clock in words, and what people did about its alerts: who did it, and what they noted."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Final

import msgspec

from plaudit.alerting.audit.domain import Recorded
from plaudit.alerting.clocks.domain.clock_events import (
    AnchorCorrected,
    BreachCause,
    Breached,
    Cancelled,
    CancelReason,
    ClockEvent,
    Fulfilled,
    Paused,
    PauseOverlapped,
    PolicyApplied,
    Resumed,
    Retracted,
    RetractReason,
    Started,
    StartReason,
    Unknown,
    Warned,
)

REASONS: Final[Mapping[str, str]] = {
    StartReason.PUBLISHED: "the review was published",
    StartReason.LOWERED: "the customer lowered the rating",
    StartReason.RESTORED: "the review was removed, and is back",
    StartReason.ANSWER_REMOVED: "the answer was removed",
    StartReason.WORSENED: "the review says something drastic",
    StartReason.IMPROVED: "the customer raised the rating",
    StartReason.WROTE_AGAIN: "the customer wrote again",
    StartReason.ANSWERED: "our answer was published",
    StartReason.REOPENED: "it is open again",
    StartReason.OPENED: "the incident was opened",
    StartReason.UPDATED: "the last update was published",
    StartReason.SEVERITY_CHANGED: "the incident became more severe",
    StartReason.AWARE: "the company became aware of a data breach",
    CancelReason.RESOLVED: "the incident is resolved",
    CancelReason.REMOVED: "the review was removed",
    CancelReason.NO_LONGER_NEGATIVE: "the review is no longer negative",
    CancelReason.ANSWERED_BEFORE: "there is an answer that is older than what the customer says now",
    CancelReason.ERASED: "the review was erased",
    RetractReason.ANSWERED_IN_TIME: "the answer was in time, and we learned it late",
    RetractReason.CANCELLED_IN_TIME: "it had ended in time, and we learned it late",
}
"""Why a run began, ended, or its breach was taken back → in words."""


class Told(msgspec.Struct, frozen=True):
    """An entry of a log as the page shows it."""

    at: datetime
    words: str
    by: str = ""
    """The name of who did it; empty where an event or time did."""
    note: str = ""


def told(event: ClockEvent, name_of: Callable[[str], str]) -> Told:
    """Return an entry in words.

    Args:
        event: what happened.
        name_of: says how a person or a key is called.
    """
    by = getattr(event, "by", None)
    words, note = _words(event)
    return Told(event.at, words, name_of(by) if by else "", note or "")


def done(entry: Recorded, name_of: Callable[[str], str], names: Mapping[str, str]) -> Told:
    """Return what somebody did about an alert in words.

    Args:
        entry: of the audit trail.
        name_of: says how a person or a key is called.
        names: address → name of whoever may be an owner.
    """
    after = entry.after or {}
    owner = str(after.get("owner", ""))
    words = {
        "alert.acknowledged": "The alert was acknowledged.",
        "alert.assigned": f"The alert was given to {names.get(owner, owner)}." if owner else "The alert was assigned.",
        "silence.began": "The alert was silenced.",
        "silence.ended": "The silence of the alert was ended.",
    }.get(entry.kind, f"{entry.kind.replace('.', ' ').replace('_', ' ').capitalize()}.")
    note = str(after.get("note") or after.get("reason") or "")
    return Told(entry.recorded_at, words, name_of(entry.actor), note)


def merged(*told: Iterable[Told]) -> list[Told]:
    """Return entries of several logs as one, the newest first."""
    return sorted((each for log in told for each in log), key=lambda each: each.at, reverse=True)


def reason_in_words(reason: str) -> str:
    """Return a reason in words."""
    return REASONS.get(reason, reason.replace("_", " "))


def _words(event: ClockEvent) -> tuple[str, str | None]:
    """Return what happened, and what a person noted of it."""
    match event:
        case Breached():
            return _breach(event), event.note
        case Fulfilled():
            return _fulfilment(event), event.note
        case Paused() | Resumed() | PolicyApplied() | AnchorCorrected():
            return _by_hand(event), event.reason
        case _:
            return _by_time(event), None


def _by_time(event: Started | PauseOverlapped | Warned | Cancelled | Retracted | Unknown) -> str:
    match event:
        case Started():
            return f"The clock started: {reason_in_words(event.reason)}."
        case Warned():
            passed = f"{event.percent} % of the time" if event.percent is not None else f"{event.after} since the start"
            return f"{passed} had passed."
        case Cancelled():
            return f"No answer is due any more: {reason_in_words(event.reason)}."
        case Retracted():
            return f"The breach was taken back: {reason_in_words(event.reason)}."
        case PauseOverlapped():
            return "While the time stood still the customer said something, or it became drastic. Does it still stand?"
        case Unknown():
            return "The due time passed. Whether it was answered by then is not told here."


def _by_hand(event: Paused | Resumed | PolicyApplied | AnchorCorrected) -> str:
    if isinstance(event, PolicyApplied):
        return f"The clock was moved to policy {event.policy.id}, revision {event.policy.revision}."
    if isinstance(event, AnchorCorrected):
        return "The instant that the time is counted from was corrected."
    return "The time was paused." if isinstance(event, Paused) else "The time goes on."


def _breach(event: Breached) -> str:
    if event.by is not None:
        return "There was no answer in time."
    if event.cause is BreachCause.READ_LATE:
        return "We learned of it only long after the due time had passed, without an answer. Nobody was called for it."
    if event.cause is not None:
        return "The due time under the new policy had passed already. Nobody was called for it."
    return "No answer in time" + (", as far as could be read by then." if event.provisional else ".")


def _fulfilment(event: Fulfilled) -> str:
    if event.by is None:
        return "The answer was published." if event.channel is None else f"Contact by {event.channel}."
    return "It was done" + (f", by {event.channel}." if event.channel else ".")
