"""Reach: how many people a request is about.

It counts the distinct people who, within the last 90 days, voted for the request or wrote a review that is linked to
it. Someone who did both counts once. Two kinds of mentions are counted beside it and never as reach: reviews without a
person key, whose authors cannot be told apart, and votes of visitors who are known by a cookie only, since one person
may have several.

The 90 days are whole days in UTC, with today beside them: what leaves the window leaves it at midnight, for all
requests at one instant, and all figures of a day are of one window.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from plaudit.feedback_board.requests.domain.weighing import Strata

REACH_WINDOW: Final = timedelta(days=90)
ANONYMOUS_PREFIX: Final = "visitor:"
"""Of the person keys of those who did not sign in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mentions:
    """The votes and linked reviews of one request, counted at one instant. A removed review is no mention."""

    strata: Strata
    """The distinct people within the window, by persona."""
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

    @property
    def reach(self) -> int:
        """Distinct people within the window, of all personas and of none."""
        return sum(self.strata.values())


def is_anonymous(person_key: str) -> bool:
    """Return whether a person key is that of a visitor who did not sign in."""
    return person_key.startswith(ANONYMOUS_PREFIX)


def midnight(moment: datetime) -> datetime:
    """Return the beginning of a moment's day, in UTC."""
    return moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def counted_since(now: datetime) -> datetime:
    """Return the instant after which a mention counts: the beginning of the day 90 days ago."""
    return midnight(now) - REACH_WINDOW


def leaves_at(at: datetime) -> datetime:
    """Return the midnight when a mention leaves the window."""
    leaves = at + REACH_WINDOW
    return leaves if leaves == midnight(leaves) else midnight(leaves) + timedelta(days=1)


def recount_at(mentions: Mentions) -> datetime | None:
    """Return the midnight when reach may next fall without any event, or None when no mention is within the window."""
    return None if mentions.oldest_counted_at is None else leaves_at(mentions.oldest_counted_at)
