"""The present run of a clock: the fold of its log under the terms that its events pin.

A log holds one or more runs. `Started` opens a run; `Fulfilled` or `Cancelled` closes it, and a later `Started` opens
the next. A breach stays when what was due happens late, or when the review is removed afterwards; only `Retracted`,
when we learn that the run had ended in time, removes it.

The due time is a pure function of the anchor, the class of the policy, the revision of the calendar and the pauses.
While a run is paused its due time is what it would be if the time ran on at once; it does not pass.

Where answers are not told, the due time makes a run unknown instead of breached. It waits for an answer all the same,
and an answer, once it is known, makes of it what its publication says.
"""

import dataclasses
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final, TypeAlias

import msgspec
from msgspec.structs import replace

from plaudit.alerting.calendars.domain import CalendarRef, Pause
from plaudit.alerting.clocks.domain.clock_events import (
    AnchorCorrected,
    Breached,
    Cancelled,
    ClockEvent,
    Fulfilled,
    Paused,
    PauseOverlapped,
    PolicyApplied,
    Resumed,
    Retracted,
    Started,
    StartReason,
    Unknown,
)
from plaudit.alerting.clocks.domain.terms import Pin, Terms
from plaudit.alerting.policies.domain.revisions import PolicyRef

TermsOf: TypeAlias = Callable[[Pin], Terms]
"""Finds what a pin names. Raises KeyError where it is not stored."""


HISTORY: Final = timedelta(days=30)
"""What we learn of so long after it was said is history: nobody is called for it."""
_BY_WHAT_WAS_SAID: Final = frozenset(
    (StartReason.PUBLISHED, StartReason.LOWERED, StartReason.WROTE_AGAIN, StartReason.ANSWERED)
)
"""Of runs that count from when somebody said something, and not from when we learned of it."""
NO_PAUSES: Final = "[]"
"""No pauses, as JSON."""
_encode: Final = msgspec.json.Encoder().encode
pauses_of: Final = msgspec.json.Decoder(tuple[Pause, ...]).decode
"""Reads pauses as they are stored."""


class State(StrEnum):
    """How a run stands."""

    RUNNING = "running"
    PAUSED = "paused"
    FULFILLED = "fulfilled"
    BREACHED = "breached"
    CANCELLED = "cancelled"
    UNKNOWN = "unknown"
    """The due time has passed, and whether there was an answer is not told."""


class Run(msgspec.Struct, frozen=True, gc=False):
    """The present run of a clock."""

    policy: PolicyRef
    """The class of a policy's revision that the run is pinned to."""
    anchor_at: datetime
    started_at: datetime
    due_at: datetime
    calendar: CalendarRef | None = None
    """The revision of the calendar that it is pinned to; none: around the clock."""
    number: int = 1
    generation: int = 1
    """Rises when what was scheduled for the clock so far no longer applies."""
    pauses: tuple[Pause, ...] = ()
    """Which times do not count; the last one is open while the run is paused."""
    applied_at: datetime | None = None
    """When the run was moved to the terms that it is pinned to; none if it started under them."""
    breached_at: datetime | None = None
    provisional: bool = False
    fulfilled_at: datetime | None = None
    cancelled_at: datetime | None = None
    unknown_at: datetime | None = None
    reason: str = StartReason.PUBLISHED
    """Why the run began, or, if it is cancelled, why it ended."""

    @property
    def pin(self) -> Pin:
        """What the run is pinned to."""
        return Pin(self.policy, self.calendar)

    @property
    def calendar_name(self) -> str | None:
        """The name of its calendar; none: around the clock."""
        return None if self.calendar is None else self.calendar.name

    @property
    def calendar_revision(self) -> int | None:
        """The revision of its calendar; none: around the clock."""
        return None if self.calendar is None else self.calendar.revision

    @property
    def pauses_json(self) -> str:
        """The pauses, as they are stored."""
        return _encode(self.pauses).decode() if self.pauses else NO_PAUSES

    @property
    def known_at(self) -> datetime:
        """The instant before which no stage of the run is told: it began then, or was moved then."""
        return self.started_at if self.applied_at is None else self.applied_at

    @property
    def is_history(self) -> bool:
        """Whether what it counts from was brought in long afterwards, as by an import of years."""
        return self.reason in _BY_WHAT_WAS_SAID and is_history(self.anchor_at, self.started_at)

    @property
    def waiting(self) -> bool:
        """Whether what was due is still due, even if it is late."""
        return self.fulfilled_at is None and self.cancelled_at is None

    @property
    def is_decided(self) -> bool:
        """Whether it was decided what the due time has made of it."""
        return self.breached_at is not None or self.unknown_at is not None

    @property
    def is_paused(self) -> bool:
        """Whether its time stands still."""
        return bool(self.pauses) and self.pauses[-1].to_at is None

    def stands_at(self, now: datetime) -> datetime:
        """Return which instant its time has come to: now, or the beginning of the pause while it stands still."""
        return self.pauses[-1].from_at if self.is_paused else now

    @property
    def can_move(self) -> bool:
        """Whether its due time may still change: it waits, and nothing was decided."""
        return self.waiting and not self.is_decided

    @property
    def state(self) -> State:
        """How the run stands."""
        if self.breached_at is not None:
            return State.BREACHED
        if self.fulfilled_at is not None:
            return State.FULFILLED
        if self.cancelled_at is not None:
            return State.CANCELLED
        if self.unknown_at is not None:
            return State.UNKNOWN
        return State.PAUSED if self.is_paused else State.RUNNING

    def is_in_time(self, at: datetime) -> bool:
        """Say whether an end at this time was in time. One during a pause that is open was: no time passes then."""
        return self.is_paused or at <= self.due_at


def is_history(said_at: datetime, learned_at: datetime) -> bool:
    """Say whether we learned of something so long after it was said that nobody is called for it."""
    return learned_at - said_at > HISTORY


def apply(run: Run | None, event: ClockEvent, terms_of: TermsOf) -> Run:
    """Return the present run after one more event.

    Args:
        run: the fold so far; none for an empty log.
        event: what happened.
        terms_of: finds the terms that a run is pinned to.

    Raises:
        ValueError: the log does not begin with a start.
        KeyError: from `terms_of`.
    """
    if isinstance(event, Started):
        return _started(run, event, terms_of)
    if run is None:
        raise ValueError(f"a clock's log begins with {type(event).__name__}, not with Started")
    return replace(run, **_changes(run, event, terms_of))


def fold(events: Iterable[ClockEvent], terms_of: TermsOf) -> Run | None:
    """Return the present run of a log; none for an empty log.

    Raises:
        ValueError: as `apply`.
        KeyError: as `apply`.
    """
    run: Run | None = None
    for event in events:
        run = apply(run, event, terms_of)
    return run


def _started(run: Run | None, event: Started, terms_of: TermsOf) -> Run:
    terms = terms_of(Pin(event.policy, event.calendar))
    return Run(
        policy=terms.rule.ref,
        calendar=event.calendar,
        anchor_at=event.anchor_at,
        started_at=event.at,
        due_at=terms.due_at(event.anchor_at, event.at, event.pauses),
        number=1 if run is None else run.number + 1,
        generation=1 if run is None else run.generation + 1,
        pauses=event.pauses,
        reason=event.reason,
    )


def _changes(run: Run, event: ClockEvent, terms_of: TermsOf) -> dict[str, Any]:
    """Return the fields of a run that an event sets."""
    match event:
        case PolicyApplied():
            return _moved(run, event, terms_of)
        case Paused() | Resumed() | AnchorCorrected():
            return {"generation": run.generation + 1, **_new_times(run, event, terms_of)}
        case PauseOverlapped() | Breached() | Unknown() | Retracted():
            return _noted(run, event)
        case Fulfilled() | Cancelled():
            return _end(run, event)
    return {}


def _moved(run: Run, event: PolicyApplied, terms_of: TermsOf) -> dict[str, Any]:
    """Return what a move to other terms sets."""
    terms = terms_of(Pin(event.policy, event.calendar))
    return {
        "policy": terms.rule.ref,
        "calendar": event.calendar,
        "due_at": terms.due_at(run.anchor_at, run.started_at, run.pauses),
        "generation": run.generation + 1,
        "applied_at": event.at,
    }


def _new_times(run: Run, event: Paused | Resumed | AnchorCorrected, terms_of: TermsOf) -> dict[str, Any]:
    """Return what is set by an event that moves the due time under the same terms."""
    match event:
        case Paused():
            return {"pauses": (*run.pauses, Pause(event.at, None, event.reason))}
        case Resumed():
            pauses = _ended(run.pauses, event.at)
            return {"pauses": pauses, "due_at": terms_of(run.pin).due_at(run.anchor_at, run.started_at, pauses)}
        case AnchorCorrected():
            due_at = terms_of(run.pin).due_at(event.anchor_at, run.started_at, run.pauses)
            # Another number: what was told of the run before is not what is told from now on. A breach that stands is.
            number = run.number if run.breached_at is not None else run.number + 1
            return {"anchor_at": event.anchor_at, "due_at": due_at, "number": number}


def _end(run: Run, event: Fulfilled | Cancelled) -> dict[str, Any]:
    """Return what an end of a run sets. It ends an open pause too; an answer replaces a cancellation."""
    pauses = _ended(run.pauses, event.at) if run.is_paused else run.pauses
    ended: dict[str, Any] = {"unknown_at": None, "generation": run.generation + 1, "pauses": pauses}
    if isinstance(event, Fulfilled):
        return {"fulfilled_at": event.at, "cancelled_at": None, **ended}
    return {"cancelled_at": event.at, "reason": event.reason, **ended}


def _ended(pauses: tuple[Pause, ...], at: datetime) -> tuple[Pause, ...]:
    """Return the pauses, the open one ended; one that would end before it began has not been."""
    *earlier, last = pauses
    return (*earlier, dataclasses.replace(last, to_at=at)) if at > last.from_at else tuple(earlier)


def _noted(run: Run, event: PauseOverlapped | Breached | Unknown | Retracted) -> dict[str, Any]:
    """Return what is set by an event that moves no time: what the due time has made of the run, or words in a pause."""
    match event:
        case Breached():
            return {"breached_at": event.at, "provisional": event.provisional, "unknown_at": None}
        case Unknown():
            return {"unknown_at": event.at}
        case Retracted():
            return {"breached_at": None, "provisional": False}
    return {
        "pauses": tuple(
            dataclasses.replace(pause, said_at=event.at) if pause.from_at == event.pause_from else pause
            for pause in run.pauses
        )
    }
