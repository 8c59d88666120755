"""Alerts and silences as the API shows and takes them."""

from datetime import datetime
from typing import Annotated, Final
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from sqlalchemy import RowMapping

from plaudit.alerting.alerts.domain import AlertState
from plaudit.alerting.alerts.domain.silences import MAX_REASON_CHARS, MAX_SILENCE, Silence
from plaudit.common.http import Body, Subject
from plaudit.common.http.files import guarded_cell
from plaudit.common.http.openapi_examples import A_TIME
from plaudit.common.http.texts import SEEN, STORABLE_PATTERN
from plaudit.common.http.times import Instant
from plaudit.common.mailbox import ADDRESS_PATTERN, MAX_CHARS

MAX_NOTE_CHARS = 500
MAX_SOURCE_CHARS = 100
ReasonText = Annotated[
    str, StringConstraints(min_length=1, max_length=MAX_REASON_CHARS, pattern=STORABLE_PATTERN), SEEN
]
NoteText = Annotated[str, StringConstraints(max_length=MAX_NOTE_CHARS, pattern=STORABLE_PATTERN)]
AN_ID = "01956d00-0000-7000-8000-000000000001"
AN_END = "2026-03-10T09:00:00Z"
A_KEY = "key:abcdefghijklmnop"


class AlertOut(BaseModel):
    """Something a person should look at."""

    id: UUID = Field(description="Its id.")
    state: AlertState = Field(description="What has been done about it.", examples=["open"])
    kind: str = Field(
        description="What it is about: `sla_breach`, `uncaught` for a negative review that nobody is for, "
        "`pause_overlap` for a paused clock whose customer said something, or whose review became drastic, "
        "`storm` for more messages than people can read, `endpoint_disabled` for an endpoint that gets nothing now, or "
        "`address_refused` for an address of your staff that takes no mail.",
        examples=["sla_breach"],
    )
    severity: str = Field(description="How urgent it is.", examples=["high"])
    summary: str = Field(
        description="What happened, in one line.", examples=["1-star review of acme/berlin not answered in time"]
    )
    subject: str = Field(description="What the review is about.", examples=["acme/berlin"])
    source_id: str | None = Field(
        description="Where the review comes from; null where that was not kept.", examples=[AN_ID]
    )
    review_severity: str | None = Field(
        description="How severe the review is; null where that was not kept.", examples=["negative"]
    )
    owner: str = Field(description="The address of the person to look at it.", examples=["owner@acme.example"])
    clock_id: UUID | None = Field(description="The clock that was breached; null: it is about none.", examples=[AN_ID])
    review_id: str = Field(description="The review that waits for an answer.", examples=["review-1"])
    raised_at: datetime = Field(description="When it was raised.")
    acknowledged_at: datetime | None = Field(description="When somebody said that they look at it.")
    acknowledged_by: str | None = Field(
        description="Who acknowledged it: the key, as `key:<public id>`, or the person, as `person:<id>`."
    )
    remind_at: datetime | None = Field(
        description="When it opens again, unless it is resolved before; null if it is open."
    )
    resolved_at: datetime | None = Field(description="When there was nothing left to look at.")
    reason: str | None = Field(
        description="Why it is resolved; `resolved_by_hand` if a person did it: `GET /v1/audit` has who, and why."
    )


HEAD: Final = (
    *("id", "state", "kind", "severity", "summary", "subject", "source_id", "review_severity", "owner", "clock_id"),
    *("review_id", "raised_at", "acknowledged_at", "acknowledged_by", "remind_at", "resolved_at", "reason"),
)
"""The columns of alerts as CSV."""


def csv_row(row: RowMapping) -> list[str]:
    """Return an alert as cells in the order of `HEAD`."""
    return [guarded_cell(row[name]) for name in HEAD]


class AssignIn(Body):
    """Who is to look at an alert."""

    owner: Annotated[str, StringConstraints(max_length=MAX_CHARS, pattern=ADDRESS_PATTERN)] = Field(
        description="The address of one of your people, as `GET /v1/owners` lists them.",
        examples=["owner@acme.example"],
    )
    note: NoteText = Field("", description="What the new owner should know.", examples=["She called again."])


class ResolveAlertIn(Body):
    """Why nothing is left to do about an alert."""

    note: Annotated[str, StringConstraints(min_length=1, max_length=MAX_NOTE_CHARS, pattern=STORABLE_PATTERN)] = Field(
        description="Why, in words for your team.", examples=["She has left; nobody is written to there any more."]
    )


class SilenceIn(Body):
    """What is not told for a while: one alert, or a subject with what is below it."""

    model_config = ConfigDict(
        json_schema_extra={
            "oneOf": [
                {
                    "required": ["alert_id"],
                    "properties": {
                        "alert_id": {"type": "string"},
                        "subject": {"type": "null"},
                        "source_id": {"type": "null"},
                    },
                },
                {
                    "required": ["subject"],
                    "properties": {"subject": {"type": "string"}, "alert_id": {"type": "null"}},
                },
            ]
        }
    )

    alert_id: UUID | None = Field(None, description="The alert. Name it or a subject.", examples=[None])
    subject: Subject | None = Field(None, description="The subject. Name it or an alert.", examples=["acme/berlin"])
    source_id: Annotated[str, StringConstraints(min_length=1, max_length=MAX_SOURCE_CHARS)] | None = Field(
        None, description="With a subject: only what comes from this source.", examples=[None]
    )
    until: Instant = Field(description=f"The end: at most {MAX_SILENCE.days} days from now.", examples=[AN_END])
    reason: ReasonText = Field(description="Why, in words for your team.", examples=["The shop is being moved."])


class SilenceOut(BaseModel):
    """A silence: nothing is told of what it is for, until its end."""

    id: UUID = Field(description="Its id.")
    alert_id: UUID | None = Field(
        description="The alert that it is for; null where it is for a subject.", examples=[None]
    )
    subject: str | None = Field(
        description="The subject that it is for, with what is below it; null where it is for an alert.",
        examples=["acme/berlin"],
    )
    source_id: str | None = Field(description="Only what comes from this source; null: from any.", examples=[None])
    reason: str = Field(description="Why.", examples=["The shop is being moved."])
    is_active: bool = Field(description="Whether it holds now.", examples=[True])
    created_at: datetime = Field(description="When it began.", examples=[A_TIME])
    created_by: str = Field(description="Who began it: a key or a person.", examples=[A_KEY])
    until: datetime = Field(description="Its end.", examples=[AN_END])
    ended_at: datetime | None = Field(description="When somebody ended it early; null: nobody has.", examples=[None])
    ended_by: str | None = Field(description="Who ended it early; null: nobody has.", examples=[None])


def silence_out(silence: Silence, now: datetime) -> SilenceOut:
    """Return a silence as the API shows it."""
    return SilenceOut(
        id=silence.id,
        alert_id=silence.alert_id,
        subject=silence.subject_prefix,
        source_id=silence.source_id,
        reason=silence.reason,
        is_active=silence.is_active(now),
        created_at=silence.created_at,
        created_by=silence.created_by,
        until=silence.until,
        ended_at=silence.ended_at,
        ended_by=silence.ended_by,
    )
