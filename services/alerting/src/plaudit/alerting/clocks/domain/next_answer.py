"""What a change of a review adds to the log of its next answer: the customer wrote again after our answer.

The time counts from the oldest statement without an answer; later ones do not restart it. Each time that it becomes due
anew is a clock of its own, the next instance.
"""

from datetime import datetime

from plaudit.alerting.clocks.domain.clock_events import (
    Cancelled,
    CancelReason,
    ClockEvent,
    Fulfilled,
    Retracted,
    RetractReason,
    StartReason,
)
from plaudit.alerting.clocks.domain.decide import End, TermsFor, answered_at, close, starts
from plaudit.alerting.clocks.domain.run import Run
from plaudit.common.contracts import ReviewChange, ReviewState


def stated_at(review: ReviewState) -> datetime:
    """Return when the customer last said something: by publication, rating or edit."""
    edited_at = review.published_at if review.edited_at is None else review.edited_at
    return max(review.published_at, review.rated_at, edited_at)


def decide_next_answer(
    run: Run, change: ReviewChange, happened_at: datetime, terms_for: TermsFor, *, is_told: bool = True
) -> tuple[ClockEvent, ...]:
    """Return what a change of a review adds to the log of its newest clock for a next answer.

    Args:
        run: the fold of that log.
        change: the review's newest revision.
        happened_at: when the change was recorded.
        terms_for: finds the terms of a run that would start now.
        is_told: whether answers are told where the review comes from.
    """
    end = _end_of(run, change.after, happened_at, terms_for)
    if end is None:
        return ()
    if run.waiting:
        return close(run, end, is_told=is_told)
    if run.breached_at is not None and isinstance(end, Fulfilled) and end.at <= run.due_at:
        return (Retracted(end.at, RetractReason.ANSWERED_IN_TIME), end)
    return ()


def start_next_answer(
    latest: Run | None, change: ReviewChange, happened_at: datetime, terms_for: TermsFor
) -> tuple[ClockEvent, ...]:
    """Return the log that another clock for a next answer begins with; nothing where none is due.

    Args:
        latest: of the newest instance; it no longer waits. None where there is none.
        change: the review's newest revision.
        happened_at: when the change was recorded.
        terms_for: finds the terms of a run that would start now.
    """
    review = change.after
    if review is None or change.backfill:
        return ()
    answered, said_at = answered_at(review), stated_at(review)
    if answered is None or said_at <= answered or said_at < review.source.created_at:
        return ()
    terms = terms_for(review)
    if terms is None:
        return ()
    if latest is None or said_at > latest.anchor_at:
        return (starts(terms, happened_at, said_at, StartReason.WROTE_AGAIN),)
    if latest.cancelled_at is None:
        return ()
    # The same statement stands again: the review was away, or the answer that came before it.
    return (starts(terms, happened_at, happened_at, StartReason.RESTORED),)


def _end_of(run: Run, review: ReviewState | None, happened_at: datetime, terms_for: TermsFor) -> End | None:
    if review is None:
        return Cancelled(happened_at, CancelReason.REMOVED)
    answered = answered_at(review)
    if answered is None:
        return Cancelled(happened_at, CancelReason.ANSWER_REMOVED)
    if answered >= run.anchor_at:
        return Fulfilled(answered)
    return Cancelled(stated_at(review), CancelReason.NO_LONGER_NEGATIVE) if terms_for(review) is None else None
