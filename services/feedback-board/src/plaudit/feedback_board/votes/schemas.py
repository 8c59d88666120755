"""What the API takes and answers about votes."""

from pydantic import BaseModel, ConfigDict, Field

from plaudit.common.http import Body
from plaudit.common.mailbox import ADDRESS_PATTERN, MAX_CHARS
from plaudit.feedback_board.requests.schemas import RequestOut
from plaudit.feedback_board.votes.domain import (
    PERSON_MAX_CHARACTERS,
    PERSON_PATTERN,
)


class VoteIn(Body):
    """Who votes: exactly one of the two."""

    model_config = ConfigDict(
        json_schema_extra={
            "oneOf": [
                {"required": ["person"], "properties": {"person": {"type": "string"}, "email": {"type": "null"}}},
                {"required": ["email"], "properties": {"email": {"type": "string"}, "person": {"type": "null"}}},
            ]
        }
    )

    person: str | None = Field(
        default=None,
        json_schema_extra={"pattern": PERSON_PATTERN, "maxLength": PERSON_MAX_CHARACTERS},
        description="A person key: a keyed hash, or `platform:id`.",
        examples=["native:anna"],
    )
    email: str | None = Field(
        default=None,
        max_length=MAX_CHARS,
        json_schema_extra={"pattern": ADDRESS_PATTERN},
        description="Turned into a person key at once, and never stored. Every spelling of a mailbox is one person.",
    )


class VoteOut(BaseModel):
    """The result of a vote."""

    person: str = Field(description="The person key that the vote counts for.", examples=["native:anna"])
    already: bool = Field(description="Whether nothing had to be done: voted before, or no vote to take back.")
    request: RequestOut = Field(description="The request as it now stands.")
