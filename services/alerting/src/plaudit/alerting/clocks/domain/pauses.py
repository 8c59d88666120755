"""What happens while the time of a clock stands still, and is not to go unseen.

A clock is paused because we wait for the customer. Once the customer says something, or the review becomes drastic, the
reason is gone, and only a person can say whether the time may still stand.
"""

from datetime import datetime

from plaudit.alerting.calendars.domain import Pause
from plaudit.alerting.clocks.domain.clock_events import ClockEvent, PauseOverlapped
from plaudit.alerting.clocks.domain.next_answer import stated_at
from plaudit.alerting.clocks.domain.run import Run
from plaudit.common.contracts import ReviewChange, ReviewState, Severity


def overlapped(run: Run, change: ReviewChange, happened_at: datetime) -> tuple[ClockEvent, ...]:
    """Return what a change of a review adds to the log of a clock about it, because it falls into a pause.

    Each pause is noted once. One that has ended is noted too, where we learn later what was said during it.

    Args:
        run: as it stands after what else the change adds.
        change: the review's newest revision.
        happened_at: when the change was recorded.
    """
    if not run.waiting or change.backfill or change.after is None:
        return ()
    said_at = _said_at(change.before, change.after, happened_at)
    if said_at is None:
        return ()
    pause = next((each for each in run.pauses if _is_during(each, said_at, happened_at)), None)
    return () if pause is None else (PauseOverlapped(said_at, pause.from_at),)


def _said_at(before: ReviewState | None, review: ReviewState, happened_at: datetime) -> datetime | None:
    """Return when the customer said what is new in a review, or when it became drastic; none if it is about us."""
    if before is None or stated_at(review) != stated_at(before):
        return stated_at(review)
    if (review.title, review.text) != (before.title, before.text):
        return happened_at
    is_drastic_now = review.severity == Severity.DRASTIC and before.severity != Severity.DRASTIC
    return happened_at if is_drastic_now else None


def _is_during(pause: Pause, said_at: datetime, learned_at: datetime) -> bool:
    """Say whether something was said during a pause that is not noted yet, or learned while it lasts."""
    if pause.said_at is not None:
        return False
    if pause.to_at is None:
        return learned_at >= pause.from_at
    return pause.from_at <= said_at < pause.to_at
