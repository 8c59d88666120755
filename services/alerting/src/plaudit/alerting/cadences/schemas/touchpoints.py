"""Contacts that are to come, and what became of those that came due."""

from datetime import date, datetime
from typing import Annotated, Final
from uuid import UUID

from pydantic import BaseModel, Field, StringConstraints

from plaudit.alerting.cadences.domain.decide import Why
from plaudit.alerting.cadences.domain.plan import Step
from plaudit.alerting.cadences.domain.rules import (
    Purpose,
)
from plaudit.alerting.cadences.domain.touchpoint import MAX_NOTE_CHARS, Channel, State
from plaudit.common.http import AnyText, Body
from plaudit.common.http.openapi_examples import A_TIME
from plaudit.common.http.texts import SEEN, STORABLE_PATTERN

A_PERSON: Final = "native:c-1"


Note = Annotated[str, StringConstraints(pattern=STORABLE_PATTERN, max_length=MAX_NOTE_CHARS, strip_whitespace=True)]


class TouchpointOut(BaseModel):
    """A contact that came due, and what became of it."""

    id: UUID = Field(description="Its id.")
    rule: str = Field(description="The id of its rule.", examples=["new-customer"])
    title: str = Field(description="The title of its rule.", examples=["New customer, days 0, 3, 7 and 30"])
    purpose: Purpose = Field(description="What is to be done.", examples=["touchpoint"])
    step: Step = Field(description="Of an invitation: the first one, or its reminder.", examples=["first"])
    person: str = Field(description="The person key.", examples=[A_PERSON])
    subject: str = Field(description="What the customer dealt with last.", examples=["acme/berlin"])
    local_date: date = Field(description="The date that it is for.", examples=["2026-03-02"])
    owner: str = Field(description="The address of the person to do it.", examples=["owner@acme.example"])
    state: State = Field(description="How it stands.", examples=["open"])
    why: str | None = Field(
        description=f"Why nobody was contacted ({', '.join(Why)}), or why it was skipped, in words."
    )
    fired_at: datetime = Field(description="When it came due.", examples=[A_TIME])
    channel: str | None = Field(description="By which way the customer was contacted.")
    note: str | None = Field(description="What was noted of it.")
    closed_at: datetime | None = Field(description="When nothing was left to do.")
    closed_by: str | None = Field(description="Who said so.")
    mail_id: UUID | None = Field(
        description="Of an invitation: the message that mails it, as `GET /v1/messages` has it."
    )


class DoneIn(Body):
    """That a customer was contacted."""

    channel: Channel = Field(description="By which way.", examples=["phone"])
    note: Note = Field(
        default="", description="What was said; deleted with the person.", examples=["Likes the new report."]
    )


class SkipIn(Body):
    """That a customer is not contacted this time."""

    why: Annotated[AnyText, StringConstraints(min_length=1, max_length=MAX_NOTE_CHARS, strip_whitespace=True), SEEN] = (
        Field(description="The reason, in words.", examples=["On holiday until May."])
    )


class OccurrenceOut(BaseModel):
    """A contact that is still to come."""

    rule: str = Field(description="The id of its rule.", examples=["new-customer"])
    step: Step = Field(description="Of an invitation: the first one, or its reminder.", examples=["first"])
    person: str = Field(description="The person key; empty for the digest.", examples=[A_PERSON])
    local_date: date = Field(description="The date that it is for.", examples=["2026-03-05"])
    due_at: datetime = Field(description="When it comes due.", examples=[A_TIME])
