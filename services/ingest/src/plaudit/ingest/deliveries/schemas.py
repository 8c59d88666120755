"""Deliveries in the API."""

from base64 import b64encode
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field, field_validator

from plaudit.common.standard_webhooks import ID_HEADER


class QuarantinedOut(BaseModel):
    """An event that was not understood."""

    index: int
    reason: str


class DeliveryOut(BaseModel):
    """One delivery and what became of it."""

    id: UUID
    source_id: UUID
    sent_id: str | None = Field(description="The id that the sender gave it.")
    received_at: datetime
    status: int = Field(description="The HTTP status that it was answered with.")
    accepted: int
    unchanged: int = Field(description="Of the accepted: stale or repeated, so that nothing changed.")
    quarantined: list[QuarantinedOut]
    quarantine_reason: str | None = Field(description="Why nothing of it was taken.")
    body_bytes: int

    @field_validator("quarantined", mode="before")
    @classmethod
    def _named(cls, stored: Sequence[tuple[int, str]] | None) -> list[QuarantinedOut]:
        return [QuarantinedOut(index=index, reason=reason) for index, reason in stored or ()]


class DeliveryWithBodyOut(DeliveryOut):
    """A delivery with its headers and body."""

    headers: dict[str, str] = Field(description="Those that say nothing secret.")
    body: str | None = Field(description="As text; null where it is not UTF-8.")
    body_base64: str


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
