"""What the API takes and answers about votes."""

from pydantic import BaseModel, ConfigDict, Field

from plaudit.common.http import Body
from plaudit.common.mailbox import ADDRESS_PATTERN, MAX_CHARS
from plaudit.feedback_board.requests.domain.text import clean_reason
from plaudit.feedback_board.requests.schemas import Reason, RequestOut
from plaudit.feedback_board.votes.domain import (
    PERSON_MAX_CHARACTERS,
    PERSON_PATTERN,
)


class VoterIn(Body):
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


class VoteIn(VoterIn):
    """A vote: who votes, and why staff do it in the person's place."""

    reason: Reason | None = Field(
        default=None,
        description="Why you vote in the person's place, such as a call. For staff, in the log.",
        examples=["Asked for it on the phone."],
    )

    def cleaned_reason(self) -> str | None:
        """Return why, cleaned, or None. Raises InvalidInputError."""
        return None if self.reason is None else clean_reason(self.reason)


class VoteOut(BaseModel):
    """The result of a vote."""

    person: str = Field(description="The person key that the vote counts for.", examples=["native:anna"])
    already: bool = Field(description="Whether nothing had to be done: voted before, or no vote to take back.")
    request: RequestOut = Field(description="The request as it now stands.")
