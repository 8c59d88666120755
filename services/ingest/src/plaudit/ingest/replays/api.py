"""Replays: asked for here, carried out by a job."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Path

from plaudit.common.http import Page, Paging, Principal, TenantTx, Work, authorize, describe, not_found
from plaudit.common.http.openapi_examples import AN_ID
from plaudit.ingest.replays import commands, store
from plaudit.ingest.replays.commands import UnknownDeliveryError, Wanted
from plaudit.ingest.replays.schemas import ReplayIn, ReplayOut, replay_out

router = APIRouter(tags=["replays"])
ReplaysReader = Annotated[Principal, Depends(authorize("deliveries:read"))]
ReplaysWriter = Annotated[Principal, Depends(authorize("deliveries:write"))]
ReplayId = Annotated[UUID, Path(description="The replay's id.")]


@router.post(
    "/v1/replays",
    status_code=202,
    summary="Replay deliveries",
    openapi_extra=describe(body={"delivery_id": AN_ID}, problems={"not-found": 404}),
)
async def request_replay(principal: ReplaysWriter, work: Work, body: ReplayIn) -> ReplayOut:
    """Read stored deliveries again, as they would be read today, and take what was not taken before.

    A job does it. It may be asked for again: no event is taken twice, an older event never wins over a newer one, and
    what was erased stays erased. Without a range, all that is kept of a source is read again.
    """
    if body.source_id is not None and not await store.has_source(work.tx, principal.tenant_id, body.source_id):
        raise not_found("source")
    try:
        replay = await commands.request(work, principal.tenant_id, Wanted(**body.model_dump()), principal.actor)
    except UnknownDeliveryError as error:
        raise not_found("delivery") from error
    return replay_out(replay)


@router.get("/v1/replays", summary="List replays")
async def list_replays(principal: ReplaysReader, tx: TenantTx, paging: Paging) -> Page[ReplayOut]:
    """List replays, the latest first. They are kept for 90 days."""
    found = await store.page(tx, principal.tenant_id, paging.after(tuple[datetime, UUID]), paging.rows)
    return paging.page(found, lambda each: (each.requested_at, each.id), replay_out)


@router.get("/v1/replays/{replay_id}", summary="Read a replay")
async def read_replay(principal: ReplaysReader, tx: TenantTx, replay_id: ReplayId) -> ReplayOut:
    """Read how far a replay is, and what has become of what it has come to."""
    replay = await store.get(tx, principal.tenant_id, replay_id)
    if replay is None:
        raise not_found("replay")
    return replay_out(replay)
