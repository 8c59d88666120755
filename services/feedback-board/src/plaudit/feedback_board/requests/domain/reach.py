"""Reach: how many people a request is about.

It counts the distinct people who, within the last 90 days, voted for the request or wrote a review that is linked to
it. Someone who did both counts once. Two kinds of mentions are counted beside it and never as reach: reviews without a
person key, whose authors cannot be told apart, and votes of visitors who are known by a cookie only, since one person
may have several.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

REACH_WINDOW: Final = timedelta(days=90)
ANONYMOUS_PREFIX: Final = "visitor:"
"""Of the person keys of those who did not sign in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mentions:
    """The votes and linked reviews of one request, counted at one instant. A removed review is no mention."""

    reach: int
    anonymous_reach: int
    """Visitors within the window who did not sign in."""
    unidentified: int
    """Linked reviews within the window without a person key."""
    linked_reviews: int
    """All linked reviews that are still published, however old."""
    last_at: datetime | None
    oldest_counted_at: datetime | None
    """The time of the oldest mention within the window: the first to leave it."""
    trend: int
    """Of all mentions, as `domain.trend` says."""


def is_anonymous(person_key: str) -> bool:
    """Return whether a person key is that of a visitor who did not sign in."""
    return person_key.startswith(ANONYMOUS_PREFIX)


def counted_since(now: datetime) -> datetime:
    """Return the instant after which a mention counts."""
    return now - REACH_WINDOW


def leaves_at(at: datetime) -> datetime:
    """Return when a mention leaves the window."""
    return at + REACH_WINDOW


def recount_at(mentions: Mentions) -> datetime | None:
    """Return when reach may next fall without any event, or None when no mention is within the window."""
    return None if mentions.oldest_counted_at is None else leaves_at(mentions.oldest_counted_at)
