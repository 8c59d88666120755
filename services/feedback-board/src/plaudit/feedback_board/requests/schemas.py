"""What the API says and takes, as models; they make the OpenAPI document."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer

from plaudit.feedback_board.domain.activity import Entry, Kind, decimal_text
from plaudit.feedback_board.domain.priority import FORMULA_VERSION
from plaudit.feedback_board.domain.requests import Request
from plaudit.feedback_board.domain.status import Status

DecimalText = Annotated[Decimal, PlainSerializer(decimal_text, return_type=str)]
"""A decimal as text: exact in every language, without exponent or trailing zeros."""


class RequestView(BaseModel):
    """A request: one wish on the board, its figures, and what they came from."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    slug: str
    title: str
    text: str
    subject: str | None
    persona: str | None
    status: Status
    status_reason: str | None = Field(description="What the public was told; null while nobody has set a status.")
    status_changed_at: datetime
    votes: int = Field(description="People who vote for it now.")
    reach: int = Field(description="Distinct people who voted or wrote a linked review within the last 90 days.")
    unidentified_mentions: int = Field(
        description="Linked reviews of the last 90 days whose author is unknown; not in reach."
    )
    linked_reviews: int = Field(description="Linked reviews that are still published, however old.")
    impact: DecimalText | None
    effort_weeks: DecimalText | None
    priority: DecimalText | None = Field(
        description="impact × reach ÷ effort_weeks, rounded half up to two decimals; null while unsized."
    )
    formula_version: int
    last_mention_at: datetime
    created_at: datetime
    revision: int = Field(description="Rises with every change that anyone can see; the entity tag.")
    page: str = Field(description="Path of its public page.")


class VoteView(BaseModel):
    """What became of a vote."""

    person: str = Field(description="The person key that the vote counts for.")
    already: bool = Field(description="Whether nothing had to be done: voted before, or no vote to take back.")
    request: RequestView


class LinkView(BaseModel):
    """What became of a link."""

    review_id: UUID
    already: bool = Field(description="Whether nothing had to be done.")
    request: RequestView


class ActivityView(BaseModel):
    """One entry of the log of a request."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    type: Kind
    at: datetime
    actor: str
    person: str | None
    detail: dict[str, Any] = Field(description="What happened, with the `figures` that the request then had.")


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class NewRequest(_Strict):
    """A wish."""

    title: str = Field(description="3 to 120 characters.")
    text: str = Field(default="", description="At most 5,000 characters; plain text.")
    subject: str | None = Field(default=None, description="What it is about, as a path: `acme/berlin`.")
    persona: str | None = Field(default=None, description="What kind of person asks; at most 64 characters.")


class Voter(_Strict):
    """Who votes: exactly one of the two."""

    person: str | None = Field(default=None, description="A person key: a keyed hash, or `platform:id`.")
    email: str | None = Field(default=None, description="Turned into a person key at once, and never stored.")


class StatusChange(_Strict):
    """Where a request stands now, and what to tell those who asked for it."""

    status: Status
    reason: str = Field(description="Public; 3 to 2,000 characters.")


class SizingChange(_Strict):
    """What the team thinks of a request; both null makes it unsized again."""

    impact: Decimal | None = Field(description="One of 0.25, 0.5, 1, 2, 3.")
    effort_weeks: Decimal | None = Field(description="Person-weeks: 0.25 to 1000, at most two decimals.")


class NewLink(_Strict):
    """A review that is about a request."""

    review_id: UUID


def request_view(request: Request) -> RequestView:
    """Return a request as the API shows it."""
    fields = {name: getattr(request, name, None) for name in RequestView.model_fields}
    return RequestView.model_validate({**fields, "formula_version": FORMULA_VERSION, "page": page_path(request)})


def activity_view(entry: Entry) -> ActivityView:
    """Return an entry of the log as the API shows it."""
    return ActivityView(
        id=entry.id,
        type=entry.kind,
        at=entry.at,
        actor=entry.actor,
        person=entry.person,
        detail=dict(entry.detail),
    )


def page_path(request: Request) -> str:
    """Return the path of a wish's public page."""
    return f"/b/{request.tenant}/r/{request.slug}"
