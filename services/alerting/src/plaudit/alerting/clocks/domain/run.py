"""The present run of a clock: the fold of its log under the policy revision that the last start pinned.

A log holds one or more runs. `Started` opens a run; `Fulfilled` or `Cancelled` closes it, and a later `Started` opens
the next. A breach stays when the answer is published late, or when the review is removed afterwards; only `Retracted`,
when we learn that the run had ended in time, removes it.
"""

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum

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
    Warned,
)
from plaudit.alerting.policies.domain import Policy, PolicyRef


class State(StrEnum):
    """How a run stands."""

    RUNNING = "running"
    FULFILLED = "fulfilled"
    BREACHED = "breached"
    CANCELLED = "cancelled"


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
    reason: str = StartReason.PUBLISHED
    """Why the run began, or, if it is cancelled, why it ended."""

    @property
    def waiting(self) -> bool:
        """Whether an answer is still due, even if it is late."""
        return self.fulfilled_at is None and self.cancelled_at is None

    @property
    def state(self) -> State:
        """How the run stands."""
        if self.breached_at is not None:
            return State.BREACHED
        if self.fulfilled_at is not None:
            return State.FULFILLED
        return State.RUNNING if self.cancelled_at is None else State.CANCELLED


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
    match event:
        case Warned():
            return run
        case Breached():
            return replace(run, breached_at=event.at, provisional=event.provisional)
        case Fulfilled():
            # An answer replaces a cancellation: the review came back with it.
            return replace(run, fulfilled_at=event.at, cancelled_at=None, generation=run.generation + 1)
        case Cancelled():
            return replace(run, cancelled_at=event.at, reason=event.reason, generation=run.generation + 1)
        case Retracted():
            return replace(run, breached_at=None, provisional=False)


def fold(events: Iterable[ClockEvent], policy: Policy) -> Run | None:
    """Return the present run of a log under one policy revision; none for an empty log."""
    run: Run | None = None
    for event in events:
        run = apply(run, event, policy)
    return run
