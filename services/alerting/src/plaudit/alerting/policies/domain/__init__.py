"""Policies: which reviews have to be answered, and by when. A clock keeps the revision that its run was started under.

The 24 hours, and the 4 hours of drastic reviews, are here: see `BUILT_IN` and `DRASTIC`.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, NamedTuple

import msgspec

from plaudit.common.contracts import Kind, ReviewState, Severity

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
    severity: str
    """That of the reviews whose deadline it sets: `negative` or `drastic`. Ingest tells it of each review."""
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
        """Say whether a review has to be answered: it is of these kinds, and of any severity but normal.

        A run goes on when its review becomes less severe and still has to be answered.
        """
        return review.kind in self.kinds and review.severity is not Severity.NORMAL

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

    def newest(self, tenant_id: str, severity: str) -> Policy:
        """Return the revision that new runs of reviews so severe are pinned to; the milder one where none is."""
        built_in = DRASTIC if severity == DRASTIC.severity else BUILT_IN
        own = [
            policy
            for (owner, _), policy in self.revisions.items()
            if owner == tenant_id and policy.severity == built_in.severity
        ]
        return max(own, key=lambda policy: policy.revision, default=built_in)

    def lacks_built_in(self, tenant_id: str) -> bool:
        """Say whether the tenant has no stored revision of a built-in policy."""
        return any((tenant_id, policy.ref) not in self.revisions for policy in BUILT_INS)

    def pinned(self, tenant_id: str, ref: PolicyRef) -> Policy:
        """Return the revision that a clock is pinned to.

        Raises:
            KeyError: it is not stored.
        """
        built_in = next((policy for policy in BUILT_INS if policy.ref == ref), None)
        return built_in or self.revisions[tenant_id, ref]


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
    severity=Severity.NEGATIVE,
    target_seconds=24 * 3600,
    grace_seconds=3600,
    warn_percent=(50, 80),
)
"""Every tenant's policy until it has its own: a 1–2 star review is answered within 24 hours of its publication."""
DRASTIC: Final = msgspec.structs.replace(
    BUILT_IN, id="answer-drastic-reviews", severity=Severity.DRASTIC, target_seconds=4 * 3600
)
"""The same for one that says something drastic: within 4 hours, around the clock."""
BUILT_INS: Final = (BUILT_IN, DRASTIC)
