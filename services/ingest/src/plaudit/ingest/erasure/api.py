"""Erasures: asked for here, carried out by a job, with a receipt."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Path

from plaudit.common.http import Page, Paging, Principal, TenantTx, Work, authorize, describe, not_found
from plaudit.common.person_keys import person_key
from plaudit.common.tenants import store as tenants
from plaudit.ingest.erasure import commands, store
from plaudit.ingest.erasure.schemas import ErasureIn, ErasureOut, erasure_out
from plaudit.ingest.sources.api import OpenedVault

router = APIRouter(tags=["erasures"])
ErasuresReader = Annotated[Principal, Depends(authorize("erasures:read"))]
ErasuresWriter = Annotated[Principal, Depends(authorize("erasures:write"))]
ErasureId = Annotated[UUID, Path(description="The erasure's id.")]


@router.post(
    "/v1/erasures",
    status_code=202,
    summary="Erase a review or a person",
    openapi_extra=describe(problems={"address-unreadable": 409}, body={"person": "native:c-1"}),
)
async def request_erasure(principal: ErasuresWriter, work: Work, vault: OpenedVault, body: ErasureIn) -> ErasureOut:
    """Erase a review, or all that a person did up to now, from every store. A job does it, and it cannot be undone.

    A delivery that told of it loses all of its bytes, those about other reviews too; these reviews stay. Nothing of it
    comes back by a repetition, a replay or an import. Other services are told, and erase it too.
    """
    person = body.person
    if body.email is not None:
        key = await tenants.person_key_of(work.tx, principal.tenant_id)
        assert key is not None, "the tenant of a principal exists"
        person = person_key(key, body.email)
    erasure = await commands.request(
        work,
        principal.tenant_id,
        review_id=body.review_id,
        person=person,
        address=None if body.email is None else body.email.strip(),
        requested_by=principal.actor,
        vault=vault,
    )
    return erasure_out(erasure)


@router.get("/v1/erasures", summary="List erasures")
async def list_erasures(principal: ErasuresReader, tx: TenantTx, paging: Paging) -> Page[ErasureOut]:
    """List erasures with their receipts, the latest first."""
    found = await store.page(tx, principal.tenant_id, paging.after(tuple[datetime, UUID]), paging.rows)
    return paging.page(found, lambda each: (each.requested_at, each.id), erasure_out)


@router.get("/v1/erasures/{erasure_id}", summary="Read an erasure")
async def read_erasure(principal: ErasuresReader, tx: TenantTx, erasure_id: ErasureId) -> ErasureOut:
    """Read how far an erasure is, and its receipt when it is done."""
    erasure = await store.get(tx, principal.tenant_id, erasure_id)
    if erasure is None:
        raise not_found("erasure")
    return erasure_out(erasure)
