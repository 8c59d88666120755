"""What a change of a review, and what the passing of time, does to a clock.

The outcome depends on when things happened, never on when we learned of them: what ends a run in time takes a breach
back, and what ends it late makes one.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final, TypeAlias

from plaudit.alerting.domain.clocks import (
    Breached,
    Cancelled,
    CancelReason,
    Clock,
    ClockEvent,
    Fulfilled,
    Retracted,
    RetractReason,
    Started,
    StartReason,
    Warned,
)
from plaudit.alerting.domain.policy import BREACH_PERCENT, Policy, stage_at
from plaudit.common.contracts import ReviewChange, ReviewState

PUBLISHED_ANSWER: Final = "published"
NEVER: Final = datetime.min.replace(tzinfo=UTC)

_End: TypeAlias = Fulfilled | Cancelled


@dataclass(frozen=True, slots=True)
class Reached:
    """Up to which instant the changes have been read, of the partition that a clock's review is in."""

    now: datetime
    read_until: datetime
    """All that was written up to here has been applied."""
    decide_until: datetime
    """Later than `read_until` where waiting any longer is not allowed: breaches in between are provisional."""

    def doubted(self) -> "Reached":
        """Return the same for a clock of which something was set aside unread."""
        return replace(self, read_until=NEVER)


def decide(
    clock: Clock | None, change: ReviewChange, happened_at: datetime, policy: Policy, *, is_first: bool = False
) -> tuple[ClockEvent, ...]:
    """Return what a change of a review adds to its clock's log.

    Args:
        clock: the fold of the log so far; none where there is no clock.
        change: the review's newest revision.
        happened_at: when the change was recorded; a removal and the loss of an answer have no other time.
        policy: for a new run the newest revision, for what becomes of a run the one it is pinned to.
        is_first: whether this is how we came to know the review.
    """
    end = _end_of(change.after, happened_at, policy)
    if clock is not None and clock.waiting:
        return () if end is None else _close(clock, end)
    if clock is not None and clock.breached_at is not None and isinstance(end, Fulfilled) and end.at <= clock.due_at:
        return (_retraction(end), end)
    if end is None and change.after is not None:
        return _start(change.before, change.after, happened_at, policy, is_first=is_first)
    return ()


def reach(clock: Clock, percents: Sequence[int], reached: Reached) -> tuple[ClockEvent, ...]:
    """Return what the passing of time adds to the log of a clock of which these stages have come due.

    Late stages are collapsed: of several warnings only the last is told, and none once the due time has passed.
    """
    if not clock.waiting or clock.breached_at is not None:
        return ()
    warnings = sorted(percent for percent in percents if percent != BREACH_PERCENT)
    told = None if reached.now > clock.due_at or not warnings else warnings[-1]
    events: list[ClockEvent] = [
        Warned(stage_at(clock.anchor_at, clock.due_at, percent), percent, collapsed=percent != told)
        for percent in warnings
    ]
    if BREACH_PERCENT in percents and clock.due_at <= reached.decide_until:
        events.append(Breached(clock.due_at, provisional=clock.due_at > reached.read_until))
    return tuple(events)


def _end_of(review: ReviewState | None, happened_at: datetime, policy: Policy) -> _End | None:
    """Return what keeps a review from wanting an answer, or None where it wants one."""
    if review is None:
        return Cancelled(happened_at, CancelReason.REMOVED)
    if not policy.concerns(review):
        return Cancelled(review.rated_at, CancelReason.NO_LONGER_NEGATIVE)
    return Fulfilled(review.answer.published_at) if review.answer is not None and answered(review) else None


def answered(review: ReviewState) -> bool:
    """Whether the public can read an answer to the review."""
    return review.answer is not None and review.answer.state == PUBLISHED_ANSWER


def _close(clock: Clock, end: _End) -> tuple[ClockEvent, ...]:
    if end.at <= clock.due_at:
        return (end,) if clock.breached_at is None else (_retraction(end), end)
    return (end,) if clock.breached_at is not None else (Breached(clock.due_at), end)


def _retraction(end: _End) -> Retracted:
    answered_in_time = isinstance(end, Fulfilled)
    return Retracted(end.at, RetractReason.ANSWERED_IN_TIME if answered_in_time else RetractReason.CANCELLED_IN_TIME)


def _start(
    before: ReviewState | None, review: ReviewState, happened_at: datetime, policy: Policy, *, is_first: bool
) -> tuple[ClockEvent, ...]:
    """Begin a run, with the full target from its anchor.

    The anchor is the publication; of a lowered rating the time it was given; of a review that is back, or has lost its
    answer, the time that happened. A review published before its source was set up is of before our time, for ever.
    """
    if review.published_at < review.source.created_at:
        return ()
    if is_first:
        return (Started(review.received_at, review.published_at, policy.ref, StartReason.PUBLISHED),)
    if before is None:
        return (Started(happened_at, happened_at, policy.ref, StartReason.RESTORED),)
    if not policy.concerns(before):
        return (Started(happened_at, review.rated_at, policy.ref, StartReason.LOWERED),)
    if answered(before):
        return (Started(happened_at, happened_at, policy.ref, StartReason.ANSWER_REMOVED),)
    # It stood open before, and no run was begun: that revision was set aside. As if it were the first.
    return (Started(happened_at, review.published_at, policy.ref, StartReason.PUBLISHED),)
