"""What can happen to a clock. Its log is a list of these events."""

from datetime import datetime
from enum import StrEnum
from typing import Final, TypeAlias

import msgspec

from plaudit.alerting.policies.domain import PolicyRef


class StartReason(StrEnum):
    """Why a run began."""

    PUBLISHED = "published"
    LOWERED = "lowered"
    """The customer lowered the rating."""
    RESTORED = "restored"
    """The review was removed, and is back."""
    ANSWER_REMOVED = "answer_removed"
    WORSENED = "worsened"
    """The review has become drastic, by its text or by other rules."""


class CancelReason(StrEnum):
    """Why an answer is no longer due."""

    REMOVED = "removed"
    NO_LONGER_NEGATIVE = "no_longer_negative"
    WORSENED = "worsened"
    """The review has become drastic: a run with an earlier deadline follows."""
    ERASED = "erased"


class RetractReason(StrEnum):
    """How the run had ended in time."""

    ANSWERED_IN_TIME = "answered_in_time"
    CANCELLED_IN_TIME = "cancelled_in_time"


class Started(msgspec.Struct, frozen=True, gc=False, tag_field="kind", tag="started"):
    """A run began."""

    at: datetime
    """When we learned that it had to begin."""
    anchor_at: datetime
    """The instant that the time is counted from."""
    policy: PolicyRef
    reason: StartReason


class Warned(msgspec.Struct, frozen=True, gc=False, tag_field="kind", tag="warned"):
    """A share of the time from anchor to due time had passed."""

    at: datetime
    percent: int
    collapsed: bool = False
    """Recorded late, when a later stage had been reached as well: it is in the log, but not published."""


class Breached(msgspec.Struct, frozen=True, gc=False, tag_field="kind", tag="breached"):
    """The due time passed without an answer."""

    at: datetime
    provisional: bool = False
    """Decided before all reviews written up to the due time had been read."""


class Unknown(msgspec.Struct, frozen=True, gc=False, tag_field="kind", tag="unknown"):
    """The due time passed where answers are not told: whether there was one in time, nobody here knows."""

    at: datetime


class Fulfilled(msgspec.Struct, frozen=True, gc=False, tag_field="kind", tag="fulfilled"):
    """The answer was published: in time, or after a breach."""

    at: datetime


class Cancelled(msgspec.Struct, frozen=True, gc=False, tag_field="kind", tag="cancelled"):
    """An answer is no longer due."""

    at: datetime
    reason: CancelReason


class Retracted(msgspec.Struct, frozen=True, gc=False, tag_field="kind", tag="retracted"):
    """There was no breach: the run had ended in time, and we learned it late."""

    at: datetime
    reason: RetractReason


ClockEvent: TypeAlias = Started | Warned | Breached | Unknown | Fulfilled | Cancelled | Retracted


def kind_of(event: ClockEvent) -> str:
    """Return the event's name in the log and, after `clock.`, on the bus."""
    return str(event.__struct_config__.tag)


def is_collapsed(event: ClockEvent) -> bool:
    """Say whether an event is a warning that was recorded late, and is not published."""
    return isinstance(event, Warned) and event.collapsed


_encode = msgspec.json.Encoder().encode
_decoder: Final[msgspec.json.Decoder[ClockEvent]] = msgspec.json.Decoder(ClockEvent)


def to_json(event: ClockEvent) -> str:
    """Return an event as the log stores it."""
    return _encode(event).decode()


def from_json(text: str) -> ClockEvent:
    """Return an event that the log stored."""
    return _decoder.decode(text)
