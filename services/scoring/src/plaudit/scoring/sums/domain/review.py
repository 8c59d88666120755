"""What scoring reads of a review's event. The decoder skips every other field."""

from datetime import datetime

import msgspec


class InvalidReviewError(ValueError):
    """A review that cannot be scored: its rating is off the scale, or its subject is malformed."""


class ReviewSource(msgspec.Struct, frozen=True, gc=False):
    """The account on a platform that the review came from."""

    id: str


class ScoredReview(msgspec.Struct, frozen=True, gc=False):
    """A review's published state."""

    subject: str
    kind: str
    rating: float
    """From 1 to 5, perhaps fractional."""
    verified: bool
    origin: str
    rated_at: datetime
    source: ReviewSource


class ScoredChange(msgspec.Struct, frozen=True, gc=False):
    """A review's change; a state is None where the public does not see the review."""

    before: ScoredReview | None
    after: ScoredReview | None
