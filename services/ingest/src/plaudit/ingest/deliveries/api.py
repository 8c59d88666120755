"""The delivery log: what a platform sent, byte for byte, and what we answered."""

from base64 import b64encode
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, Field

from plaudit.common.db import Role
from plaudit.common.http.auth import Principal, authorize
from plaudit.common.http.paging import Page, decode_cursor
from plaudit.common.http.paging import page as page_of
from plaudit.common.http.problems import not_found
from plaudit.ingest.api.context import DEFAULT_PAGE, Context, Cursor, Limit
from plaudit.ingest.store import deliveries as deliveries_store

router = APIRouter(tags=["deliveries"])
Reader = Annotated[Principal, Depends(authorize("deliveries:read"))]


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


class DeliveryWithBody(DeliveryOut):
    """A delivery with its headers and body."""

    headers: dict[str, str] = Field(description="Those that say nothing secret.")
    body: str | None = Field(description="As text; null where it is not UTF-8.")
    body_base64: str


@router.get("/v1/deliveries", summary="List deliveries")
async def list_deliveries(
    who: Reader,
    context: Context,
    source_id: UUID | None = None,
    sent_id: Annotated[str | None, Query(description="The sender's id, for example its `webhook-id`.")] = None,
    quarantined: Annotated[
        bool | None, Query(description="Only those with, or without, something quarantined.")
    ] = None,
    cursor: Cursor = None,
    limit: Limit = DEFAULT_PAGE,
) -> Page[DeliveryOut]:
    """List deliveries, the latest first."""
    after = decode_cursor(cursor, datetime, UUID) if cursor else None
    async with context.database(Role.API).transaction(who.tenant_id) as tx:
        rows = await deliveries_store.page(tx, who.tenant_id, source_id, sent_id, quarantined, after, limit + 1)
    items = [DeliveryOut(**_fields(row)) for row in rows]
    return Page[DeliveryOut].model_validate(page_of(items, limit, lambda item: (item.received_at, item.id)))


@router.get("/v1/deliveries/{delivery_id}", summary="Read a delivery")
async def read_delivery(delivery_id: UUID, who: Reader, context: Context) -> DeliveryWithBody:
    """Read a delivery with its body, byte for byte."""
    async with context.database(Role.API).transaction(who.tenant_id) as tx:
        row: Any = await deliveries_store.get(tx, who.tenant_id, delivery_id)
    if row is None:
        raise not_found("delivery")
    try:
        text = row.body.decode()
    except UnicodeDecodeError:
        text = None
    return DeliveryWithBody(**_fields(row), headers=row.headers, body=text, body_base64=b64encode(row.body).decode())


def _fields(row: Any) -> dict[str, Any]:
    return {
        "id": row.id,
        "source_id": row.source_id,
        "sent_id": row.sent_id,
        "received_at": row.received_at,
        "status": row.status,
        "accepted": row.accepted,
        "unchanged": row.unchanged,
        "quarantined": [QuarantinedOut(index=index, reason=reason) for index, reason in row.quarantined or ()],
        "quarantine_reason": row.quarantine_reason,
        "body_bytes": row.body_bytes,
    }
