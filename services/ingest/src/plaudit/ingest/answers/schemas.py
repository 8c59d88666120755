"""Answers in the API."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from msgspec.structs import asdict
from pydantic import BaseModel, Field, StringConstraints

from plaudit.common.http import Body, Instant
from plaudit.common.http.texts import STORABLE_PATTERN
from plaudit.ingest.answers.domain import (
    MAX_NAME_CHARS,
    MAX_TEXT_CHARS,
    AnswerState,
    Draft,
    Via,
    WrittenAnswer,
)

Name = Annotated[str, StringConstraints(min_length=1, max_length=MAX_NAME_CHARS, pattern=STORABLE_PATTERN)]


class AnswerIn(Body):
    """An answer to a review."""

    text: Annotated[str, StringConstraints(min_length=1, max_length=MAX_TEXT_CHARS, pattern=STORABLE_PATTERN)] = Field(
        description="What customers will read. Each platform has a limit of its own, which a refusal tells.",
        examples=["Thank you, we have refunded the deposit."],
    )
    via: Via = Field(
        default=Via.PLATFORM,
        description="`platform`: through its interface; where there is none, or the source lacks credentials, it "
        "becomes `by_hand`, and `note` says why. `by_hand`: somebody posts it there. `elsewhere`: it is published "
        "already.",
        examples=["by_hand"],
    )
    published_at: Instant | None = Field(
        default=None, description="Of an answer that is published `elsewhere`; now, if not given."
    )
    answered_by: Name | None = Field(
        default=None, description="In whose name it is given; for your team.", examples=["Ada, support"]
    )

    def draft(self) -> Draft:
        """Return it as the domain takes it."""
        return Draft(**self.model_dump())


class PublishedIn(Body):
    """That the submitted answer is published."""

    published_at: Instant | None = Field(default=None, description="When it was; now, if not given.")
    answered_by: Name | None = Field(default=None, description="Who posted it.", examples=["Ada, support"])


class WrittenAnswerOut(BaseModel):
    """An answer that was written or recorded here."""

    id: UUID = Field(description="Its id.")
    review_id: UUID = Field(description="The review.")
    text: str = Field(
        description="The answer, to be copied where it is given by hand.",
        examples=["Thank you, we have refunded the deposit."],
    )
    via: Via = Field(description="How it gets to the platform.", examples=["by_hand"])
    state: AnswerState = Field(description="Only a `published` answer counts.", examples=["submitted"])
    note: str | None = Field(description="Why it is rejected, not published yet, or to be given by hand.")
    written_by: str = Field(description="The key or the person.", examples=["key:abcdefghijklmnop"])
    written_at: datetime = Field(description="When it was written.")
    answered_by: str | None = Field(description="In whose name it is given.", examples=["Ada, support"])
    published_at: datetime | None = Field(description="When it was published.")
    finished_at: datetime | None = Field(description="When we learned that it is published or rejected.")
    finished_by: str | None = Field(description="Who noted that it is published; null where the platform told it.")
    attempts: int = Field(description="How often it was begun to be sent.", examples=[0])
    accepted_at: datetime | None = Field(description="When the platform took it; it may show it later.")


class ReviewAnswerOut(WrittenAnswerOut):
    """The last answer that was written to a review, with what somebody needs who gives it by hand."""

    review_url: str | None = Field(description="Where the review can be read and answered, where the platform says it.")


def written_answer_out(answer: WrittenAnswer) -> WrittenAnswerOut:
    """Return an answer as the API shows it."""
    return WrittenAnswerOut.model_validate(asdict(answer))


def review_answer_out(answer: WrittenAnswer, review_url: str | None) -> ReviewAnswerOut:
    """Return the answer of a review as the API shows it."""
    return ReviewAnswerOut.model_validate({**asdict(answer), "review_url": review_url})
