"""Reach: how many people a wish is about.

Distinct people who, within the last 90 days, voted for the wish or wrote a review that is linked to it. Someone who did
both counts once. A review without a person key cannot be told from another: it is counted apart, and never as reach.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

REACH_WINDOW: Final = timedelta(days=90)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mentions:
    """What the votes and linked reviews of one wish amount to at one instant. A removed review is no mention."""

    reach: int
    unidentified: int
    """Linked reviews within the window whose author nobody knows."""
    linked_reviews: int
    """All linked reviews that are still published, however old."""
    last_at: datetime | None
    oldest_counted_at: datetime | None
    """Of those within the window: the first that will leave it."""


def counted_since(now: datetime) -> datetime:
    """Return the instant after which a mention counts."""
    return now - REACH_WINDOW


def recount_at(mentions: Mentions) -> datetime | None:
    """Return when reach may next fall with no event at all, or None when nothing is within the window."""
    return None if mentions.oldest_counted_at is None else mentions.oldest_counted_at + REACH_WINDOW
