"""HTTP: alerts."""

from datetime import datetime
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Depends

from plaudit.alerting.alerts import commands, store
from plaudit.alerting.alerts.domain import AlertResolvedError, AlertState
from plaudit.alerting.alerts.schemas import AlertOut
from plaudit.common.http import (
    DEFAULT_PAGE_ITEMS,
    Cursor,
    Limit,
    Page,
    Principal,
    Refusals,
    SubjectFilter,
    TenantTx,
    authorize,
    conflict,
    decode_cursor,
    not_found,
    page,
)

PROBLEMS: Final = {"alert-resolved": "The alert is resolved: it can no longer be acknowledged."}
"""Slug → meaning and what to do."""
REFUSALS: Final[Refusals] = {
    AlertResolvedError: lambda _: conflict("alert-resolved", "The alert is resolved: there is nothing left to look at.")
}
"""What the rules refuse → the problem that the client gets."""

router = APIRouter(tags=["alerts"])
AlertsReader = Annotated[Principal, Depends(authorize("alerts:read"))]
AlertsWriter = Annotated[Principal, Depends(authorize("alerts:write"))]


@router.get("/v1/alerts", summary="List alerts")
async def list_alerts(
    principal: AlertsReader,
    tx: TenantTx,
    subject: SubjectFilter = None,
    state: AlertState | None = None,
    cursor: Cursor = None,
    limit: Limit = DEFAULT_PAGE_ITEMS,
) -> Page[AlertOut]:
    """Return alerts, the newest first."""
    after = decode_cursor(cursor, datetime, UUID) if cursor else None
    rows = await store.list_alerts(tx, principal.tenant_id, subject=subject, state=state, after=after, limit=limit + 1)
    return page(rows, limit, lambda row: (row["raised_at"], row["id"]), AlertOut.model_validate)


@router.post("/v1/alerts/{alert_id}/acknowledge", summary="Acknowledge an alert")
async def acknowledge_alert(alert_id: UUID, principal: AlertsWriter, tx: TenantTx) -> AlertOut:
    """Say that somebody looks at it. Saying so again changes nothing; a resolved alert cannot be acknowledged."""
    alert = await commands.acknowledge(tx, principal.tenant_id, alert_id, principal.key_id)
    if alert is None:
        raise not_found("alert")
    return AlertOut.model_validate(alert)
