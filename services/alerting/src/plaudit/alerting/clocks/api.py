"""HTTP: clocks with their logs."""

from datetime import datetime
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query

from plaudit.alerting.clocks import store
from plaudit.alerting.clocks.domain.run import State
from plaudit.alerting.clocks.schemas import ClockEventOut, ClockOut, ClockWithLogOut
from plaudit.common.http import AnyText, Page, Paging, Principal, SubjectFilter, TenantTx, authorize, not_found

MAX_REVIEW_ID_CHARS: Final = 100

router = APIRouter(tags=["clocks"])
ClocksReader = Annotated[Principal, Depends(authorize("clocks:read"))]


@router.get("/v1/clocks", summary="List clocks")
async def list_clocks(
    principal: ClocksReader,
    tx: TenantTx,
    paging: Paging,
    subject: SubjectFilter = None,
    state: Annotated[State | None, Query(description="Only those that stand so.")] = None,
    review_id: Annotated[
        AnyText | None, Query(max_length=MAX_REVIEW_ID_CHARS, description="Only those of this review.")
    ] = None,
) -> Page[ClockOut]:
    """Return clocks in the order of their due times."""
    after = paging.after(tuple[datetime, UUID])
    rows = await store.list_clocks(
        tx, principal.tenant_id, subject=subject, state=state, review_id=review_id, after=after, limit=paging.rows
    )
    return paging.page(rows, lambda row: (row["due_at"], row["id"]), ClockOut.model_validate)


@router.get("/v1/clocks/{clock_id}", summary="Read a clock")
async def read_clock(
    clock_id: Annotated[UUID, Path(description="The clock's id.")], principal: ClocksReader, tx: TenantTx
) -> ClockWithLogOut:
    """Return one clock with its log."""
    row = await store.read_clock(tx, principal.tenant_id, clock_id)
    if row is None:
        raise not_found("clock")
    log = await store.log_of(tx, principal.tenant_id, clock_id)
    entries = [ClockEventOut.of(event, recorded_at) for event, recorded_at in log]
    return ClockWithLogOut.model_validate({**row, "log": entries})
