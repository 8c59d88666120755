"""What insight reads of a review's event. The decoder skips every other field."""

from datetime import datetime

import msgspec


class ReviewSource(msgspec.Struct, frozen=True, gc=False):
    """The account on a platform that the review came from."""

    id: str
    platform: str
    name: str = ""
    """What the tenant calls it."""


class Resolution(msgspec.Struct, frozen=True, gc=False):
    """How the company settled the review."""

    ease: int | None = None
    """From 1, very hard, to 7, very easily."""


class SaidReview(msgspec.Struct, frozen=True, gc=False):
    """A review's published state."""

    subject: str
    kind: str
    rating: float
    """From 1 to 5, perhaps fractional."""
    severity: str
    source: ReviewSource
    rated_at: datetime
    title: str | None = None
    text: str | None = None
    language: str | None = None
    person: str | None = None
    topics: tuple[str, ...] = ()
    personas: tuple[str, ...] = ()
    resolution: Resolution | None = None


class SaidChange(msgspec.Struct, frozen=True, gc=False):
    """A review's change; a state is None where the public does not see the review."""

    review_id: str
    revision: int
    before: SaidReview | None
    after: SaidReview | None
