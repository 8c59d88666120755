"""Reach: how many people a request is about.

It counts the distinct people who, within the last 90 days, voted for the request or wrote a review that is linked to
it. Someone who did both counts once. The authors of reviews without a person key cannot be told apart, so these reviews
are counted separately and never as reach.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

REACH_WINDOW: Final = timedelta(days=90)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mentions:
    """The votes and linked reviews of one request, counted at one instant. A removed review is no mention."""

    reach: int
    unidentified: int
    """Linked reviews within the window without a person key."""
    linked_reviews: int
    """All linked reviews that are still published, however old."""
    last_at: datetime | None
    oldest_counted_at: datetime | None
    """The time of the oldest mention within the window: the first to leave it."""


def counted_since(now: datetime) -> datetime:
    """Return the instant after which a mention counts."""
    return now - REACH_WINDOW


def recount_at(mentions: Mentions) -> datetime | None:
    """Return when reach may next fall without any event, or None when no mention is within the window."""
    return None if mentions.oldest_counted_at is None else mentions.oldest_counted_at + REACH_WINDOW
