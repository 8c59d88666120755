"""The page of one source: its address, programs that post to it, and what comes."""

from typing import Annotated, Final, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from plaudit.common.http import TenantTx
from plaudit.common.settings import address_of
from plaudit.ingest.sources import store
from plaudit.ingest.sources.api import OpenedVault
from plaudit.ingest.sources.pages.shared import (
    DELIVERIES,
    GUIDES,
    KNOWN,
    SOURCES,
    WRITE,
    Reader,
    Writer,
    console,
    crumb_of,
    guide_of,
    has_come,
    hook_of,
    is_later,
    platforms_of,
    public_hook_of,
    pulls_of,
    source_of,
    state_of,
    told_of,
)

RELOAD_SECONDS: Final = 5

router = APIRouter()
Reload = Annotated[Literal["no"] | None, Query(description="Whether the page waits without looking again.")]


@router.get(f"{SOURCES}/{{source_id}}")
async def show_source(
    request: Request, principal: Reader, tx: TenantTx, source_id: UUID, vault: OpenedVault, reload: Reload = None
) -> Response:
    """Show a source. Until its first event has come, the page looks again every few seconds."""
    source = await source_of(tx, principal, source_id, vault)
    activity = (await store.activity(tx, principal.tenant_id, [source_id]))[source.id]
    platform = platforms_of(request)[source.platform].of(source.mapping)
    in_address = platform.proof.in_address
    is_waiting = not has_come(activity) and source.paused_at is None
    pulls = await pulls_of(request)(tx, source)
    words, look = state_of(source, activity, pulls)
    failed_last = activity.last_failed_at is not None and is_later(activity.last_failed_at, activity.last_delivery_at)
    return await console.response(
        request,
        principal,
        tx,
        "source.html",
        further=(source.name,),
        source=source,
        activity=activity,
        failed_last=failed_last,
        platform=platform,
        known=KNOWN[platform.known],
        told=told_of(platform),
        guide=guide_of(request, source.platform, level=3),
        guide_path=f"{GUIDES}/{source.platform}",
        address=public_hook_of(request, source, in_address=in_address),
        in_address=in_address,
        examples=request.app.state.examples(source, address_of(request.app.state.resources.settings)),
        pulls=pulls,
        state=words,
        look=look,
        is_waiting=is_waiting,
        has_come=has_come(activity),
        reload_seconds=RELOAD_SECONDS if is_waiting and reload is None else None,
        may_write=principal.may(WRITE),
        may_read_deliveries=principal.may("deliveries:read"),
        source_path=f"{SOURCES}/{source.id}",
        deliveries_path=f"{DELIVERIES}?source={source.id}",
    )


@router.get(f"{SOURCES}/{{source_id}}/secret")
async def show_secret(
    request: Request, principal: Writer, tx: TenantTx, source_id: UUID, vault: OpenedVault
) -> Response:
    """Show what proves a source's deliveries: its secret, or its address where the platform signs nothing."""
    source = await source_of(tx, principal, source_id, vault)
    return await console.response(
        request,
        principal,
        tx,
        "source_secret.html",
        further=(crumb_of(source), "Secret"),
        title="The secret address" if source.path_token else "The secret",
        source=source,
        address=hook_of(request, source),
        source_path=f"{SOURCES}/{source.id}",
    )
