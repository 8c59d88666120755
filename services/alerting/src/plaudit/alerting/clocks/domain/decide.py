"""What a change of a review, and what the passing of time, adds to a clock's log.

An answer ends a clock here. The outcome depends on when things happened, not on when we learned of them: an end that
was in time retracts a breach, and one that was late causes it. A back-fill starts no run, for it tells of what is past.

Where answers are not told, only an answer can show that a run was late: neither time nor the end of the review does.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, TypeAlias

from plaudit.alerting.clocks.domain.clock_events import (
    Breached,
    Cancelled,
    CancelReason,
    ClockEvent,
    Fulfilled,
    Retracted,
    RetractReason,
    Started,
    StartReason,
    Unknown,
    Warned,
)
from plaudit.alerting.clocks.domain.run import Run
from plaudit.alerting.policies.domain import BREACH_PERCENT, Policy, stage_at
from plaudit.common.contracts import ReviewChange, ReviewState, Severity

PUBLISHED_ANSWER: Final = "published"

_End: TypeAlias = Fulfilled | Cancelled


def decide(
    run: Run | None,
    change: ReviewChange,
    happened_at: datetime,
    policy: Policy,
    *,
    is_first: bool = False,
    is_told: bool = True,
) -> tuple[ClockEvent, ...]:
    """Return what a change of a review adds to its clock's log.

    Args:
        run: the fold of the log so far; none where there is no clock.
        change: the review's newest revision.
        happened_at: when the change was recorded; a removal and the loss of an answer have no other time.
        policy: for a new run the newest revision, for the present run the one that it is pinned to.
        is_first: whether we learn of the review by this change.
        is_told: whether answers are told where the review comes from.
    """
    end = _end_of(change.after, happened_at, policy)
    if run is not None and run.waiting:
        return () if end is None else _close(run, end, is_told=is_told)
    if run is not None and run.breached_at is not None and isinstance(end, Fulfilled) and end.at <= run.due_at:
        return (_retraction(end), end)
    if end is None and change.after is not None and not change.backfill:
        return _start(change.before, change.after, happened_at, policy, is_first=is_first)
    return ()


def decide_erased(run: Run, happened_at: datetime, *, is_told: bool) -> tuple[ClockEvent, ...]:
    """Return what is added to a clock's log when its review is erased: no answer is due any more."""
    return _close(run, Cancelled(happened_at, CancelReason.ERASED), is_told=is_told) if run.waiting else ()


def decide_worse(
    run: Run, change: ReviewChange, happened_at: datetime, policy: Policy, newest: Policy
) -> tuple[ClockEvent, ...]:
    """Return what is added to a clock's log when its review has become drastic: a run with an earlier deadline.

    Nothing is added where that deadline would not be earlier than the present one, or where an answer is no longer due.
    A review that has become less severe keeps the deadline that it has.

    Args:
        run: the fold of the log so far.
        change: the review's newest revision.
        happened_at: when the change was recorded; the new deadline counts from then.
        policy: that of the present run.
        newest: that of reviews as severe as this one now is.
    """
    if not run.waiting or run.is_decided or newest.severity == policy.severity:
        return ()
    if newest.severity != Severity.DRASTIC or _end_of(change.after, happened_at, newest) is not None:
        return ()
    if newest.due_at(happened_at, happened_at) >= run.due_at:
        return ()
    return (
        Cancelled(happened_at, CancelReason.WORSENED),
        Started(happened_at, happened_at, newest.ref, StartReason.WORSENED),
    )


def decide_due(
    run: Run,
    percents: Sequence[int],
    *,
    now: datetime,
    read_until: datetime,
    decide_until: datetime,
    is_told: bool = True,
) -> tuple[ClockEvent, ...]:
    """Return what the passing of time adds to the log of a clock.

    Late stages are collapsed: of several warnings only the last is published, and none once the due time has passed.

    Args:
        run: the present run.
        percents: the stages that have come due.
        now: the present time.
        read_until: all reviews written up to here have been applied.
        decide_until: not before `read_until`; a breach between the two is provisional, one later is not decided yet.
        is_told: whether answers are told where the review comes from; if not, the run becomes unknown.
    """
    if not run.waiting or run.is_decided:
        return ()
    warnings = sorted(percent for percent in percents if percent != BREACH_PERCENT)
    published = None if now > run.due_at or not warnings else warnings[-1]
    events: list[ClockEvent] = [
        Warned(stage_at(run.anchor_at, run.due_at, percent), percent, collapsed=percent != published)
        for percent in warnings
    ]
    if BREACH_PERCENT in percents and run.due_at <= decide_until:
        provisional = run.due_at > read_until
        events.append(Breached(run.due_at, provisional=provisional) if is_told else Unknown(run.due_at))
    return tuple(events)


def is_answered(review: ReviewState) -> bool:
    """Say whether the public can read an answer to the review."""
    return review.answer is not None and review.answer.state == PUBLISHED_ANSWER


def _end_of(review: ReviewState | None, happened_at: datetime, policy: Policy) -> _End | None:
    """Return why a review needs no answer, or None where it needs one."""
    if review is None:
        return Cancelled(happened_at, CancelReason.REMOVED)
    if not policy.applies_to(review):
        return Cancelled(review.rated_at, CancelReason.NO_LONGER_NEGATIVE)
    return Fulfilled(review.answer.published_at) if review.answer is not None and is_answered(review) else None


def _close(run: Run, end: _End, *, is_told: bool) -> tuple[ClockEvent, ...]:
    if end.at <= run.due_at:
        return (end,) if run.breached_at is None else (_retraction(end), end)
    if isinstance(end, Cancelled) and (run.unknown_at is not None or not is_told):
        return (end,)
    return (end,) if run.breached_at is not None else (Breached(run.due_at), end)


def _retraction(end: _End) -> Retracted:
    answered_in_time = isinstance(end, Fulfilled)
    return Retracted(end.at, RetractReason.ANSWERED_IN_TIME if answered_in_time else RetractReason.CANCELLED_IN_TIME)


def _start(
    before: ReviewState | None, review: ReviewState, happened_at: datetime, policy: Policy, *, is_first: bool
) -> tuple[ClockEvent, ...]:
    """Begin a run, with the full target from its anchor.

    The anchor is the publication; for a lowered rating the time it was given; for a review that is back, or has lost
    its answer, the time that this happened. A review published before its source was set up never has a clock.
    """
    if review.published_at < review.source.created_at:
        return ()
    if is_first:
        return (Started(review.received_at, review.published_at, policy.ref, StartReason.PUBLISHED),)
    if before is None:
        return (Started(happened_at, happened_at, policy.ref, StartReason.RESTORED),)
    if not policy.applies_to(before) or review.rating < before.rating:
        return (Started(happened_at, review.rated_at, policy.ref, StartReason.LOWERED),)
    if is_answered(before):
        return (Started(happened_at, happened_at, policy.ref, StartReason.ANSWER_REMOVED),)
    # The review needed an answer before and has no run: that revision was set aside. Start as if it were the first.
    return (Started(happened_at, review.published_at, policy.ref, StartReason.PUBLISHED),)
