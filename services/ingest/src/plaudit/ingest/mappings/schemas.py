"""Guesses and previews of mappings in the API."""

import json
from datetime import datetime
from typing import Annotated, Final, Literal, TypedDict, TypeVar

from msgspec import UNSET, UnsetType
from pydantic import BaseModel, ConfigDict, Field

from plaudit.common.http import Body
from plaudit.common.http.openapi_examples import A_TIME
from plaudit.ingest.mappings.domain.guess import Guess, guess
from plaudit.ingest.mappings.domain.preview import Previewed
from plaudit.ingest.reviews.domain.instructions import (
    NO_INSTRUCTION,
    AnswerContent,
    AnswerReview,
    AnswerState,
    Content,
    CreateReview,
    EditReview,
    Ignored,
    Instruction,
    Quarantined,
    RemoveReview,
    RestoreReview,
)
from plaudit.ingest.reviews.domain.scales import DEFAULT_SCALES, to_stars
from plaudit.ingest.reviews.domain.state import Kind
from plaudit.ingest.sources.schemas import MappingIn, TimeZone

MAX_PAYLOAD_CHARS: Final = 500_000
A_PAYLOAD: Final = (
    '{"items": [{"action": "review.new", "review": {"uuid": "r-1", "score": 8, "posted_on": "2026-02-14T10:15:30Z", '
    '"body": "Warm."}}]}'
)
A_REVIEW: Final = {
    "external_id": "r-1",
    "rating": 4.2,
    "raw_rating": 8.0,
    "kind": "stars",
    "published_at": A_TIME,
    "text": "Warm.",
    "has_author": False,
    "tags": [],
}
Payload = Annotated[
    str,
    Field(
        min_length=1,
        max_length=MAX_PAYLOAD_CHARS,
        description="The body as the platform posts it: JSON, as a text.",
        examples=[A_PAYLOAD],
    ),
]
Happened = Literal["created", "edited", "removed", "restored", "answered", "ignored", "quarantined"]
Value = TypeVar("Value")

_HAPPENED: Final[dict[type, Happened]] = {
    CreateReview: "created",
    EditReview: "edited",
    RemoveReview: "removed",
    RestoreReview: "restored",
    AnswerReview: "answered",
    Ignored: "ignored",
    Quarantined: "quarantined",
}


class AnswerOut(TypedDict):
    """What a preview shows of an answer."""

    answer: str | None
    answered_at: datetime | None


class GuessIn(Body):
    """A payload to guess a mapping from."""

    payload: Payload


class PreviewIn(Body):
    """A mapping, and a payload to try it on."""

    mapping: MappingIn = Field(description="What stands where in the payload.")
    payload: Payload
    time_zone: TimeZone = None


class FoundFieldOut(BaseModel):
    """A field that was found."""

    field: str = Field(description="The field of the mapping.", examples=["text"])
    expression: str = Field(description="What finds it.", examples=["review.body"])
    confidence: Literal["sure", "likely"] = Field(
        description="`likely` where something else could be meant, or not every event has it.", examples=["sure"]
    )
    reason: str = Field(
        description="Why it is taken for that.", examples=["it is called body, and all its values are texts"]
    )


class UnclearOut(BaseModel):
    """What the payload does not tell, or not clearly."""

    field: str = Field(description="The member of the mapping, or `time_zone`, of the source.", examples=["proof"])
    reason: str = Field(
        description="What must be said.",
        examples=["a payload does not say what proves it: see how the platform signs"],
    )
    candidates: list[str] = Field(description="Expressions that may be meant.", examples=[[]])


class GuessOut(BaseModel):
    """A mapping that the payload may have. What is unclear is not in it: say it, then preview the mapping."""

    model_config = ConfigDict(json_schema_extra=lambda schema: schema.update(examples=[_example()]))

    events: str | None = Field(description="What finds the events; null where the body is that.", examples=["items"])
    fields: dict[str, str] = Field(
        description="Field → expression, of those that were found.", examples=[{"text": "review.body"}]
    )
    words: dict[str, dict[str, str]] = Field(
        description="Field → what its words stand for.", examples=[{"event": {"review.new": "created"}}]
    )
    found: list[FoundFieldOut] = Field(description="How sure each field is, and why.")
    unclear: list[UnclearOut] = Field(description="What must be said by whoever knows the platform.")


class PreviewedReviewOut(BaseModel):
    """What an event says of a review; null is what it does not mention."""

    external_id: str = Field(description="The platform's id.", examples=["r-1"])
    version: int | None = Field(description="The version of this event.")
    rating: float | None = Field(description="On 1 to 5, whatever scale it was given on.", examples=[4.2])
    raw_rating: float | None = Field(description="As it was given.", examples=[8.0])
    kind: str | None = Field(description="What sort of statement the rating is.", examples=["stars"])
    published_at: datetime | None = Field(description="When it was published.", examples=[A_TIME])
    edited_at: datetime | None = Field(description="When it was edited.")
    title: str | None = Field(description="Its title.")
    text: str | None = Field(description="Its text.", examples=["Warm."])
    language: str | None = Field(description="Its language.")
    url: str | None = Field(description="Where it can be read.")
    has_author: bool = Field(description="Whether the author is known by an address or an id.")
    verified: bool | None = Field(description="Whether the purchase is certain.")
    tags: list[str] = Field(description="What it can be found by.", examples=[[]])
    answer: str | None = Field(description="The company's answer; empty where it is taken away.")
    answered_at: datetime | None = Field(description="When the company answered.")


class WrongFieldOut(BaseModel):
    """A field that cannot be read."""

    field: str = Field(description="The field of the mapping.", examples=["rating"])
    reason: str = Field(description="Its expression, and what is wrong.", examples=["rating (score): is missing"])


class PreviewedEventOut(BaseModel):
    """What becomes of one event."""

    index: int = Field(description="Its place, from 0.", examples=[0])
    happened: Happened = Field(description="What it would become.", examples=["created"])
    reason: str | None = Field(description="Why, of one that is ignored or quarantined.")
    errors: list[WrongFieldOut] = Field(description="Each field that cannot be read.", examples=[[]])
    review: PreviewedReviewOut | None = Field(description="What it says of a review.", examples=[A_REVIEW])


class PreviewOut(BaseModel):
    """What the mapping makes of the payload. Nothing is stored."""

    events: list[PreviewedEventOut] = Field(description="What becomes of the first 100 events.")


def _example() -> dict[str, object]:
    """Return what the example of a payload is guessed to be."""
    return guess_out(guess(json.loads(A_PAYLOAD))).model_dump()


def guess_out(found: Guess) -> GuessOut:
    """Return a guess as the API shows it."""
    return GuessOut.model_validate(
        {
            "events": found.events,
            "fields": {each.field: each.expression for each in found.fields},
            "words": found.words,
            "found": found.fields,
            "unclear": found.unclear,
        },
        from_attributes=True,
    )


def preview_out(found: list[Previewed]) -> PreviewOut:
    """Return a preview as the API shows it."""
    return PreviewOut(events=[_event_out(index, each) for index, each in enumerate(found)])


def _event_out(index: int, previewed: Previewed) -> PreviewedEventOut:
    item = previewed.item
    return PreviewedEventOut(
        index=index,
        happened=_HAPPENED[type(item)],
        reason=item.reason if isinstance(item, (Quarantined, Ignored)) else None,
        errors=[WrongFieldOut(field=each.field, reason=each.reason) for each in previewed.wrong],
        review=None if isinstance(item, NO_INSTRUCTION) else _review_out(item),
    )


def _review_out(item: Instruction) -> PreviewedReviewOut:
    content = item.content if isinstance(item, (CreateReview, EditReview)) else Content()
    answer = item.answer if isinstance(item, AnswerReview) else content.answer
    rating, kind = _told(content.rating), _told(content.kind) or Kind.STARS
    scale = _told(content.scale) or DEFAULT_SCALES[kind]
    return PreviewedReviewOut(
        external_id=item.external_id,
        version=item.version,
        rating=None if rating is None else to_stars(rating, scale, kind),
        raw_rating=rating,
        kind=None if rating is None else kind.value,
        published_at=_told(content.published_at),
        edited_at=_told(content.edited_at),
        title=_told(content.title),
        text=_told(content.text),
        language=_told(content.language),
        url=_told(content.url),
        has_author=_told(content.person) is not None,
        verified=_told(content.verified),
        tags=list(_told(content.tags) or ()),
        **_answer_out(_told(answer)),
    )


def _told(value: Value | UnsetType | None) -> Value | None:
    return None if value is UNSET else value


def _answer_out(answer: AnswerContent | None) -> AnswerOut:
    if answer is None:
        return {"answer": None, "answered_at": None}
    return {"answer": "" if answer.state is AnswerState.REMOVED else answer.text, "answered_at": answer.published_at}
