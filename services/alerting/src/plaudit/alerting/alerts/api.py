"""HTTP: alerts."""

from datetime import datetime
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query

from plaudit.alerting.alerts import commands, store
from plaudit.alerting.alerts.domain import AlertResolvedError, AlertState
from plaudit.alerting.alerts.schemas import AlertOut
from plaudit.common.http import (
    Page,
    Paging,
    Principal,
    Refusals,
    SubjectFilter,
    TenantTx,
    authorize,
    conflict,
    describe,
    not_found,
)
from plaudit.common.http.openapi_examples import A_TIME

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
    paging: Paging,
    subject: SubjectFilter = None,
    state: Annotated[AlertState | None, Query(description="Only those that stand so.")] = None,
) -> Page[AlertOut]:
    """Return alerts, the newest first."""
    after = paging.after(tuple[datetime, UUID])
    rows = await store.list_alerts(
        tx, principal.tenant_id, subject=subject, state=state, after=after, limit=paging.rows
    )
    return paging.page(rows, lambda row: (row["raised_at"], row["id"]), AlertOut.model_validate)


@router.post(
    "/v1/alerts/{alert_id}/acknowledge",
    summary="Acknowledge an alert",
    openapi_extra=describe(
        problems={"alert-resolved": 409},
        answer={"state": AlertState.ACKNOWLEDGED, "acknowledged_at": A_TIME, "acknowledged_by": "vw3sajk26br3jcpn"},
    ),
)
async def acknowledge_alert(
    alert_id: Annotated[UUID, Path(description="The alert's id.")],
    principal: AlertsWriter,
    tx: TenantTx,
) -> AlertOut:
    """Say that somebody looks at it. Saying so again changes nothing; a resolved alert cannot be acknowledged."""
    alert = await commands.acknowledge(tx, principal.tenant_id, alert_id, principal.key_id or principal.actor)
    if alert is None:
        raise not_found("alert")
    return AlertOut.model_validate(alert)
