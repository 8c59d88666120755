"""The present run of a clock: the fold of its log under the policy revision that the last start pinned.

A log holds one or more runs. `Started` opens a run; `Fulfilled` or `Cancelled` closes it, and a later `Started` opens
the next. A breach stays when the answer is published late, or when the review is removed afterwards; only `Retracted`,
when we learn that the run had ended in time, removes it.

Where answers are not told, the due time makes a run unknown instead of breached. It waits for an answer all the same,
and an answer, once it is known, makes of it what its publication says.
"""

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from typing import Any

import msgspec
from msgspec.structs import replace

from plaudit.alerting.clocks.domain.clock_events import (
    Breached,
    Cancelled,
    ClockEvent,
    Fulfilled,
    Retracted,
    Started,
    StartReason,
    Unknown,
)
from plaudit.alerting.policies.domain import Policy, PolicyRef


class State(StrEnum):
    """How a run stands."""

    RUNNING = "running"
    FULFILLED = "fulfilled"
    BREACHED = "breached"
    CANCELLED = "cancelled"
    UNKNOWN = "unknown"
    """The due time has passed, and whether there was an answer is not told."""


class Run(msgspec.Struct, frozen=True, gc=False):
    """The present run of a clock."""

    policy: PolicyRef
    """The revision that the run is pinned to."""
    anchor_at: datetime
    started_at: datetime
    due_at: datetime
    number: int = 1
    generation: int = 1
    """Rises when what was scheduled for the clock so far no longer applies."""
    breached_at: datetime | None = None
    provisional: bool = False
    fulfilled_at: datetime | None = None
    cancelled_at: datetime | None = None
    unknown_at: datetime | None = None
    reason: str = StartReason.PUBLISHED
    """Why the run began, or, if it is cancelled, why it ended."""

    @property
    def waiting(self) -> bool:
        """Whether an answer is still due, even if it is late."""
        return self.fulfilled_at is None and self.cancelled_at is None

    @property
    def is_decided(self) -> bool:
        """Whether it was decided what the due time has made of it."""
        return self.breached_at is not None or self.unknown_at is not None

    @property
    def state(self) -> State:
        """How the run stands."""
        if self.breached_at is not None:
            return State.BREACHED
        if self.fulfilled_at is not None:
            return State.FULFILLED
        if self.cancelled_at is not None:
            return State.CANCELLED
        return State.RUNNING if self.unknown_at is None else State.UNKNOWN


def apply(run: Run | None, event: ClockEvent, policy: Policy) -> Run:
    """Return the present run after one more event.

    Args:
        run: the fold so far; none for an empty log.
        event: what happened.
        policy: the revision that the run is pinned to.

    Raises:
        ValueError: the log does not begin with a start.
    """
    if isinstance(event, Started):
        return Run(
            policy=event.policy,
            anchor_at=event.anchor_at,
            started_at=event.at,
            due_at=policy.due_at(event.anchor_at, event.at),
            number=1 if run is None else run.number + 1,
            generation=1 if run is None else run.generation + 1,
            reason=event.reason,
        )
    if run is None:
        raise ValueError(f"a clock's log begins with {type(event).__name__}, not with Started")
    return replace(run, **_changes(run, event))


def _changes(run: Run, event: ClockEvent) -> dict[str, Any]:
    """Return the fields of a run that an event sets."""
    ended = {"unknown_at": None, "generation": run.generation + 1}
    match event:
        case Breached():
            return {"breached_at": event.at, "provisional": event.provisional, "unknown_at": None}
        case Unknown():
            return {"unknown_at": event.at}
        case Fulfilled():
            # An answer replaces a cancellation: the review came back with it.
            return {"fulfilled_at": event.at, "cancelled_at": None, **ended}
        case Cancelled():
            return {"cancelled_at": event.at, "reason": event.reason, **ended}
        case Retracted():
            return {"breached_at": None, "provisional": False}
    return {}


def fold(events: Iterable[ClockEvent], policy: Policy) -> Run | None:
    """Return the present run of a log under one policy revision; none for an empty log."""
    run: Run | None = None
    for event in events:
        run = apply(run, event, policy)
    return run
