"""Reviews in the API."""

from datetime import datetime
from typing import Any, Final, Literal
from uuid import UUID

import msgspec
from msgspec.structs import asdict
from pydantic import BaseModel, Field

from plaudit.common.http.openapi_examples import A_TIME, AN_ID
from plaudit.ingest.reviews.domain.instructions import AnswerState
from plaudit.ingest.reviews.domain.quotes import quotes
from plaudit.ingest.reviews.domain.state import Disposition, ErasedReview, Kind, Origin, Review, Revision
from plaudit.ingest.reviews.events import published_state
from plaudit.ingest.sorting.domain.severity import Severity

CONTENT_EXAMPLE: Final = {
    "subject": "acme/berlin",
    "kind": "stars",
    "rating": 4.0,
    "raw_rating": {"value": 4.0, "min": 1.0, "max": 5.0},
    "verified": False,
    "origin": "organic",
    "severity": "normal",
    "source": {"id": AN_ID, "name": "Our shop", "platform": "native", "created_at": A_TIME},
    "external_id": "r-1",
    "published_at": A_TIME,
    "rated_at": A_TIME,
    "received_at": A_TIME,
    "title": "Great service",
    "text": "Nothing but good to say.",
    "language": "en",
    "language_from_text": True,
    "person": "native:c-1",
}
"""Of the examples."""


class AnswerOut(BaseModel):
    """The company's public reply."""

    text: str = Field(description="What the company wrote.", examples=["Thank you!"])
    published_at: datetime = Field(description="When it was published.")
    state: AnswerState = Field(description="Only a `published` one counts as an answer.")


class ReviewResolutionOut(BaseModel):
    """How the company settled a review."""

    disposition: Disposition = Field(description="What was found.")
    outcome: str = Field(description="What was done.", examples=["refunded"])
    cause: str | None = Field(description="What led to the review.", examples=["late_delivery"])
    ease: int | None = Field(description="How easily it was solved, from 1 to 7.", examples=[5])
    resolved_at: datetime = Field(description="When.")


class SaidOut(BaseModel):
    """Words of a review that stand for something drastic. They tell what is said, not what is true."""

    category: str = Field(description="What they stand for.", examples=["fraud"])
    words: str = Field(description="The words.", examples=["stole my deposit"])


class ReviewOut(BaseModel):
    """A review as it stands."""

    id: UUID = Field(description="Its id here.")
    source_id: UUID = Field(description="The source that it came from.")
    external_id: str = Field(description="Its id on the platform.", examples=["r-1"])
    revision: int = Field(description="Rises by one with every change.", examples=[1])
    version: int | None = Field(description="The platform's number of this state, where it sends one.")
    removed: bool = Field(description="Whether the platform has taken it down.")
    subject: str = Field(description="What it is about.", examples=["acme/berlin"])
    kind: Kind = Field(description="What kind of rating it gives.")
    rating: float = Field(description="From 1 to 5, whatever scale it was given on.", examples=[4.0])
    raw_rating: dict[str, float] = Field(
        description="The rating as it was given, with the ends of its scale.",
        examples=[{"value": 4.0, "min": 1.0, "max": 5.0}],
    )
    severity: Severity = Field(description="How bad it is, by its rating and its words.")
    check: bool = Field(description="Whether a person should look, as it may say something drastic. No deadline moves.")
    leave: bool = Field(description="Whether its writer leaves, or threatens to.")
    topics: list[str] = Field(description="What it mentions, well or badly.", examples=[[]])
    personas: list[str] = Field(description="What its writer says about themselves.", examples=[[]])
    said: list[SaidOut] = Field(
        description="The words that make it drastic, or ask for a look: up to 5.", examples=[[]]
    )
    verified: bool = Field(description="Whether the purchase is certain.")
    origin: Origin = Field(description="Whether it was written unasked, on invitation, or for a reward.")
    title: str | None = Field(description="Its title, where it has one.", examples=["Great service"])
    text: str | None = Field(description="Its text, where it has one.", examples=["Nothing but good to say."])
    language: str | None = Field(description="A language tag such as `en`; null if it is unknown.", examples=["en"])
    language_from_text: bool = Field(
        description="Whether its text tells the language, as the platform does not.", examples=[True]
    )
    person: str | None = Field(
        description="The same person everywhere; a keyed hash or the platform's id.", examples=["native:c-1"]
    )
    tags: list[str] = Field(description="Labels that it can be found by.", examples=[[]])
    url: str | None = Field(description="Where it can be read.")
    published_at: datetime = Field(description="When it was published.")
    edited_at: datetime | None = Field(description="When its author last changed it.")
    rated_at: datetime = Field(description="When the present rating was given: its weight counts from here.")
    received_at: datetime = Field(description="When we received it first.")
    changed_at: datetime = Field(description="When we learned of its last change.")
    answer: AnswerOut | None = Field(description="The company's public reply, if there is one.")
    resolution: ReviewResolutionOut | None = Field(description="How the company settled it, if it has.")


class RevisionOut(BaseModel):
    """One revision: what it is called, when we knew, and the content after it."""

    revision: int = Field(description="Counted from 1.", examples=[1])
    type: str = Field(description="The type of the event that tells it.", examples=["review.created"])
    version: int | None = Field(description="The platform's number of this state, where it sends one.")
    known_at: datetime = Field(description="When we learned of it.")
    delivery_id: UUID = Field(
        description="The delivery that brought it; of what was done here, the id of the answer, the resolution or the "
        "erasure."
    )
    actor: str | None = Field(description="Of what was done here: the key or the person.")
    content: dict[str, Any] | None = Field(
        description="The review after it, as events tell it; null when it was removed.", examples=[CONTENT_EXAMPLE]
    )


class ReviewWithHistoryOut(ReviewOut):
    """A review and all its revisions, the first one first."""

    revisions: list[RevisionOut] = Field(description="All its revisions, the first one first.")


class ErasedReviewOut(BaseModel):
    """A review of which nothing is kept any more: delete your copy of it."""

    id: UUID = Field(description="Its id here.")
    source_id: UUID = Field(description="The source that it came from.")
    revision: int = Field(description="Its last one.", examples=[2])
    changed_at: datetime = Field(description="When it was erased.")
    erased: Literal[True] = Field(default=True, description="Always true.")


def listed(review: Review | ErasedReview) -> dict[str, Any]:
    """Return a review as lists show it, for an encoder: what `ReviewOut` or `ErasedReviewOut` says of it.

    A list has up to 500 of them, and to make and check those models takes several times as long as all else.
    """
    if isinstance(review, ErasedReview):
        return {**asdict(review), "erased": True}
    values = _fields(review)
    if values["answer"] is not None:
        values["answer"] = {name: values["answer"][name] for name in _ANSWER}
    return {name: values[name] for name in _REVIEW}


def review_out(review: Review) -> ReviewOut:
    """Return a review as the API shows it."""
    return ReviewOut.model_validate(_fields(review))


def review_with_history_out(review: Review, history: list[Revision]) -> ReviewWithHistoryOut:
    """Return a review with its revisions, as the API shows it."""
    revisions = [_revision_out(revision) for revision in history]
    return ReviewWithHistoryOut.model_validate({**_fields(review), "revisions": revisions})


_REVIEW: Final = tuple(ReviewOut.model_fields)
_ANSWER: Final = tuple(AnswerOut.model_fields)


def _fields(review: Review) -> dict[str, Any]:
    state = review.state
    return {
        **asdict(state),
        **asdict(review),
        **{name: getattr(state, name) for name in ("check", "leave", "topics", "personas", "language_from_text")},
        "language": state.spoken,
        "said": [{"category": said.category, "words": said.words} for said in quotes(state)],
        "raw_rating": asdict(state.raw_rating),
        "answer": None if state.answer is None else asdict(state.answer),
        "resolution": None if state.resolution is None else asdict(state.resolution),
    }


def _revision_out(revision: Revision) -> RevisionOut:
    content = None if revision.state is None else msgspec.to_builtins(published_state(revision.state))
    return RevisionOut.model_validate({**asdict(revision), "content": content})
