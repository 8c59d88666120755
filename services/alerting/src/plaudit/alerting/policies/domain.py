"""Policies: what is promised to whom, as immutable revisions. A clock keeps to the revision it was started under."""

import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from plaudit.common.contracts import Kind, ReviewState

FIRST_ANSWER: Final = "first_answer"
"""The metric that ends with the first public answer."""
BREACH_PERCENT: Final = 100
"""Of the promised time: the stage at which a promise is broken."""


class PolicyRef(NamedTuple):
    """Names one revision of one policy of a tenant."""

    id: str
    revision: int


@dataclass(frozen=True, slots=True)
class Policy:
    """One revision of one policy."""

    ref: PolicyRef
    metric: str
    kinds: frozenset[str]
    """Kinds of statement it speaks of."""
    max_stars: int
    """The best rating, in whole stars, that still counts as negative."""
    target: timedelta
    """How long after the anchor an answer is due."""
    grace: timedelta
    """How long there is at least, from the moment we came to know."""
    warn_percent: tuple[int, ...]
    """Shares of the promised time at which a warning is due, ascending."""

    def concerns(self, review: ReviewState) -> bool:
        """Whether the promise is made to a review as it stands: its kind and its stars."""
        return review.kind in self.kinds and stars(review.rating) <= self.max_stars

    def due_at(self, anchor_at: datetime, known_at: datetime) -> datetime:
        """Return when the answer is due: the target after the anchor, and never before the grace is over."""
        return max(anchor_at + self.target, known_at + self.grace)

    def stages(self, anchor_at: datetime, known_at: datetime) -> tuple[tuple[int, datetime], ...]:
        """Return (percent, time) of the warnings and of the breach.

        A warning whose time had come before we knew of the review has none to warn any more, and is left out.
        """
        due_at = self.due_at(anchor_at, known_at)
        warnings = ((percent, stage_at(anchor_at, due_at, percent)) for percent in self.warn_percent)
        return (*((percent, at) for percent, at in warnings if at > known_at), (BREACH_PERCENT, due_at))


def stage_at(anchor_at: datetime, due_at: datetime, percent: int) -> datetime:
    """Return when so much of the promised time is over."""
    return anchor_at + (due_at - anchor_at) * percent / 100


def stars(rating: float) -> int:
    """Return the whole stars of a rating: half a star counts up."""
    return math.floor(rating + 0.5)


BUILT_IN: Final = Policy(
    ref=PolicyRef("answer-negative-reviews", 1),
    metric=FIRST_ANSWER,
    kinds=frozenset({Kind.STARS, Kind.THUMBS}),
    max_stars=2,
    target=timedelta(hours=24),
    grace=timedelta(hours=1),
    warn_percent=(50, 80),
)
"""Every tenant's policy until it has one of its own: a 1–2 star review is answered within 24 hours of publication."""
