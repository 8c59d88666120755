"""What answers read of a review's event. The decoder skips every other field."""

from datetime import datetime
from typing import Final

import msgspec

from plaudit.scoring.sums.domain.review import ReviewSource

PUBLISHED: Final = "published"
"""The one state of an answer in which customers see it."""
UNTOLD: Final = "untold"
"""Nobody tells of answers where the review comes from, so that one without an answer may have one."""


class ToldAnswer(msgspec.Struct, frozen=True, gc=False):
    """The company's reply."""

    published_at: datetime
    state: str


class AnswerableReview(msgspec.Struct, frozen=True, gc=False):
    """A review's published state."""

    subject: str
    kind: str
    rating: float
    """From 1 to 5, perhaps fractional."""
    published_at: datetime
    rated_at: datetime
    source: ReviewSource
    answer: ToldAnswer | None = None


class AnswerableChange(msgspec.Struct, frozen=True, gc=False):
    """A review's change; a state is None where the public does not see the review."""

    review_id: str
    revision: int
    before: AnswerableReview | None
    after: AnswerableReview | None
    answers: str = "told"
    """Whether answers are told where the review comes from; what is not `untold` is known."""
