"""Reviews in the API."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from msgspec.structs import asdict
from pydantic import BaseModel, Field

from plaudit.ingest.reviews.domain.state import Kind, Review, Revision, Severity
from plaudit.ingest.reviews.events import published_state


class AnswerOut(BaseModel):
    """The company's public reply."""

    text: str
    published_at: datetime
    state: str


class ReviewOut(BaseModel):
    """A review as it stands."""

    id: UUID
    source_id: UUID
    external_id: str
    revision: int
    version: int | None
    removed: bool
    subject: str
    kind: Kind
    rating: float = Field(description="From 1 to 5, whatever scale it was given on.")
    raw_rating: dict[str, float]
    severity: Severity
    verified: bool
    origin: str
    title: str | None
    text: str | None
    language: str | None
    person: str | None = Field(description="The same person everywhere; a keyed hash or the platform's id.")
    tags: list[str]
    url: str | None
    published_at: datetime
    edited_at: datetime | None
    rated_at: datetime = Field(description="When the present rating was given: its weight counts from here.")
    received_at: datetime
    changed_at: datetime
    answer: AnswerOut | None


class RevisionOut(BaseModel):
    """One revision: what it is called, when we knew, and the content after it."""

    revision: int
    type: str
    version: int | None
    known_at: datetime
    delivery_id: UUID
    content: dict[str, Any] | None = Field(description="As events tell it.")


class ReviewWithHistoryOut(ReviewOut):
    """A review and all its revisions, the first one first."""

    revisions: list[RevisionOut]


def review_out(review: Review) -> ReviewOut:
    """Return a review as the API shows it."""
    return ReviewOut.model_validate(_fields(review))


def review_with_history_out(review: Review, history: list[Revision]) -> ReviewWithHistoryOut:
    """Return a review with its revisions, as the API shows it."""
    revisions = [_revision_out(revision) for revision in history]
    return ReviewWithHistoryOut.model_validate({**_fields(review), "revisions": revisions})


def _fields(review: Review) -> dict[str, Any]:
    state = review.state
    return {
        **asdict(state),
        **asdict(review),
        "raw_rating": asdict(state.raw_rating),
        "answer": None if state.answer is None else asdict(state.answer),
    }


def _revision_out(revision: Revision) -> RevisionOut:
    content = None if revision.state is None else msgspec.to_builtins(published_state(revision.state))
    return RevisionOut.model_validate({**asdict(revision), "content": content})
