"""Deliveries in the API."""

from base64 import b64encode
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from msgspec.structs import asdict
from pydantic import BaseModel, Field, field_validator, model_validator

from plaudit.common.http.openapi_examples import AN_ID
from plaudit.common.standard_webhooks import ID_HEADER
from plaudit.ingest.deliveries.domain import EventVerdict, Verdict
from plaudit.ingest.reviews.domain.held import HELD_FOR

_BODY: Final = (
    '{"type": "review.created", "data": {"id": "r-1", "subject": "acme/berlin", "rating": 4, "title": "Great service", '
    '"text": "Nothing but good to say.", "published_at": "2026-02-14T10:15:30Z", "author": {"id": "c-1"}}}'
)
"""Of the examples."""


class EventOut(BaseModel):
    """An event that was not applied."""

    index: int = Field(description="Its place in the delivery, from 0.", examples=[0])
    reason: str = Field(description="Why.", examples=["data.rating: Expected float"])


class DeliveryOut(BaseModel):
    """One delivery and what became of it."""

    id: UUID = Field(description="Its id here.")
    source_id: UUID = Field(description="The source that it was posted to.")
    sent_id: str | None = Field(description="The id that the sender gave it.", examples=["d-1"])
    received_at: datetime = Field(description="When it arrived.")
    status: int = Field(description="The HTTP status that it, or a repetition of it, is answered with.", examples=[202])
    first_status: int | None = Field(
        description="The one that it was answered with first, where a replay has changed it."
    )
    latency_ms: float | None = Field(
        description="Milliseconds from the last byte of its body until it was written; commit and answer follow.",
        examples=[1.25],
    )
    replayed_at: datetime | None = Field(description="When a replay last changed what became of it.")
    accepted: int = Field(description="How many of its events were taken.", examples=[1])
    unchanged: int = Field(description="Of the accepted: stale or repeated, so that nothing changed.", examples=[0])
    quarantined: list[EventOut] = Field(description="The events that could not be taken.", examples=[[]])
    held: list[EventOut] = Field(
        description="The events that waited for their reviews when it was answered; `GET /v1/held-events` lists those "
        "that still do.",
        examples=[[]],
    )
    ignored: list[EventOut] = Field(description="The events that are not for us, such as test pings.", examples=[[]])
    quarantine_reason: str | None = Field(description="Why nothing of it was taken.")
    scrubbed_at: datetime | None = Field(
        description="Since when its body and headers are gone, for something in it was erased."
    )
    body_bytes: int = Field(description="The length of its body.", examples=[len(_BODY)])

    @model_validator(mode="before")
    @classmethod
    def _apart(cls, row: Mapping[Any, Any]) -> dict[Any, Any]:
        latency_us = row["latency_us"]
        latency_ms = None if latency_us is None else latency_us / 1000
        return {"held": (), "ignored": (), **row, **(row["set_aside"] or {}), "latency_ms": latency_ms}

    @field_validator("quarantined", "held", "ignored", mode="before")
    @classmethod
    def _named(cls, stored: Sequence[tuple[int, str]] | None) -> list[EventOut]:
        return [EventOut(index=index, reason=reason) for index, reason in stored or ()]


class QuarantinedEventOut(BaseModel):
    """An event that could not be taken, or a whole delivery of which none could."""

    delivery_id: UUID = Field(description="The delivery that it came in.")
    index: int | None = Field(
        description="Its place in the delivery, from 0; null where the whole delivery could not be read.", examples=[0]
    )
    source_id: UUID = Field(description="The source that it was posted to.")
    sent_id: str | None = Field(description="The id that the sender gave the delivery.", examples=["d-2"])
    received_at: datetime = Field(description="When it arrived.")
    reason: str = Field(description="Why it could not be taken.", examples=["data.rating: Expected float, got str"])


class HeldEventOut(BaseModel):
    """An event about a review that is not known yet."""

    id: UUID = Field(description="Its id here.")
    source_id: UUID = Field(description="The source that it was posted to.")
    external_id: str = Field(description="The platform's id of the review that it waits for.", examples=["r-1"])
    type: str = Field(description="`answer`, `edit`, `remove` or `restore`.", examples=["answer"])
    version: int | None = Field(description="Its version, if the platform gives one.", examples=[2])
    delivery_id: UUID = Field(description="The delivery that it came in.")
    index: int = Field(description="Its place in the delivery, from 0.", examples=[0])
    received_at: datetime = Field(description="When it arrived.")
    expires_at: datetime = Field(description="When it is quarantined, unless its review has come.")


def held_event_out(row: Mapping[Any, Any]) -> HeldEventOut:
    """Return a row of the events that wait."""
    told: Mapping[str, Any] = row["instruction"]
    return HeldEventOut.model_validate(
        {
            **row,
            "type": told["type"],
            "version": told.get("version"),
            "index": row["event_index"],
            "expires_at": row["received_at"] + HELD_FOR,
        }
    )


class VerdictOut(BaseModel):
    """One event of a delivery, and what became of it."""

    index: int = Field(description="Its place in the delivery, from 0.", examples=[0])
    type: str | None = Field(
        description="`create`, `edit`, `remove`, `restore` or `answer`; `noticed` of a review that is asked for; null "
        "where it could not be read.",
        examples=["create"],
    )
    external_id: str | None = Field(description="The platform's id of the review that it is about.", examples=["r-1"])
    verdict: Verdict = Field(description="What became of it.", examples=["taken"])
    reason: str | None = Field(description="Why it was not taken.")
    review_id: UUID | None = Field(description="The review that it is about, where that is known.", examples=[AN_ID])
    revisions: list[int] = Field(description="The revisions of the review that this delivery made.", examples=[[1]])


class DeliveryWithBodyOut(DeliveryOut):
    """A delivery with its headers and body."""

    events: list[VerdictOut] = Field(
        description="Its events in their order, with what became of each. Empty where its body is gone or cannot "
        "be read."
    )

    headers: dict[str, str] = Field(
        description="Those that say nothing secret.",
        examples=[
            {
                ID_HEADER: "d-1",
                "webhook-timestamp": "1771064130",
                "content-type": "application/json",
                "user-agent": "shop/1",
            }
        ],
    )
    body: str | None = Field(description="As text; null where it is not UTF-8.", examples=[_BODY])
    body_base64: str = Field(
        description="The same, byte for byte, in base64.", examples=[b64encode(_BODY.encode()).decode()]
    )


class FailedAttemptsOut(BaseModel):
    """Deliveries that were not proven, for one reason in one hour. Nothing of them was kept."""

    reason: str = Field(description="Why, in one word.", examples=["no_match"])
    attempts: int = Field(description="How many there were.", examples=[1])
    first_at: datetime = Field(description="When the first one came.")
    last_at: datetime = Field(description="When the last one came.")
    detail: str = Field(description="What the sender of the last one was told.", examples=["no signature matches"])


def delivery_with_body_out(row: Mapping[Any, Any], events: Sequence[EventVerdict]) -> DeliveryWithBodyOut:
    """Return a row of the log with its body, as text where it is text, and as base64.

    Its headers are stored without the id that it is known by.
    """
    body: bytes = row["body"]
    try:
        text = body.decode()
    except UnicodeDecodeError:
        text = None
    sent_id = {} if row["sent_id"] is None else {ID_HEADER: row["sent_id"]}
    return DeliveryWithBodyOut.model_validate(
        {
            **row,
            "headers": sent_id | row["headers"],
            "body": text,
            "body_base64": b64encode(body).decode(),
            "events": [asdict(event) for event in events],
        }
    )
