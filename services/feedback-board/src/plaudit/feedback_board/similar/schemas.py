"""What the API answers about similar requests."""

from datetime import datetime

from pydantic import BaseModel, Field

from plaudit.feedback_board.requests.domain.status import Status
from plaudit.feedback_board.requests.schemas import RequestOut, page_path, request_out
from plaudit.feedback_board.similar.commands import Similar
from plaudit.feedback_board.similar.domain.deflection import Deflection
from plaudit.feedback_board.similar.domain.likeness import (
    RELATED_COSINE,
    SAME_COSINE,
    SAME_TRIGRAMS,
    Likeness,
)

_LIKENESS = (
    f"`same`: cosine ≥ {SAME_COSINE}, trigrams ≥ {SAME_TRIGRAMS}, and no word whose opposite is in the other; "
    f"`related`: cosine ≥ {RELATED_COSINE}."
)


class SimilarRequestOut(BaseModel):
    """A request that is similar to a title, and how much."""

    likeness: Likeness = Field(description=_LIKENESS, examples=["same"])
    cosine: float = Field(description="Of the stems of both titles, each weighed by how rare it is.", examples=[1.0])
    trigrams: float = Field(description="The share of trigrams that both titles have.", examples=[1.0])
    request: RequestOut = Field(description="The request, or the root that it is merged into.")


class SimilarOut(BaseModel):
    """Requests that are similar to a title, the same first."""

    items: list[SimilarRequestOut] = Field(description="At most five.")


class RejectionOut(BaseModel):
    """The result of saying that two requests are not the same, or of taking that back."""

    already: bool = Field(description="Whether nothing had to be done.", examples=[False])


class DeflectionOut(BaseModel):
    """How many people voted for a similar request in place of making one of their own."""

    start: datetime = Field(serialization_alias="from", description="From then on.")
    end: datetime = Field(serialization_alias="to", description="Until before then.")
    attempts: int = Field(description="Forms of a new request that were sent from the pages.", examples=[0])
    voted: int = Field(description="Of these, those that became a vote for a similar request.", examples=[0])
    posted: int = Field(description="Of these, those that became a request.", examples=[0])
    asked: int = Field(
        description="Of these, those that came back with requests that ask for the same, and were left there.",
        examples=[0],
    )
    share: float | None = Field(description="`voted` ÷ `attempts`; null without attempts.", examples=[None])


class PublicSimilarOut(BaseModel):
    """A similar request, as the public pages tell scripts of it."""

    title: str
    page: str
    status: Status
    votes: int
    likeness: Likeness


def similar_out(found: Similar) -> SimilarRequestOut:
    """Return a similar request as the API shows it."""
    alike = found.alike
    return SimilarRequestOut(
        likeness=alike.likeness, cosine=alike.cosine, trigrams=alike.trigrams, request=request_out(found.request)
    )


def public_similar_out(found: Similar) -> PublicSimilarOut:
    """Return a similar request as a script of the public pages gets it."""
    request = found.request
    return PublicSimilarOut(
        title=request.title,
        page=page_path(request),
        status=request.status,
        votes=request.votes,
        likeness=found.alike.likeness,
    )


def deflection_out(start: datetime, end: datetime, counted: Deflection) -> DeflectionOut:
    """Return the numbers of a time as the API shows them."""
    return DeflectionOut(
        start=start,
        end=end,
        attempts=counted.attempts,
        voted=counted.voted,
        posted=counted.posted,
        asked=counted.asked,
        share=counted.share,
    )
