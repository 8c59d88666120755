"""Deliveries in the API."""

from base64 import b64encode
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from pydantic import BaseModel, Field, field_validator

from plaudit.common.standard_webhooks import ID_HEADER

_BODY: Final = (
    '{"type": "review.created", "data": {"id": "r-1", "subject": "acme/berlin", "rating": 4, "title": "Great service", '
    '"text": "Nothing but good to say.", "published_at": "2026-02-14T10:15:30Z", "author": {"id": "c-1"}}}'
)
"""Of the examples."""


class QuarantinedOut(BaseModel):
    """An event that was not understood."""

    index: int = Field(description="Its place in the delivery, from 0.", examples=[0])
    reason: str = Field(description="What is wrong with it.", examples=["data.rating: Expected float"])


class DeliveryOut(BaseModel):
    """One delivery and what became of it."""

    id: UUID = Field(description="Its id here.")
    source_id: UUID = Field(description="The source that it was posted to.")
    sent_id: str | None = Field(description="The id that the sender gave it.", examples=["d-1"])
    received_at: datetime = Field(description="When it arrived.")
    status: int = Field(description="The HTTP status that it was answered with.", examples=[202])
    accepted: int = Field(description="How many of its events were taken.", examples=[1])
    unchanged: int = Field(description="Of the accepted: stale or repeated, so that nothing changed.", examples=[0])
    quarantined: list[QuarantinedOut] = Field(description="The events that could not be taken.", examples=[[]])
    quarantine_reason: str | None = Field(description="Why nothing of it was taken.")
    scrubbed_at: datetime | None = Field(
        description="Since when its body and headers are gone, for something in it was erased."
    )
    body_bytes: int = Field(description="The length of its body.", examples=[len(_BODY)])

    @field_validator("quarantined", mode="before")
    @classmethod
    def _named(cls, stored: Sequence[tuple[int, str]] | None) -> list[QuarantinedOut]:
        return [QuarantinedOut(index=index, reason=reason) for index, reason in stored or ()]


class DeliveryWithBodyOut(DeliveryOut):
    """A delivery with its headers and body."""

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


def delivery_with_body_out(row: Mapping[Any, Any]) -> DeliveryWithBodyOut:
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
        {**row, "headers": sent_id | row["headers"], "body": text, "body_base64": b64encode(body).decode()}
    )
