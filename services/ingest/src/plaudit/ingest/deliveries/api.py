"""The delivery log: what a platform sent, byte for byte, and what we answered."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query

from plaudit.common.http import AnyText, Page, Paging, Principal, TenantTx, authorize, not_found
from plaudit.ingest.deliveries import store
from plaudit.ingest.deliveries.schemas import (
    DeliveryOut,
    DeliveryWithBodyOut,
    FailedAttemptsOut,
    HeldEventOut,
    delivery_with_body_out,
    held_event_out,
)
from plaudit.ingest.sources import store as sources

router = APIRouter(tags=["deliveries"])
DeliveriesReader = Annotated[Principal, Depends(authorize("deliveries:read"))]
DeliveryId = Annotated[UUID, Path(description="The delivery's id.")]


@router.get("/v1/deliveries", summary="List deliveries")
async def list_deliveries(
    principal: DeliveriesReader,
    tx: TenantTx,
    paging: Paging,
    source_id: Annotated[UUID | None, Query(description="Only those to this source.")] = None,
    sent_id: Annotated[AnyText | None, Query(description="The sender's id, for example its `webhook-id`.")] = None,
    quarantined: Annotated[
        bool | None, Query(description="Only those with, or without, something quarantined.")
    ] = None,
) -> Page[DeliveryOut]:
    """List deliveries, the latest first."""
    after = paging.after(tuple[datetime, UUID])
    filters = store.Filters(source_id, sent_id, quarantined)
    rows = await store.page(tx, principal.tenant_id, filters, after, paging.rows)
    return paging.page(rows, lambda row: (row["received_at"], row["id"]), DeliveryOut.model_validate)


@router.get("/v1/deliveries/{delivery_id}", summary="Read a delivery")
async def read_delivery(principal: DeliveriesReader, tx: TenantTx, delivery_id: DeliveryId) -> DeliveryWithBodyOut:
    """Read a delivery with its body, byte for byte."""
    row = await store.get(tx, principal.tenant_id, delivery_id)
    if row is None:
        raise not_found("delivery")
    return delivery_with_body_out(row)


@router.get("/v1/held_events", summary="List events that came before their reviews")
async def list_held_events(
    principal: DeliveriesReader,
    tx: TenantTx,
    paging: Paging,
    source_id: Annotated[UUID | None, Query(description="Only those to this source.")] = None,
) -> Page[HeldEventOut]:
    """List events that wait for their reviews, the latest first.

    An event is applied when its review comes, and quarantined when that takes longer than 30 days.
    """
    after = paging.after(tuple[datetime, UUID])
    rows = await store.held_page(tx, principal.tenant_id, source_id, after, paging.rows)
    return paging.page(rows, lambda row: (row["received_at"], row["id"]), held_event_out)


@router.get("/v1/sources/{source_id}/failed-attempts", summary="List failed attempts")
async def list_failed_attempts(
    principal: DeliveriesReader,
    tx: TenantTx,
    paging: Paging,
    source_id: Annotated[UUID, Path(description="The source's id.")],
) -> Page[FailedAttemptsOut]:
    """List the deliveries to a source that were not proven: one line for each hour and reason, of the last 30 days."""
    if not await sources.exists(tx, principal.tenant_id, source_id):
        raise not_found("source")
    after = paging.after(tuple[datetime, str])
    rows = await store.failed_attempts_page(tx, principal.tenant_id, source_id, after, paging.rows)
    return paging.page(rows, lambda row: (row["hour"], row["reason"]), FailedAttemptsOut.model_validate)
