"""HTTP: what was set aside, and that it is tried again."""

from datetime import datetime
from typing import Annotated, Final

from fastapi import APIRouter, Depends

from plaudit.alerting.set_aside import commands, store
from plaudit.alerting.set_aside.schemas import RetriedOut, RetryIn, SetAsideOut, set_aside_out
from plaudit.common.http import Page, Paging, Principal, TenantTx, Work, authorize

SET_ASIDE: Final = "/v1/set-aside"

router = APIRouter(tags=["set aside"])
Reader = Annotated[Principal, Depends(authorize("clocks:read"))]
Writer = Annotated[Principal, Depends(authorize("clocks:write"))]


@router.get(SET_ASIDE, summary="List what was set aside")
async def list_set_aside(principal: Reader, tx: TenantTx, paging: Paging) -> Page[SetAsideOut]:
    """List timers, steps of escalations, ends of silences and contacts that raised an error, the newest first.

    Each was set aside so that the others go on. Remove the cause, then have it tried again.
    """
    found = await store.listed(tx, principal.tenant_id, paging.after(tuple[datetime, str, str]), paging.rows)
    return paging.page(found, lambda each: (each.failed_at, str(each.kind), each.id), set_aside_out)


@router.post(f"{SET_ASIDE}/retry", summary="Try again what was set aside")
async def retry_set_aside(principal: Writer, work: Work, body: RetryIn) -> RetriedOut:
    """Have it processed again at once: all of it, all of a kind, or what has an id. What fails again comes back.

    One request takes at most 1,000 things of each kind: repeat it until `count` is 0.
    """
    return RetriedOut(count=await commands.try_again(work.tx, principal.tenant_id, principal.actor, body.kind, body.id))
