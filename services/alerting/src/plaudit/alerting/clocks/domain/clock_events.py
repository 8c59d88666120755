"""What can happen to a clock. Its log is a list of these events.

Where a person made it happen, the event says who (`by`) and why (`reason` or `note`).
"""

from datetime import datetime
from enum import StrEnum
from typing import Final, TypeAlias

import msgspec

from plaudit.alerting.calendars.domain import CalendarRef, Pause
from plaudit.alerting.policies.domain.revisions import PolicyRef


class StartReason(StrEnum):
    """Why a run began."""

    PUBLISHED = "published"
    LOWERED = "lowered"
    """The customer lowered the rating."""
    RESTORED = "restored"
    """The review was removed, and is back."""
    ANSWER_REMOVED = "answer_removed"
    WORSENED = "worsened"
    """The review has become more severe, by its text or by other rules."""
    IMPROVED = "improved"
    """The rating was raised: a milder class of the policy sets a later due time."""
    WROTE_AGAIN = "wrote_again"
    """The customer wrote or edited after our answer."""
    ANSWERED = "answered"
    """Our answer was published: personal contact is due."""
    REOPENED = "reopened"
    """What was resolved is open again: the time that was left runs on."""
    OPENED = "opened"
    """An incident was opened: the first update is due."""
    UPDATED = "updated"
    """An update of an incident was published: the next one is due."""
    SEVERITY_CHANGED = "severity_changed"
    """An incident became more severe: the next update is due earlier."""
    AWARE = "aware"
    """The company became aware of a data breach."""


class CancelReason(StrEnum):
    """Why what was due is no longer due."""

    REMOVED = "removed"
    NO_LONGER_NEGATIVE = "no_longer_negative"
    WORSENED = "worsened"
    """The review has become more severe: a run with an earlier due time follows."""
    IMPROVED = "improved"
    """The rating was raised: a run with a later due time follows."""
    ANSWERED_BEFORE = "answered_before"
    """There is an answer, and it is older than what the customer says now: the next answer is due instead."""
    ANSWER_REMOVED = "answer_removed"
    """The answer that came before it is gone: a first answer is due again."""
    ERASED = "erased"
    SEVERITY_CHANGED = "severity_changed"
    """The incident became more severe: a run with an earlier due time follows."""
    RESOLVED = "resolved"
    """The incident is resolved: no further update is due."""


class RetractReason(StrEnum):
    """How the run had ended in time."""

    ANSWERED_IN_TIME = "answered_in_time"
    CANCELLED_IN_TIME = "cancelled_in_time"
    ANCHOR_CORRECTED = "anchor_corrected"
    """The instant that the time counts from was corrected: by the new one it was not late."""


class BreachCause(StrEnum):
    """What made a breach, where it is not that people were late now. Nobody is called for it."""

    POLICY_APPLIED = "policy_applied"
    """The run was moved to a policy or calendar under which its due time had passed already."""
    READ_LATE = "read_late"
    """We learned of the review only long after the due time, as by an import or a replay of history."""


class Started(msgspec.Struct, frozen=True, gc=False, tag_field="kind", tag="started", omit_defaults=True):
    """A run began."""

    at: datetime
    """When we learned that it had to begin."""
    anchor_at: datetime
    """The instant that the time is counted from."""
    policy: PolicyRef
    reason: StartReason
    calendar: CalendarRef | None = None
    """The revision of the calendar that the time is counted by; none: around the clock."""
    pauses: tuple[Pause, ...] = ()
    """What does not count of the time since the anchor: such as that for which it counted as resolved."""


class Paused(msgspec.Struct, frozen=True, gc=False, tag_field="kind", tag="paused"):
    """A person stopped the time."""

    at: datetime
    reason: str
    by: str


class Resumed(msgspec.Struct, frozen=True, gc=False, tag_field="kind", tag="resumed"):
    """A person let the time run on."""

    at: datetime
    reason: str
    by: str


class PauseOverlapped(msgspec.Struct, frozen=True, gc=False, tag_field="kind", tag="pause_overlapped"):
    """While the time stood still the customer said something, or the review became drastic: somebody has to look."""

    at: datetime
    """When that was."""
    pause_from: datetime
    """When the pause began: of one run, no two begin at once."""


class PolicyApplied(msgspec.Struct, frozen=True, gc=False, tag_field="kind", tag="policy_applied"):
    """A person moved the run to another revision of a policy or of a calendar."""

    at: datetime
    policy: PolicyRef
    calendar: CalendarRef | None
    reason: str
    by: str


class AnchorCorrected(msgspec.Struct, frozen=True, gc=False, tag_field="kind", tag="anchor_corrected"):
    """A person corrected the instant that the time is counted from."""

    at: datetime
    anchor_at: datetime
    reason: str
    by: str


class Warned(msgspec.Struct, frozen=True, gc=False, tag_field="kind", tag="warned"):
    """A share of the time from anchor to due time, or a length of time since the anchor, had passed."""

    at: datetime
    percent: int | None = None
    collapsed: bool = False
    """Recorded late, when a later stage had been reached as well: it is in the log, but not published."""
    after: str | None = None
    """Of a warning that is not a share: how long after the anchor, such as `24h`."""


class Breached(msgspec.Struct, frozen=True, gc=False, tag_field="kind", tag="breached"):
    """The due time passed without what was due."""

    at: datetime
    provisional: bool = False
    """Decided before everything written up to the due time had been read."""
    cause: BreachCause | None = None
    by: str | None = None
    """Who said that it was late, where that is not told."""
    note: str | None = None


class Unknown(msgspec.Struct, frozen=True, gc=False, tag_field="kind", tag="unknown"):
    """The due time passed where answers are not told: whether there was one in time, nobody here knows."""

    at: datetime


class Fulfilled(msgspec.Struct, frozen=True, gc=False, tag_field="kind", tag="fulfilled", omit_defaults=True):
    """What was due happened: in time, or after a breach."""

    at: datetime
    channel: str | None = None
    """Of a personal contact: by which way."""
    by: str | None = None
    """Who said so; none where it was told by an event."""
    note: str | None = None


class Cancelled(msgspec.Struct, frozen=True, gc=False, tag_field="kind", tag="cancelled"):
    """Nothing is due any more."""

    at: datetime
    reason: CancelReason


class Retracted(msgspec.Struct, frozen=True, gc=False, tag_field="kind", tag="retracted"):
    """There was no breach: the run had ended in time, and we learned it late."""

    at: datetime
    reason: RetractReason


ClockEvent: TypeAlias = (
    Started
    | Paused
    | Resumed
    | PauseOverlapped
    | PolicyApplied
    | AnchorCorrected
    | Warned
    | Breached
    | Unknown
    | Fulfilled
    | Cancelled
    | Retracted
)


def kind_of(event: ClockEvent) -> str:
    """Return the event's name in the log and, after `clock.`, on the bus."""
    return str(event.__struct_config__.tag)


def is_collapsed(event: ClockEvent) -> bool:
    """Say whether an event is a warning that was recorded late, and is not published."""
    return isinstance(event, Warned) and event.collapsed


def calls_nobody(event: ClockEvent) -> bool:
    """Say whether an event is a breach for which nobody is called: a change of the rules made it, or it is history."""
    return isinstance(event, Breached) and event.cause is not None


_encode = msgspec.json.Encoder().encode
_decoder: Final[msgspec.json.Decoder[ClockEvent]] = msgspec.json.Decoder(ClockEvent)


def to_json(event: ClockEvent) -> str:
    """Return an event as the log stores it."""
    return _encode(event).decode()


def from_json(text: str) -> ClockEvent:
    """Return an event that the log stored."""
    return _decoder.decode(text)
