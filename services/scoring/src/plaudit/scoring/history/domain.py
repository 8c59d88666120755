"""The ledger's rule: a change is what it takes away and what it adds."""

from collections.abc import Iterable
from datetime import datetime

import msgspec

from plaudit.common.contracts.subjects import prefixes
from plaudit.scoring.profiles.domain import Profile
from plaudit.scoring.sums.domain.review import ScoredChange, ScoredReview


class RevisedChange(ScoredChange, frozen=True, gc=False):
    """A change, and which one it is."""

    review_id: str
    revision: int


class LedgerEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One signed row of the ledger."""

    tenant_id: str
    partition: int
    epoch: int
    sequence: int
    known_at: datetime
    """When the change was recorded."""
    change: RevisedChange
    sign: int
    review: ScoredReview
    """The state of the review that the change takes away (-1) or adds (+1)."""


def signed_reviews(change: ScoredChange) -> list[tuple[int, ScoredReview]]:
    """Return `(-1, before)` and `(+1, after)`, whichever there are; nothing where no figure could move."""
    if change.before == change.after:
        return []
    signed = ((-1, change.before), (1, change.after))
    return [(sign, review) for sign, review in signed if review is not None]


def unscored_prefixes(entries: Iterable[LedgerEntry], profile: Profile) -> set[tuple[str, str]]:
    """Return `(tenant id, prefix)` of all that is said by reviews of kinds that a profile does not count."""
    subjects = {(entry.tenant_id, entry.review.subject) for entry in entries if entry.review.kind not in profile.kinds}
    return {(tenant_id, prefix) for tenant_id, subject in subjects for prefix in prefixes(subject)}
