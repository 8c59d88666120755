"""What adds to the log of a private follow-up: after our public answer to a bad review, its writer is contacted.

The contact is told by an event about the same person, or by hand. One that came before the answer does not count.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from plaudit.alerting.clocks.domain.clock_events import (
    Cancelled,
    CancelReason,
    ClockEvent,
    Fulfilled,
    Retracted,
    RetractReason,
    StartReason,
)
from plaudit.alerting.clocks.domain.decide import TermsFor, answered_at, close, starts
from plaudit.alerting.clocks.domain.run import Run
from plaudit.common.contracts import ReviewChange, ReviewState


class Contact(NamedTuple):
    """A personal contact with a customer."""

    at: datetime
    channel: str | None
    """By which way, if it was said."""


def decide_follow_up(
    run: Run | None,
    change: ReviewChange,
    happened_at: datetime,
    terms_for: TermsFor,
    *,
    is_first: bool = False,
) -> tuple[ClockEvent, ...]:
    """Return what a change of a review adds to the log of its follow-up.

    Args:
        run: the fold of the log so far; none where there is no clock.
        change: the review's newest revision.
        happened_at: when the change was recorded.
        terms_for: finds the terms of a run that would start now.
        is_first: whether we learn of the review by this change.
    """
    if run is not None and run.waiting:
        cancelled = _cancelled(change.after, happened_at, terms_for)
        return () if cancelled is None else close(run, cancelled, is_told=True)
    review = change.after
    if review is None or change.backfill or (run is not None and run.fulfilled_at is not None):
        return ()
    answered = answered_at(review)
    if answered is None or answered < review.source.created_at or not _is_new(run, change, is_first=is_first):
        return ()
    terms = terms_for(review)
    if terms is None:
        return ()
    anchor_at = answered if run is None else max(answered, happened_at)
    return (starts(terms, happened_at, anchor_at, StartReason.ANSWERED),)


def decide_contacts(run: Run, contacts: Iterable[Contact]) -> tuple[ClockEvent, ...]:
    """Return what the contacts with its person add to the log of a follow-up: the first since its anchor fulfils it."""
    counted = sorted(contact for contact in contacts if contact.at >= run.anchor_at)
    if not counted:
        return ()
    end = Fulfilled(counted[0].at, channel=counted[0].channel)
    if run.waiting:
        return close(run, end, is_told=True)
    if run.breached_at is not None and run.fulfilled_at is not None and end.at <= run.due_at < run.fulfilled_at:
        return (Retracted(end.at, RetractReason.ANSWERED_IN_TIME), end)
    return ()


def _is_new(run: Run | None, change: ReviewChange, *, is_first: bool) -> bool:
    """Say whether the answer has just appeared, or stands again after the follow-up was cancelled."""
    if run is not None:
        return True
    return is_first if change.before is None else answered_at(change.before) is None


def _cancelled(review: ReviewState | None, happened_at: datetime, terms_for: TermsFor) -> Cancelled | None:
    if review is None:
        return Cancelled(happened_at, CancelReason.REMOVED)
    if answered_at(review) is None:
        return Cancelled(happened_at, CancelReason.ANSWER_REMOVED)
    return Cancelled(review.rated_at, CancelReason.NO_LONGER_NEGATIVE) if terms_for(review) is None else None
