"""The delivery log: what a platform sent, byte for byte, and what we answered."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query

from plaudit.common.http import (
    DEFAULT_PAGE_ITEMS,
    Cursor,
    Limit,
    Page,
    Principal,
    TenantTx,
    authorize,
    decode_cursor,
    not_found,
    page,
)
from plaudit.ingest.deliveries import store
from plaudit.ingest.deliveries.schemas import DeliveryOut, DeliveryWithBodyOut, delivery_with_body_out

router = APIRouter(tags=["deliveries"])
DeliveriesReader = Annotated[Principal, Depends(authorize("deliveries:read"))]


@router.get("/v1/deliveries", summary="List deliveries")
async def list_deliveries(
    principal: DeliveriesReader,
    tx: TenantTx,
    source_id: UUID | None = None,
    sent_id: Annotated[str | None, Query(description="The sender's id, for example its `webhook-id`.")] = None,
    quarantined: Annotated[
        bool | None, Query(description="Only those with, or without, something quarantined.")
    ] = None,
    cursor: Cursor = None,
    limit: Limit = DEFAULT_PAGE_ITEMS,
) -> Page[DeliveryOut]:
    """List deliveries, the latest first."""
    after = decode_cursor(cursor, datetime, UUID) if cursor else None
    filters = store.Filters(source_id, sent_id, quarantined)
    rows = await store.page(tx, principal.tenant_id, filters, after, limit + 1)
    return page(rows, limit, lambda row: (row["received_at"], row["id"]), DeliveryOut.model_validate)


@router.get("/v1/deliveries/{delivery_id}", summary="Read a delivery")
async def read_delivery(principal: DeliveriesReader, tx: TenantTx, delivery_id: UUID) -> DeliveryWithBodyOut:
    """Read a delivery with its body, byte for byte."""
    row = await store.get(tx, principal.tenant_id, delivery_id)
    if row is None:
        raise not_found("delivery")
    return delivery_with_body_out(row)
