"""What the API takes and answers about requests; the OpenAPI document is made from these models."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer, WithJsonSchema
from pydantic.fields import FieldInfo

from plaudit.common.http import Body, Subject
from plaudit.feedback_board.requests.domain.activity import Entry, Kind, decimal_text
from plaudit.feedback_board.requests.domain.errors import InvalidInputError
from plaudit.feedback_board.requests.domain.priority import (
    CENT,
    FORMULA_VERSION,
    IMPACTS,
    MAX_EFFORT_WEEKS,
    MIN_EFFORT_WEEKS,
    Sizing,
)
from plaudit.feedback_board.requests.domain.request import Draft, Request
from plaudit.feedback_board.requests.domain.status import Status
from plaudit.feedback_board.requests.domain.text import (
    LINE_PATTERN,
    PERSONA_MAX_CHARACTERS,
    REASON_MAX_CHARACTERS,
    REASON_MIN_CHARACTERS,
    TEXT_MAX_CHARACTERS,
    TEXT_PATTERN,
    TITLE_MAX_CHARACTERS,
    TITLE_MIN_CHARACTERS,
    clean_persona,
    clean_text,
    clean_title,
)

DecimalText = Annotated[Decimal, PlainSerializer(decimal_text, return_type=str)]
"""A decimal as text: exact in every language, without exponent or trailing zeros."""


def _text(least: int, most: int, characters: str = TEXT_PATTERN) -> FieldInfo:
    """Return what the document says of a text. Spaces around it are cut off before it is measured."""
    return FieldInfo(json_schema_extra={"minLength": least, "maxLength": most, "pattern": characters})


Title = Annotated[str, _text(TITLE_MIN_CHARACTERS, TITLE_MAX_CHARACTERS)]
Text = Annotated[str, _text(0, TEXT_MAX_CHARACTERS)]
Persona = Annotated[str, _text(1, PERSONA_MAX_CHARACTERS, LINE_PATTERN)]
Reason = Annotated[str, _text(REASON_MIN_CHARACTERS, REASON_MAX_CHARACTERS)]
Impact = Annotated[
    Decimal, WithJsonSchema({"enum": [form for each in IMPACTS for form in (float(each), decimal_text(each))]})
]
Effort = Annotated[
    Decimal,
    WithJsonSchema(
        {
            "anyOf": [
                {
                    "type": "number",
                    "minimum": float(MIN_EFFORT_WEEKS),
                    "maximum": float(MAX_EFFORT_WEEKS),
                    "multipleOf": float(CENT),
                },
                {"type": "string", "pattern": r"^(0[.](2[5-9]|[3-9][0-9]?)|[1-9][0-9]{0,2}([.][0-9]{1,2})?|1000)$"},
            ]
        }
    ),
]


class RequestIn(Body):
    """A request to put on the board."""

    title: Title = Field(description="3 to 120 characters.")
    text: Text = Field(default="", description="At most 5,000 characters; plain text.")
    subject: Subject | None = Field(default=None, description="What it is about, as a path: `acme/berlin`.")
    persona: Persona | None = Field(default=None, description="What kind of person asks; at most 64 characters.")

    def draft(self) -> Draft:
        """Return the request, cleaned. Raises InvalidInputError."""
        return Draft(
            title=clean_title(self.title),
            text=clean_text(self.text),
            subject=self.subject,
            persona=None if self.persona is None else clean_persona(self.persona),
        )


class StatusIn(Body):
    """The new status of a request, and the reason that those who asked for it read."""

    status: Status
    reason: Reason = Field(description="Public; 3 to 2,000 characters.")


class SizingIn(Body):
    """The team's estimates for a request; both null makes it unsized again."""

    model_config = ConfigDict(
        json_schema_extra={
            "oneOf": [
                {"properties": {"impact": {"type": "null"}, "effort_weeks": {"type": "null"}}},
                {"properties": {"impact": {"not": {"type": "null"}}, "effort_weeks": {"not": {"type": "null"}}}},
            ]
        }
    )

    impact: Impact | None = Field(description="One of 0.25, 0.5, 1, 2, 3.")
    effort_weeks: Effort | None = Field(description="Person-weeks: 0.25 to 1000, at most two decimals.")

    def sizing(self) -> Sizing | None:
        """Return the sizing, None when both are null. Raises InvalidInputError."""
        match (self.impact, self.effort_weeks):
            case (None, None):
                return None
            case (None, _):
                raise InvalidInputError("impact", "impact and effort_weeks are both numbers, or both null")
            case (_, None):
                raise InvalidInputError("effort_weeks", "impact and effort_weeks are both numbers, or both null")
            case (impact, effort_weeks):
                return Sizing(impact, effort_weeks)


class RequestOut(BaseModel):
    """A request on the board: its figures, and what they came from."""

    id: UUID
    slug: str
    title: str
    text: str
    subject: str | None
    persona: str | None
    status: Status
    status_reason: str | None = Field(description="The public reason; null until someone sets a status.")
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


class ActivityOut(BaseModel):
    """One entry of the log of a request."""

    id: int
    type: Kind
    at: datetime
    actor: str
    person: str | None
    detail: dict[str, Any] = Field(description="What happened, with the `figures` that the request then had.")


def request_out(request: Request) -> RequestOut:
    """Return a request as the API shows it."""
    added = {"formula_version": FORMULA_VERSION, "page": page_path(request)}
    fields = {name: getattr(request, name) for name in RequestOut.model_fields.keys() - added.keys()}
    return RequestOut.model_validate(fields | added)


def activity_out(entry: Entry) -> ActivityOut:
    """Return an entry of the log as the API shows it."""
    return ActivityOut(
        id=entry.id,
        type=entry.kind,
        at=entry.at,
        actor=entry.actor,
        person=entry.person_key,
        detail=dict(entry.detail),
    )


def page_path(request: Request) -> str:
    """Return the path of a request's public page."""
    return f"/b/{request.tenant_id}/r/{request.slug}"
