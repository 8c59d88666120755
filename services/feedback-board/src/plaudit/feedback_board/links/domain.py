"""What the board keeps of a review, and what a link is."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import msgspec
from msgspec import structs

from plaudit.feedback_board.requests.domain.errors import BoardRefusedError
from plaudit.feedback_board.requests.domain.text import excerpt


class UnknownReviewError(BoardRefusedError):
    """No such review has arrived here."""

    def __init__(self) -> None:
        """Say what to do."""
        super().__init__(
            "The board does not know this review. It may not have arrived here yet: try again in a moment."
        )


class EmptyChangeError(ValueError):
    """A change of a review has neither a state before nor one after it."""


class LinkableReview(msgspec.Struct, frozen=True, gc=False):
    """What the board reads of a review's published state."""

    subject: str
    rating: float
    published_at: datetime
    title: str | None = None
    text: str | None = None
    person: str | None = None


class LinkableChange(msgspec.Struct, frozen=True, gc=False):
    """What the board reads of a review's change."""

    review_id: UUID
    revision: int
    before: LinkableReview | None
    after: LinkableReview | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A review that is about a request."""

    tenant_id: str
    request_id: UUID
    review_id: UUID
    linked_at: datetime


class KnownReview(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What the board keeps of a review at one revision."""

    tenant_id: str
    id: UUID
    revision: int
    subject: str
    present: bool
    """Whether the review is published now."""
    published_at: datetime
    person_key: str | None = None
    rating: float | None = None
    title: str | None = None
    excerpt: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """The beginning of a linked review, to show."""

    title: str | None
    excerpt: str | None
    rating: float | None
    published_at: datetime


def known_review(tenant_id: str, change: LinkableChange) -> KnownReview:
    """Return what is kept of a review after a change; of a removed review nothing that it said.

    Raises:
        EmptyChangeError: there is no state to keep anything of.
    """
    review = change.after or change.before
    if review is None:
        raise EmptyChangeError("a review's change has neither a state before nor one after it")
    kept = KnownReview(
        tenant_id=tenant_id,
        id=change.review_id,
        revision=change.revision,
        subject=review.subject,
        present=change.after is not None,
        published_at=review.published_at,
    )
    if change.after is None:
        return kept
    return structs.replace(
        kept, person_key=review.person, rating=review.rating, title=excerpt(review.title), excerpt=excerpt(review.text)
    )


def newest(reviews: Iterable[KnownReview]) -> list[KnownReview]:
    """Return the newest revision of each review, in the order of their keys."""
    ordered = sorted(reviews, key=lambda review: (review.tenant_id, review.id, review.revision))
    return list({(review.tenant_id, review.id): review for review in ordered}.values())
