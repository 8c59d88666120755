"""Policies: which reviews have to be answered, and by when. A clock keeps the revision that its run was started under.

The 24 hours are here: see `BUILT_IN`.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, NamedTuple

import msgspec

from plaudit.common.contracts import Kind, ReviewState

FIRST_ANSWER: Final = "first_answer"
"""The metric that ends with the first public answer."""
BREACH_PERCENT: Final = 100
"""Of the time from anchor to due time: the stage at which a clock is breached."""


class PolicyRef(NamedTuple):
    """Names one revision of one policy of a tenant."""

    id: str
    revision: int


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """One revision of one policy. It never changes."""

    id: str
    revision: int
    metric: str
    kinds: tuple[str, ...]
    """The kinds of statement that it applies to."""
    max_stars: int
    """The best rating, in whole stars, that still has to be answered."""
    target_seconds: int
    """From the anchor to the due time."""
    grace_seconds: int
    """The least time from the moment we learned of the review to the due time."""
    warn_percent: tuple[int, ...]
    """Shares of the time from anchor to due time at which a warning is due, ascending."""

    @property
    def ref(self) -> PolicyRef:
        """The name of this revision."""
        return PolicyRef(self.id, self.revision)

    def applies_to(self, review: ReviewState) -> bool:
        """Say whether a review has to be answered, by its kind and its stars."""
        return review.kind in self.kinds and stars(review.rating) <= self.max_stars

    def due_at(self, anchor_at: datetime, known_at: datetime) -> datetime:
        """Return when the answer is due: the target after the anchor, but not before the grace is over."""
        return max(anchor_at + timedelta(seconds=self.target_seconds), known_at + timedelta(seconds=self.grace_seconds))

    def stages(self, anchor_at: datetime, known_at: datetime) -> tuple[tuple[int, datetime], ...]:
        """Return (percent, time) of the warnings and of the breach.

        A warning whose time had passed before we knew of the review is left out.
        """
        due_at = self.due_at(anchor_at, known_at)
        warnings = ((percent, stage_at(anchor_at, due_at, percent)) for percent in self.warn_percent)
        return (*((percent, at) for percent, at in warnings if at > known_at), (BREACH_PERCENT, due_at))


@dataclass(frozen=True, slots=True)
class Policies:
    """All revisions of the policies of some tenants. A tenant without any has the built-in one."""

    revisions: Mapping[tuple[str, PolicyRef], Policy]
    """(tenant, revision) → policy."""

    def newest(self, tenant_id: str) -> Policy:
        """Return the revision that new runs are pinned to."""
        own = [ref for owner, ref in self.revisions if owner == tenant_id]
        return self.revisions[tenant_id, max(own, key=lambda ref: ref.revision)] if own else BUILT_IN

    def pinned(self, tenant_id: str, ref: PolicyRef) -> Policy:
        """Return the revision that a clock is pinned to.

        Raises:
            KeyError: it is not stored.
        """
        return BUILT_IN if ref == BUILT_IN.ref else self.revisions[tenant_id, ref]


def stage_at(anchor_at: datetime, due_at: datetime, percent: int) -> datetime:
    """Return when this share of the time from anchor to due time has passed."""
    return anchor_at + (due_at - anchor_at) * percent / 100


def stars(rating: float) -> int:
    """Return the whole stars of a rating: half a star counts up."""
    return math.floor(rating + 0.5)


BUILT_IN: Final = Policy(
    id="answer-negative-reviews",
    revision=1,
    metric=FIRST_ANSWER,
    kinds=(Kind.STARS, Kind.THUMBS),
    max_stars=2,
    target_seconds=24 * 3600,
    grace_seconds=3600,
    warn_percent=(50, 80),
)
"""Every tenant's policy until it has its own: a 1–2 star review is answered within 24 hours of its publication."""
