"""Clocks: one running promise each, kept as an append-only log of events.

State and due time are a fold of the log under the policy revision that the last start pinned; nothing is counted.
A log holds one or more runs. `Started` opens a run; `Fulfilled` or `Cancelled` closes it, and a later `Started` opens
the next. State and times speak of the present run. A breach stays one when the answer comes at last, or when the
review goes away afterwards; only `Retracted`, on word that the run had ended in time, takes it back.
"""

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from typing import Final, TypeAlias
from uuid import UUID, uuid5

import msgspec
from msgspec.structs import replace

from plaudit.alerting.domain.policy import Policy, PolicyRef

CACHED_IDS: Final = 50_000
_NAMESPACE: Final = UUID("6f2c0f0e-8a52-5d0b-9b57-0f2f6f1f7a3d")


class State(StrEnum):
    """What has become of the promise."""

    RUNNING = "running"
    FULFILLED = "fulfilled"
    BREACHED = "breached"
    CANCELLED = "cancelled"


class StartReason(StrEnum):
    """Why a run began."""

    PUBLISHED = "published"
    LOWERED = "lowered"
    """The customer lowered the rating."""
    RESTORED = "restored"
    """The review was removed, and is back."""
    ANSWER_REMOVED = "answer_removed"


class CancelReason(StrEnum):
    """Why a promise need not be kept any more."""

    REMOVED = "removed"
    NO_LONGER_NEGATIVE = "no_longer_negative"


class RetractReason(StrEnum):
    """How the run had ended in time."""

    ANSWERED_IN_TIME = "answered_in_time"
    CANCELLED_IN_TIME = "cancelled_in_time"


class Started(msgspec.Struct, frozen=True, gc=False, tag_field="kind", tag="started"):
    """A run began."""

    at: datetime
    """When we came to know that it had to."""
    anchor_at: datetime
    """The instant the promise runs from."""
    policy: PolicyRef
    reason: StartReason


class Warned(msgspec.Struct, frozen=True, gc=False, tag_field="kind", tag="warned"):
    """A share of the promised time was over."""

    at: datetime
    percent: int
    collapsed: bool = False
    """Noted late, when a later stage had been reached as well: kept in the log, told to nobody."""


class Breached(msgspec.Struct, frozen=True, gc=False, tag_field="kind", tag="breached"):
    """The due time passed without an answer."""

    at: datetime
    provisional: bool = False
    """Decided before all that was written up to the due time had been read."""


class Fulfilled(msgspec.Struct, frozen=True, gc=False, tag_field="kind", tag="fulfilled"):
    """The answer was published: in time, or after a breach."""

    at: datetime


class Cancelled(msgspec.Struct, frozen=True, gc=False, tag_field="kind", tag="cancelled"):
    """There is nothing to answer any more."""

    at: datetime
    reason: CancelReason


class Retracted(msgspec.Struct, frozen=True, gc=False, tag_field="kind", tag="retracted"):
    """The breach was none: the run had ended in time, and we learned it late."""

    at: datetime
    reason: RetractReason


ClockEvent: TypeAlias = Started | Warned | Breached | Fulfilled | Cancelled | Retracted


def kind_of(event: ClockEvent) -> str:
    """Return the word for an event in the log and, after `clock.`, on the bus."""
    return str(event.__struct_config__.tag)


class Clock(msgspec.Struct, frozen=True, gc=False):
    """What a log amounts to."""

    policy: PolicyRef
    """What the present run is pinned to."""
    anchor_at: datetime
    started_at: datetime
    due_at: datetime
    run: int = 1
    generation: int = 1
    """Goes up whenever what was scheduled for the clock so far has lost its object."""
    breached_at: datetime | None = None
    provisional: bool = False
    fulfilled_at: datetime | None = None
    cancelled_at: datetime | None = None
    reason: str = StartReason.PUBLISHED
    """Why the run began, or, of a cancelled one, why it ended."""

    @property
    def waiting(self) -> bool:
        """Whether an answer is still wanted, late as it may be."""
        return self.fulfilled_at is None and self.cancelled_at is None

    @property
    def state(self) -> State:
        """What has become of the promise in the present run."""
        if self.breached_at is not None:
            return State.BREACHED
        if self.fulfilled_at is not None:
            return State.FULFILLED
        return State.RUNNING if self.cancelled_at is None else State.CANCELLED


def apply(clock: Clock | None, event: ClockEvent, policy: Policy) -> Clock:
    """Return the clock after one more event.

    Args:
        clock: the fold so far; none for an empty log.
        event: what happened.
        policy: the revision that the run is pinned to.

    Raises:
        ValueError: the log does not begin with a start.
    """
    if isinstance(event, Started):
        return Clock(
            policy=event.policy,
            anchor_at=event.anchor_at,
            started_at=event.at,
            due_at=policy.due_at(event.anchor_at, event.at),
            run=1 if clock is None else clock.run + 1,
            generation=1 if clock is None else clock.generation + 1,
            reason=event.reason,
        )
    if clock is None:
        raise ValueError(f"a clock's log begins with {type(event).__name__}, not with Started")
    match event:
        case Warned():
            return clock
        case Breached():
            return replace(clock, breached_at=event.at, provisional=event.provisional)
        case Fulfilled():
            # An answer that takes a cancellation's place: the review came back with it.
            return replace(clock, fulfilled_at=event.at, cancelled_at=None, generation=clock.generation + 1)
        case Cancelled():
            return replace(clock, cancelled_at=event.at, reason=event.reason, generation=clock.generation + 1)
        case Retracted():
            return replace(clock, breached_at=None, provisional=False)


def fold(events: Iterable[ClockEvent], policy: Policy) -> Clock | None:
    """Return what a log amounts to under one policy revision; none for an empty log."""
    clock: Clock | None = None
    for event in events:
        clock = apply(clock, event, policy)
    return clock


@lru_cache(maxsize=CACHED_IDS)
def clock_id(tenant: str, review_id: str, metric: str) -> UUID:
    """Return the id of the one clock that a review can have for a metric."""
    return uuid5(_NAMESPACE, f"{tenant}\n{review_id}\n{metric}")


def order_key(clock: UUID) -> str:
    """Return the key under which everything about a clock keeps its order."""
    return f"clock:{clock}"
