"""What people add to a clock's log.

They pause and resume it, say that it is fulfilled, settle what nobody was told, and move it to other terms.
"""

from datetime import datetime

from plaudit.alerting.clocks.domain.clock_events import (
    AnchorCorrected,
    Breached,
    ClockEvent,
    Fulfilled,
    Paused,
    PolicyApplied,
    Resumed,
    Retracted,
    RetractReason,
)
from plaudit.alerting.clocks.domain.decide import close
from plaudit.alerting.clocks.domain.run import Run
from plaudit.alerting.clocks.domain.terms import Pin, Terms
from plaudit.alerting.policies.domain.metrics import METRICS, About


class ClockRefusedError(Exception):
    """A clock cannot be changed so; the text says why, and what can be done."""


def pause(run: Run, terms: Terms, *, at: datetime, reason: str, by: str) -> tuple[ClockEvent, ...]:
    """Stop the time of a run. One that is paused already stays as it is.

    Raises:
        ClockRefusedError: it has ended, its due time has passed, or its time may not stand still.
    """
    if not run.waiting:
        raise ClockRefusedError("The clock has ended: there is no time left to stop.")
    if not terms.may_pause:
        raise ClockRefusedError("The time that a law sets goes on: a statutory clock is never paused.")
    if run.is_paused:
        return ()
    if run.is_decided or at >= run.due_at:
        raise ClockRefusedError("The due time has passed: there is no time left to stop.")
    return (Paused(at, reason, by),)


def resume(run: Run, *, at: datetime, reason: str, by: str) -> tuple[ClockEvent, ...]:
    """Let the time of a paused run go on.

    Raises:
        ClockRefusedError: it is not paused.
    """
    if not run.waiting or not run.is_paused:
        raise ClockRefusedError("The clock is not paused.")
    return (Resumed(at, reason, by),)


def fulfil(run: Run, *, at: datetime, now: datetime, channel: str | None, note: str, by: str) -> tuple[ClockEvent, ...]:
    """Say that what was due happened.

    Raises:
        ClockRefusedError: the run has ended, or it would have happened before its anchor or in the future.
    """
    if not run.waiting:
        raise ClockRefusedError("The clock has ended: nothing is due.")
    if at > now:
        raise ClockRefusedError("What was due cannot have happened in the future.")
    if at < run.anchor_at:
        raise ClockRefusedError("What happened before the clock began does not count: see its anchor_at.")
    return close(run, Fulfilled(at, channel, by, note), is_told=True)


def fulfil_alone(
    run: Run, terms: Terms, *, at: datetime, now: datetime, channel: str | None, note: str, by: str
) -> tuple[ClockEvent, ...]:
    """Say of a clock by itself that what was due happened.

    Raises:
        ClockRefusedError: as `fulfil`, or it is about an incident, where what fulfils it is written down.
    """
    if METRICS[terms.rule.metric].about is About.INCIDENT:
        raise ClockRefusedError(
            "The clock is about an incident: publish the update there, or note that the authority was notified."
        )
    return fulfil(run, at=at, now=now, channel=channel, note=note, by=by)


def settle(run: Run, *, note: str, by: str) -> tuple[ClockEvent, ...]:
    """Say of a run of which nobody was told that what was due did not happen in time. It still waits for it.

    Raises:
        ClockRefusedError: the run is not unknown.
    """
    if run.unknown_at is None or not run.waiting:
        raise ClockRefusedError("Only a clock that is unknown can be settled so.")
    return (Breached(run.due_at, by=by, note=note),)


def settle_answered(run: Run, *, at: datetime, now: datetime, note: str, by: str) -> tuple[ClockEvent, ...]:
    """Say of a run of which nobody was told when what was due happened.

    Raises:
        ClockRefusedError: the run is not unknown, or as `fulfil`.
    """
    if run.unknown_at is None or not run.waiting:
        raise ClockRefusedError("Only a clock that is unknown can be settled so.")
    return fulfil(run, at=at, now=now, channel=None, note=note, by=by)


def correct_anchor(
    run: Run, terms: Terms, *, anchor_at: datetime, at: datetime, reason: str, by: str
) -> tuple[ClockEvent, ...]:
    """Correct the instant that the time of a run is counted from; whether it was late is decided anew by it.

    A run that waits and is late by the new instant is breached by its timer, as any other. The same again adds nothing.

    Args:
        run: the present run.
        terms: of the run.
        anchor_at: the right instant.
        at: when it is corrected.
        reason: why.
        by: who does it.

    Raises:
        ClockRefusedError: the run was cancelled, or the instant is in the future, or after what was due happened.
    """
    if run.cancelled_at is not None:
        raise ClockRefusedError("The clock was cancelled: nothing counts any more.")
    if anchor_at > at:
        raise ClockRefusedError("The time cannot be counted from the future.")
    if run.fulfilled_at is not None and anchor_at > run.fulfilled_at:
        raise ClockRefusedError("What was due happened before that instant: it cannot have begun later.")
    if anchor_at == run.anchor_at:
        return ()
    corrected = AnchorCorrected(at, anchor_at, reason, by)
    due_at = terms.due_at(anchor_at, run.started_at, run.pauses)
    is_late = due_at < (at if run.fulfilled_at is None else run.fulfilled_at)
    if run.breached_at is not None and not is_late:
        return (Retracted(at, RetractReason.ANCHOR_CORRECTED), corrected)
    if run.breached_at is None and run.fulfilled_at is not None and is_late:
        return (corrected, Breached(due_at), Fulfilled(run.fulfilled_at, by=by, note=reason))
    return (corrected,)


def move(run: Run, pin: Pin, *, at: datetime, reason: str, by: str) -> tuple[ClockEvent, ...]:
    """Move a run to other terms; nothing is added where it is under them already, or its due time is settled."""
    if not run.can_move or (run.policy, run.calendar) == pin:
        return ()
    return (PolicyApplied(at, pin.policy, pin.calendar, reason, by),)
