"""The delivery log: what a platform sent, byte for byte, and what we answered."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query

from plaudit.common.db import SqlTx
from plaudit.common.http import AnyText, Page, Paging, Principal, TenantTx, authorize, not_found
from plaudit.common.vault import Vault
from plaudit.ingest.deliveries import store
from plaudit.ingest.deliveries.domain import EventVerdict, Verdict, external_ids, read_again, verdicts
from plaudit.ingest.deliveries.schemas import (
    DeliveryOut,
    DeliveryWithBodyOut,
    FailedAttemptsOut,
    HeldEventOut,
    QuarantinedEventOut,
    delivery_with_body_out,
    held_event_out,
)
from plaudit.ingest.platforms import ADAPTERS
from plaudit.ingest.reviews.domain.instructions import Item
from plaudit.ingest.sources import store as sources
from plaudit.ingest.sources.api import OpenedVault

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
    search: Annotated[
        AnyText | None,
        Query(
            max_length=store.MAX_SEARCH_CHARS,
            description="An id of the delivery, here or of the sender, or of a review in it; or words of a reason why "
            "something of it was not taken.",
        ),
    ] = None,
) -> Page[DeliveryOut]:
    """List deliveries, the latest first."""
    after = paging.after(tuple[datetime, UUID])
    filters = store.Filters(source_id, sent_id, quarantined, search)
    rows = await store.page(tx, principal.tenant_id, filters, after, paging.rows)
    return paging.page(rows, lambda row: (row["received_at"], row["id"]), DeliveryOut.model_validate)


@router.get("/v1/deliveries/{delivery_id}", summary="Read a delivery")
async def read_delivery(
    principal: DeliveriesReader, tx: TenantTx, delivery_id: DeliveryId, vault: OpenedVault
) -> DeliveryWithBodyOut:
    """Read a delivery with its body, byte for byte, and what became of each of its events."""
    row = await store.get(tx, principal.tenant_id, delivery_id)
    if row is None:
        raise not_found("delivery")
    return delivery_with_body_out(row, await verdicts_of(tx, row, vault))


async def verdicts_of(tx: SqlTx, row: store.Row, vault: Vault) -> list[EventVerdict]:
    """Return what became of each event of a delivery; none where its body is gone or cannot be read."""
    source = await store.keyed_source(tx, row["tenant_id"], row["source_id"], vault)
    items: Sequence[Item] = ()
    if source is not None and row["scrubbed_at"] is None:
        items, unreadable = read_again(
            ADAPTERS[source.platform].of(source.mapping), source, row["body"], row["headers"]
        )
        if unreadable is not None or (row["quarantine_reason"] and not row["quarantined"]):
            return []
    reviews = await store.reviews_of(tx, row["tenant_id"], row["source_id"], row["id"], external_ids(items))
    kinds = {"quarantined": row["quarantined"], **(row["set_aside"] or {})}
    return verdicts(items, {Verdict(kind): events or () for kind, events in kinds.items()}, reviews)


@router.get("/v1/quarantined-events", summary="List events in quarantine")
async def list_quarantined_events(
    principal: DeliveriesReader,
    tx: TenantTx,
    paging: Paging,
    source_id: Annotated[UUID | None, Query(description="Only those to this source.")] = None,
    reason: Annotated[AnyText | None, Query(description="Only those with exactly this reason.")] = None,
) -> Page[QuarantinedEventOut]:
    """List events that could not be taken, the latest first.

    When what stood in their way is mended, `POST /v1/replays` takes them: one, or all of a source and a reason.
    """
    after = paging.after(tuple[datetime, UUID, int | None])
    rows = await store.quarantined_page(tx, principal.tenant_id, source_id, reason, after, paging.rows)
    return paging.page(
        rows, lambda row: (row["received_at"], row["delivery_id"], row["index"]), QuarantinedEventOut.model_validate
    )


@router.get("/v1/held-events", summary="List events that came before their reviews")
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
