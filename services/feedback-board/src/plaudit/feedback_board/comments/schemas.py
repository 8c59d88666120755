"""What the API takes and answers about comments and official responses."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from plaudit.common.http import Body
from plaudit.common.http.openapi_examples import A_TIME
from plaudit.common.mailbox import ADDRESS_PATTERN, MAX_CHARS
from plaudit.feedback_board.comments.domain import Comment, Response
from plaudit.feedback_board.requests.domain.text import (
    COMMENT_PATTERN,
    NAME_MAX_CHARACTERS,
    PERSONA_PATTERN,
    TEXT_MAX_CHARACTERS,
)
from plaudit.feedback_board.requests.domain.visibility import Visibility
from plaudit.feedback_board.votes.domain import PERSON_MAX_CHARACTERS, PERSON_PATTERN

CommentText = Annotated[
    str, Field(max_length=TEXT_MAX_CHARACTERS, json_schema_extra={"minLength": 1, "pattern": COMMENT_PATTERN})
]
Name = Annotated[
    str, Field(max_length=NAME_MAX_CHARACTERS, json_schema_extra={"minLength": 1, "pattern": PERSONA_PATTERN})
]
PersonField = Annotated[
    str | None,
    Field(
        json_schema_extra={"pattern": PERSON_PATTERN, "maxLength": PERSON_MAX_CHARACTERS},
        description="A person key: a keyed hash, or `platform:id`.",
        examples=["native:anna"],
    ),
]
EmailField = Annotated[
    str | None,
    Field(
        max_length=MAX_CHARS,
        json_schema_extra={"pattern": ADDRESS_PATTERN},
        description="Turned into a person key at once, and never stored.",
    ),
]


class CommentIn(Body):
    """A comment: of the person who is named in one of two ways, or of staff where nobody is."""

    model_config = ConfigDict(
        json_schema_extra={
            "anyOf": [
                {"properties": {"person": {"type": "null"}}},
                {"properties": {"email": {"type": "null"}}},
            ]
        }
    )

    text: CommentText = Field(description="1 to 5,000 characters; plain text.", examples=["We wait for this too."])
    name: Name | None = Field(
        default=None,
        description="The name that it is shown under; without one, a visitor or the team.",
        examples=["Anna"],
    )
    person: PersonField = None
    email: EmailField = None


class CommentTextIn(Body):
    """The new text of a comment."""

    text: CommentText = Field(description="1 to 5,000 characters; plain text.", examples=["We wait for this too."])


class CommentOut(BaseModel):
    """A comment on a request."""

    id: UUID = Field(description="Its id.")
    request_id: UUID = Field(description="The request that it is about.")
    text: str = Field(description="Empty once its author was erased.", examples=["We wait for this too."])
    name: str | None = Field(description="The name that it is shown under; null for none.", examples=["Anna"])
    person: str | None = Field(
        description="The person key of its author; null for staff, and once the person was erased.",
        examples=["native:anna"],
    )
    by_staff: bool = Field(description="Whether staff wrote it.", examples=[False])
    visibility: Visibility = Field(description="Whether everybody sees it, or it waits for a look, or was removed.")
    created_at: datetime = Field(description="When it was posted.", examples=[A_TIME])
    edited_at: datetime | None = Field(description="When it was last edited.")
    edited_by_staff: bool = Field(description="Whether the last edit was one of staff.", examples=[False])


class ResponseIn(Body):
    """The official response to a request."""

    text: CommentText = Field(
        description="Public; 1 to 5,000 characters; plain text.", examples=["We build it this spring."]
    )


class ResponseOut(BaseModel):
    """A revision of the official response to a request."""

    revision: int = Field(description="Rises by one with each.", examples=[1])
    text: str | None = Field(description="Null when it was taken back.", examples=["We build it this spring."])
    actor: str = Field(
        description="Who wrote it: a key, as `key:<public id>`, or a person of the staff.",
        examples=["key:abcdefghijklmnop"],
    )
    at: datetime = Field(description="When.", examples=[A_TIME])


def comment_out(comment: Comment) -> CommentOut:
    """Return a comment as the API shows it."""
    return CommentOut(
        id=comment.id,
        request_id=comment.request_id,
        text=comment.text,
        name=comment.author_name,
        person=comment.author_key,
        by_staff=comment.by_staff,
        visibility=comment.visibility,
        created_at=comment.created_at,
        edited_at=comment.edited_at,
        edited_by_staff=comment.edited_by_staff,
    )


def response_out(response: Response) -> ResponseOut:
    """Return a revision of an official response as the API shows it."""
    return ResponseOut(revision=response.revision, text=response.text, actor=response.actor, at=response.at)
