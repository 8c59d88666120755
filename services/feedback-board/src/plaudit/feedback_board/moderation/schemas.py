"""What the API takes and answers about moderation."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from plaudit.common.http import Body, Instant
from plaudit.common.http.openapi_examples import A_TIME, AN_ID
from plaudit.feedback_board.comments.schemas import EmailField, PersonField
from plaudit.feedback_board.holds.domain import (
    BLOCKED_WORD_MAX_CHARACTERS,
    DEFAULT_MOST_LINKS,
    MAX_BLOCKED_WORDS,
    MAX_MOST_LINKS,
    HoldReason,
    PersonStanding,
    PostKind,
    Rules,
    Standing,
    clean_blocked_words,
)
from plaudit.feedback_board.moderation.domain import Action, Entry, WaitingPost
from plaudit.feedback_board.requests.schemas import Reason as ReasonText

_ONE_OF_TWO = ConfigDict(
    json_schema_extra={
        "oneOf": [
            {"required": ["person"], "properties": {"person": {"type": "string"}, "email": {"type": "null"}}},
            {"required": ["email"], "properties": {"email": {"type": "string"}, "person": {"type": "null"}}},
        ]
    }
)
SetStanding = Literal[Standing.TRUSTED, Standing.BLOCKED]
_A_PERSON = "native:anna"
_ACTOR = Field(
    description="Who: a key, as `key:<public id>`, or a person of the staff.", examples=["key:abcdefghijklmnop"]
)


class WaitingPostOut(BaseModel):
    """A post that waits for a look."""

    kind: PostKind = Field(description="A request, or a comment on one.", examples=["comment"])
    id: UUID = Field(description="Its id.")
    request_id: UUID = Field(description="The request, or the one that the comment is about.")
    title: str = Field(description="The title of that request.", examples=["Refund the deposit at once"])
    text: str = Field(description="What was posted.", examples=["The casino has it."])
    name: str | None = Field(description="The name that it is to be shown under; null for none.", examples=["Anna"])
    person: str = Field(description="The person key of its author.", examples=[_A_PERSON])
    reasons: list[HoldReason] = Field(description="Why it waits.", examples=[["blocked_word"]])
    held_at: datetime = Field(description="Since when.", examples=[A_TIME])


class RemovalIn(Body):
    """Why a post is removed."""

    reason: ReasonText = Field(description="For staff; 3 to 2,000 characters.", examples=["Advertises a shop."])


class PostOut(BaseModel):
    """What became of a post."""

    kind: PostKind = Field(description="A request, or a comment on one.", examples=["comment"])
    id: UUID = Field(description="Its id.")
    person: str | None = Field(description="The person key of its author; null for staff.", examples=[_A_PERSON])


class StandingIn(Body):
    """Who is to be trusted or blocked, named in one of two ways, and why."""

    model_config = _ONE_OF_TWO

    person: PersonField = None
    email: EmailField = None
    standing: SetStanding = Field(description="`trusted`: never held; `blocked`: posts nothing.", examples=["blocked"])
    reason: ReasonText = Field(description="For staff; 3 to 2,000 characters.", examples=["Advertises a shop."])
    until: Instant | None = Field(default=None, description="When a block ends; null for never.", examples=[None])


class PersonIn(Body):
    """Who is meant, named in one of two ways."""

    model_config = _ONE_OF_TWO

    person: PersonField = None
    email: EmailField = None


class StandingOut(BaseModel):
    """A person who is trusted or blocked."""

    person: str = Field(description="The person key.", examples=[_A_PERSON])
    standing: Standing = Field(description="Trusted or blocked.", examples=["blocked"])
    reason: str | None = Field(description="Why; for staff.", examples=["Advertises a shop."])
    until: datetime | None = Field(description="When a block ends; null for never.", examples=[None])
    actor: str = _ACTOR
    at: datetime = Field(description="When it was set.", examples=[A_TIME])


class RulesBody(Body):
    """What a board holds for a look, beyond what every board does."""

    first_of_visitors: bool = Field(
        default=False, description="Whether the first post of somebody who has not signed in waits.", examples=[True]
    )
    most_links: int = Field(
        default=DEFAULT_MOST_LINKS,
        ge=0,
        le=MAX_MOST_LINKS,
        description="A post with more links than this waits.",
        examples=[2],
    )
    blocked_words: list[
        Annotated[
            str,
            Field(max_length=BLOCKED_WORD_MAX_CHARACTERS, json_schema_extra={"pattern": r"^[^\x00]*[a-z0-9][^\x00]*$"}),
        ]
    ] = Field(
        default_factory=list,
        max_length=MAX_BLOCKED_WORDS,
        description="A post with one of these words or phrases waits, in whatever case.",
        examples=[["casino"]],
    )

    def rules(self) -> Rules:
        """Return the rules. Raises InvalidInputError."""
        return Rules(
            first_of_visitors=self.first_of_visitors,
            most_links=self.most_links,
            blocked_words=clean_blocked_words(self.blocked_words),
        )


class ModerationEntryOut(BaseModel):
    """Something that staff did."""

    at: datetime = Field(description="When.", examples=[A_TIME])
    actor: str = _ACTOR
    action: Action = Field(description="What staff did.", examples=["removed"])
    post_kind: PostKind | None = Field(description="The kind of the post that it was done to.", examples=["comment"])
    post_id: UUID | None = Field(description="Which post.", examples=[AN_ID])
    request_id: UUID | None = Field(description="The request, or the one that the comment is about.", examples=[AN_ID])
    person: str | None = Field(
        description="Whose post, or which person; null once the person was erased.", examples=[_A_PERSON]
    )
    reason: str | None = Field(description="Why.", examples=["Advertises a shop."])
    until: datetime | None = Field(description="When a block ends.", examples=[None])


def waiting_out(post: WaitingPost) -> WaitingPostOut:
    """Return a post that waits as the API shows it."""
    return WaitingPostOut(
        kind=post.kind,
        id=post.id,
        request_id=post.request_id,
        title=post.title,
        text=post.text,
        name=post.name,
        person=post.person_key,
        reasons=[HoldReason(reason) for reason in post.reasons],
        held_at=post.held_at,
    )


def standing_out(standing: PersonStanding) -> StandingOut:
    """Return the standing of a person as the API shows it."""
    return StandingOut(
        person=standing.person_key,
        standing=standing.standing,
        reason=standing.reason,
        until=standing.until,
        actor=standing.actor,
        at=standing.at,
    )


def entry_out(entry: Entry) -> ModerationEntryOut:
    """Return an entry of the log as the API shows it."""
    return ModerationEntryOut(
        at=entry.at,
        actor=entry.actor,
        action=entry.action,
        post_kind=entry.post_kind,
        post_id=entry.post_id,
        request_id=entry.request_id,
        person=entry.person_key,
        reason=entry.reason,
        until=entry.until,
    )
