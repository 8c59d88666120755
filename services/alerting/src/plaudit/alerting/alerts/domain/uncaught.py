"""Which reviews nobody catches: negative ones that no class for a first answer and no assignment is for."""

from typing import Final

from plaudit.alerting.clocks.domain.about import about_review
from plaudit.alerting.clocks.domain.clock import review_root
from plaudit.alerting.clocks.domain.run import is_history
from plaudit.alerting.people.domain import Owners
from plaudit.alerting.policies.domain.conditions import facts_of
from plaudit.alerting.policies.domain.metrics import METRICS, Metric
from plaudit.alerting.policies.domain.revisions import PolicyRevision
from plaudit.common.contracts import ReviewChange, ReviewState, Severity

NEGATIVE: Final = frozenset((Severity.NEGATIVE, Severity.DRASTIC))
_PUBLISHED: Final = "published"


def order_key(tenant_id: str, review_id: str) -> str:
    """Return the order key of the alert that a review can raise."""
    return f"uncaught:{review_root(tenant_id, review_id)}"


def is_uncaught(change: ReviewChange, policy: PolicyRevision, owners: Owners) -> bool:
    """Say whether a review as it is told waits for somebody, and nobody is for it.

    History calls nobody: neither does what was published before its source was set up, nor what was received long
    after it was published, nor a backfill. Answers to
    surveys are left out: nobody can answer them in public.
    """
    review = change.after
    if review is None or change.backfill or review.severity not in NEGATIVE or _is_answered(review):
        return False
    if review.kind not in METRICS[Metric.FIRST_ANSWER].kinds or review.published_at < review.source.created_at:
        return False
    if is_history(review.published_at, review.received_at):
        return False
    if policy.matching(Metric.FIRST_ANSWER, facts_of(review)) is not None:
        return False
    return owners.assignment(review.subject, review.source.id, review.severity) is None


def reason_to_end(change: ReviewChange, *, is_erasure: bool) -> str | None:
    """Return why nothing is left to do about a review that nobody caught; none where something is."""
    review = change.after
    if is_erasure:
        return "erased"
    if review is None:
        return "removed"
    if _is_answered(review):
        return "answered"
    return None if review.severity in NEGATIVE else "no_longer_negative"


def words_now(change: ReviewChange, *, is_erasure: bool) -> tuple[str | None, str | None] | None:
    """Return title and excerpt as the alert keeps them from now on; none where what it has stays."""
    if is_erasure:
        return None, None
    if change.after is None:
        return None
    about = about_review(change.review_id, change.after)
    return about.title, about.excerpt


def _is_answered(review: ReviewState) -> bool:
    return review.answer is not None and review.answer.state == _PUBLISHED
