"""What a change of a review adds to the log of a clock that runs from the review's publication.

These are the first answer and the two resolutions: they begin with the review and differ in what fulfils them. The
outcome depends on when things happened, not on when we learned of them: an end that was in time retracts a breach, and
one that was late causes it. A back-fill starts no run, for it tells of what is past.

Where answers are not told, only an answer can show that a run was late: neither time nor the end of the review does.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypeAlias

from plaudit.alerting.calendars.domain import Pause
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
)
from plaudit.alerting.clocks.domain.run import Run
from plaudit.alerting.clocks.domain.terms import Terms
from plaudit.common.contracts import ReviewChange, ReviewState, Severity

PUBLISHED_ANSWER: Final = "published"

End: TypeAlias = Fulfilled | Cancelled
TermsFor: TypeAlias = Callable[[ReviewState], Terms | None]
"""The terms under which a run about a review in this state would start now; none where nothing is due."""


@dataclass(frozen=True, slots=True)
class Duty:
    """What is due from a review's publication on."""

    fulfilled_at: Callable[[ReviewState], datetime | None]
    """When what is due happened, by the review's state; none if it has not."""
    lost: StartReason | None
    """Why a run begins when what had happened is undone; none if none does."""
    keeps_its_time: bool = False
    """Whether that run has only the time that was left."""


def answered_at(review: ReviewState) -> datetime | None:
    """Return when the answer that the public can read was published."""
    answer = review.answer
    return answer.published_at if answer is not None and answer.state == PUBLISHED_ANSWER else None


def is_answered(review: ReviewState) -> bool:
    """Say whether the public can read an answer to the review."""
    return answered_at(review) is not None


def resolved_at(review: ReviewState) -> datetime | None:
    """Return when the company settled the review."""
    return None if review.resolution is None else review.resolution.resolved_at


_BY_STATEMENT: Final = frozenset(
    (StartReason.PUBLISHED, StartReason.LOWERED, StartReason.WORSENED, StartReason.IMPROVED)
)
"""Of runs that count from something that the customer said."""

ANSWER: Final = Duty(answered_at, StartReason.ANSWER_REMOVED)
FIRST_RESOLUTION: Final = Duty(resolved_at, None)
TOTAL_RESOLUTION: Final = Duty(resolved_at, StartReason.REOPENED, keeps_its_time=True)


def decide(
    run: Run | None,
    change: ReviewChange,
    happened_at: datetime,
    terms_for: TermsFor,
    *,
    duty: Duty = ANSWER,
    is_first: bool = False,
    is_told: bool = True,
) -> tuple[ClockEvent, ...]:
    """Return what a change of a review adds to its clock's log.

    Args:
        run: the fold of the log so far; none where there is no clock.
        change: the review's newest revision.
        happened_at: when the change was recorded; a removal and the loss of an answer have no other time.
        terms_for: finds the terms of a run that would start now.
        duty: what is due.
        is_first: whether we learn of the review by this change.
        is_told: whether what is due is told where the review comes from.
    """
    review = change.after
    terms = None if review is None else terms_for(review)
    end = _end_of(run, review, happened_at, terms, duty)
    if run is not None and run.waiting:
        if end is not None:
            return close(run, end, is_told=is_told)
        assert review is not None
        assert terms is not None
        return _changed_class(run, change, review, happened_at, terms, is_told=is_told)
    if run is not None and run.breached_at is not None and isinstance(end, Fulfilled) and end.at <= run.due_at:
        return (_retraction(end), end)
    if end is None and review is not None and terms is not None and not change.backfill:
        before = change.before
        had_terms = before is not None and terms_for(before) is not None
        return _start(run, before, review, happened_at, terms, duty, is_first=is_first, had_terms=had_terms)
    return ()


def decide_erased(run: Run, happened_at: datetime, *, is_told: bool) -> tuple[ClockEvent, ...]:
    """Return what is added to a clock's log when its review is erased: nothing is due any more."""
    return close(run, Cancelled(happened_at, CancelReason.ERASED), is_told=is_told) if run.waiting else ()


def close(run: Run, end: End, *, is_told: bool) -> tuple[ClockEvent, ...]:
    """Return how an end, whenever it was, closes a run that waits.

    An end in time retracts a breach; one that was late is a breach first. A cancellation after the due time says
    nothing about what was due where that is not told.
    """
    if run.is_in_time(end.at):
        return (end,) if run.breached_at is None else (_retraction(end), end)
    if isinstance(end, Cancelled) and (run.unknown_at is not None or not is_told):
        return (end,)
    return (end,) if run.breached_at is not None else (Breached(run.due_at), end)


def starts(
    terms: Terms, at: datetime, anchor_at: datetime, reason: StartReason, pauses: tuple[Pause, ...] = ()
) -> Started:
    """Return the start of a run under these terms."""
    return Started(at, anchor_at, terms.pin.policy, reason, terms.pin.calendar, pauses)


def _end_of(
    run: Run | None, review: ReviewState | None, happened_at: datetime, terms: Terms | None, duty: Duty
) -> End | None:
    """Return why nothing is due about a review any more, or None where something is."""
    if review is None:
        return Cancelled(happened_at, CancelReason.REMOVED)
    if terms is None:
        return Cancelled(review.rated_at, CancelReason.NO_LONGER_NEGATIVE)
    at = duty.fulfilled_at(review)
    if at is None:
        return None
    if run is not None and run.waiting and at < run.anchor_at and run.reason in _BY_STATEMENT:
        # It is older than what the customer says now, so it was no quick answer to that. Nor is a first one due.
        return Cancelled(run.anchor_at, CancelReason.ANSWERED_BEFORE)
    return Fulfilled(at)


def _changed_class(
    run: Run, change: ReviewChange, review: ReviewState, happened_at: datetime, terms: Terms, *, is_told: bool
) -> tuple[ClockEvent, ...]:
    """Return what it makes of a run that a review now falls into another class of the policy.

    A run with an earlier due time replaces the present one, and one with a later due time only where a rating was
    raised and is not negative any more: one that has become less severe keeps the due time that it has. The time of a
    paused run stands still for what the review said before: what is worse than that runs.
    """
    before = change.before
    if before is None or _is_of_class(terms, run) or (run.is_paused and not _is_worse(before, review)):
        return ()
    if _is_improved(before, review):
        ended = close(run, Cancelled(review.rated_at, CancelReason.IMPROVED), is_told=is_told)
        if not run.is_in_time(review.rated_at):
            return ended
        return (*ended, starts(terms, happened_at, run.anchor_at, StartReason.IMPROVED))
    if run.is_decided or not _is_worse(before, review):
        return ()
    lowered = review.rating < before.rating
    anchor_at = review.rated_at if lowered else happened_at
    if not run.is_paused and terms.due_at(anchor_at, happened_at) >= run.due_at:
        return ()
    reason = StartReason.LOWERED if lowered else StartReason.WORSENED
    return (Cancelled(happened_at, CancelReason.WORSENED), starts(terms, happened_at, anchor_at, reason))


def _is_of_class(terms: Terms, run: Run) -> bool:
    """Say whether a run is of this class of this policy, whatever the revision: a new revision moves no run."""
    ref = terms.pin.policy
    return (ref.id, ref.name) == (run.policy.id, run.policy.name)


def _is_worse(before: ReviewState, review: ReviewState) -> bool:
    """Say whether a review says something worse than before: by its rating or by how severe it is."""
    return review.rating < before.rating or review.severity not in {before.severity, Severity.NORMAL}


def _is_improved(before: ReviewState, review: ReviewState) -> bool:
    return review.rating > before.rating and review.severity == Severity.NORMAL


def _retraction(end: End) -> Retracted:
    answered_in_time = isinstance(end, Fulfilled)
    return Retracted(end.at, RetractReason.ANSWERED_IN_TIME if answered_in_time else RetractReason.CANCELLED_IN_TIME)


def _start(
    run: Run | None,
    before: ReviewState | None,
    review: ReviewState,
    happened_at: datetime,
    terms: Terms,
    duty: Duty,
    *,
    is_first: bool,
    had_terms: bool,
) -> tuple[ClockEvent, ...]:
    """Begin a run, with the full target from its anchor.

    The anchor is the publication; for a lowered rating the time it was given; for a review that is back, or has lost
    its answer, the time that this happened. A review published before its source was set up never has a clock.
    """
    if review.published_at < review.source.created_at:
        return ()
    if is_first:
        return (starts(terms, review.received_at, review.published_at, StartReason.PUBLISHED),)
    if before is None:
        return (starts(terms, happened_at, happened_at, StartReason.RESTORED),)
    if not had_terms or review.rating < before.rating:
        return (starts(terms, happened_at, review.rated_at, StartReason.LOWERED),)
    if (undone_at := duty.fulfilled_at(before)) is not None:
        return _start_again(run, undone_at, happened_at, terms, duty)
    # Something was due before and there is no run: that revision was set aside. Start as if it were the first.
    return (starts(terms, happened_at, review.published_at, StartReason.PUBLISHED),)


def _start_again(
    run: Run | None, undone_at: datetime, happened_at: datetime, terms: Terms, duty: Duty
) -> tuple[ClockEvent, ...]:
    """Begin a run where what had happened is undone."""
    if duty.lost is None:
        return ()
    if run is None or not duty.keeps_its_time:
        return (starts(terms, happened_at, happened_at, duty.lost),)
    settled = Pause(undone_at, happened_at, str(duty.lost))
    pauses = (*run.pauses, settled) if happened_at > undone_at else run.pauses
    return (starts(terms, happened_at, run.anchor_at, duty.lost, pauses),)
