"""HTTP: the audit trail."""

from datetime import datetime
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Query

from plaudit.alerting.audit import store
from plaudit.alerting.audit.domain import About
from plaudit.alerting.audit.schemas import AuditEntryOut, entry_out
from plaudit.common.http import AnyText, Instant, Page, Paging, Principal, TenantTx, authorize
from plaudit.common.http.openapi_examples import A_TIME

MAX_FILTER_CHARS: Final = 200

router = APIRouter(tags=["audit"])
Reader = Annotated[Principal, Depends(authorize("audit:read"))]


@router.get("/v1/audit", summary="Read who did what")
async def list_audit_entries(
    principal: Reader,
    tx: TenantTx,
    paging: Paging,
    actor: Annotated[
        AnyText | None, Query(max_length=MAX_FILTER_CHARS, description="Only what this key or person did.")
    ] = None,
    kind: Annotated[
        AnyText | None,
        Query(max_length=MAX_FILTER_CHARS, description="Only this kind, or all below it: `alert` or `alert.assigned`."),
    ] = None,
    about: Annotated[About | None, Query(description="Only what is about this kind of thing.")] = None,
    about_id: Annotated[
        AnyText | None, Query(max_length=MAX_FILTER_CHARS, description="Only what is about the thing of this id.")
    ] = None,
    start: Annotated[Instant | None, Query(alias="from", description="From then.", examples=[A_TIME])] = None,
    end: Annotated[Instant | None, Query(alias="to", description="To before then.", examples=[A_TIME])] = None,
) -> Page[AuditEntryOut]:
    """Read what people and keys did in alerting, the newest first: with how it stood before and after."""
    found = await store.listed(
        tx,
        principal.tenant_id,
        actor=actor,
        kind=kind,
        about_kind=about,
        about_id=about_id,
        since=start,
        until=end,
        after=paging.after(tuple[datetime, int, int]),
        limit=paging.rows,
    )
    return paging.page(found, lambda each: each[1], lambda each: entry_out(each[0]))
