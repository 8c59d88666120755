"""HTTP: promises with their logs, alerts, policies."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, Field

from plaudit.alerting.domain.clocks import (
    Breached,
    Cancelled,
    ClockEvent,
    Fulfilled,
    Retracted,
    Started,
    State,
    Warned,
    kind_of,
)
from plaudit.alerting.domain.policy import BUILT_IN
from plaudit.alerting.settings import AlertingSettings
from plaudit.alerting.store import alerts as alert_store
from plaudit.alerting.store import promises, views
from plaudit.common.contracts.subjects import SUBJECT_PATTERN
from plaudit.common.db import Role
from plaudit.common.http import Page, Principal, authorize, conflict, decode_cursor, not_found, page, resources
from plaudit.common.process import Resources

MAX_PAGE = 500
DEFAULT_PAGE = 100
MAX_REVIEW_ID_CHARS = 100

router = APIRouter()
Context = Annotated[Resources[AlertingSettings], Depends(resources)]
ClocksReader = Annotated[Principal, Depends(authorize("clocks:read"))]
AlertsReader = Annotated[Principal, Depends(authorize("alerts:read"))]
AlertsWriter = Annotated[Principal, Depends(authorize("alerts:write"))]
Subject = Annotated[str | None, Query(pattern=SUBJECT_PATTERN, description="Only this subject and what is below it.")]
Cursor = Annotated[str | None, Query(description="`next` of the page before.")]
Limit = Annotated[int, Query(ge=1, le=MAX_PAGE)]


class AlertState(StrEnum):
    """Whether somebody has to look at an alert."""

    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"


class ClockOut(BaseModel):
    """One promise, as it stands in its present run."""

    id: UUID
    review_id: str
    source_id: str
    external_id: str
    subject: str
    state: State = Field(description="A breach stays one when the answer comes at last: see `fulfilled_at`.")
    metric: str
    anchor_at: datetime = Field(description="The instant that the promise runs from.")
    due_at: datetime
    started_at: datetime = Field(description="When we came to know that it had to run.")
    fulfilled_at: datetime | None = Field(description="When the answer was published.")
    breached_at: datetime | None
    cancelled_at: datetime | None
    provisional: bool = Field(description="Of a breach: decided before all that was written in time had been read.")
    reason: str = Field(description="Why the run began, or why it was cancelled.")
    run: int = Field(description="Counted from 1; a review that is back, or has lost its answer, begins another.")
    policy_id: str
    policy_revision: int


class ClockEventOut(BaseModel):
    """One entry of a clock's log."""

    kind: str
    happened_at: datetime
    recorded_at: datetime
    anchor_at: datetime | None = Field(None, description="Of a start.")
    policy_revision: int | None = Field(None, description="Of a start: what the run is pinned to.")
    fraction: float | None = Field(None, description="Of a warning: the share of the time that was over.")
    collapsed: bool | None = Field(None, description="Of a warning: noted late, and told to nobody.")
    provisional: bool | None = Field(None, description="Of a breach.")
    reason: str | None = None


class ClockWithLogOut(ClockOut):
    """One promise, and all that has happened to it."""

    log: list[ClockEventOut]


class AlertOut(BaseModel):
    """Something a person should look at."""

    id: UUID
    state: AlertState
    kind: str
    severity: str
    summary: str
    subject: str
    owner: str
    clock_id: UUID
    review_id: str
    raised_at: datetime
    acknowledged_at: datetime | None
    acknowledged_by: str | None = Field(description="The public id of the key that did it.")
    resolved_at: datetime | None
    reason: str | None = Field(description="Why it is resolved.")


class PolicyOut(BaseModel):
    """One revision of a policy; it never changes."""

    id: str
    revision: int
    metric: str
    kinds: list[str]
    max_stars: int
    target_seconds: int
    grace_seconds: int = Field(description="There is at least so much time from the moment we came to know.")
    warn_percent: list[int]


class PoliciesOut(BaseModel):
    """All revisions of all policies."""

    items: list[PolicyOut]


@router.get("/v1/clocks", response_model=Page[ClockOut], tags=["clocks"], summary="List promises")
async def list_clocks(
    who: ClocksReader,
    context: Context,
    subject: Subject = None,
    state: State | None = None,
    review_id: Annotated[str | None, Query(max_length=MAX_REVIEW_ID_CHARS)] = None,
    cursor: Cursor = None,
    limit: Limit = DEFAULT_PAGE,
) -> object:
    """Return promises in the order of their due times."""
    after = decode_cursor(cursor, datetime, UUID) if cursor else None
    async with context.database(Role.API).transaction(who.tenant_id) as tx:
        rows = await views.list_clocks(
            tx, who.tenant_id, subject=subject, state=state, review_id=review_id, after=after, limit=limit + 1
        )
    return page(rows, limit, lambda row: (row["due_at"], row["id"]))


@router.get("/v1/clocks/{clock_id}", response_model=ClockWithLogOut, tags=["clocks"], summary="Read a promise")
async def read_clock(clock_id: UUID, who: ClocksReader, context: Context) -> object:
    """Return one promise with its log."""
    async with context.database(Role.API).transaction(who.tenant_id) as tx:
        row = await views.read_clock(tx, who.tenant_id, clock_id)
        log = await promises.log_of(tx, who.tenant_id, clock_id)
    if row is None:
        raise not_found("clock")
    return {**row, "log": [_entry(event, recorded_at) for event, recorded_at in log]}


@router.get("/v1/alerts", response_model=Page[AlertOut], tags=["alerts"], summary="List alerts")
async def list_alerts(
    who: AlertsReader,
    context: Context,
    subject: Subject = None,
    state: AlertState | None = None,
    cursor: Cursor = None,
    limit: Limit = DEFAULT_PAGE,
) -> object:
    """Return alerts, the newest first."""
    after = decode_cursor(cursor, datetime, UUID) if cursor else None
    async with context.database(Role.API).transaction(who.tenant_id) as tx:
        rows = await views.list_alerts(tx, who.tenant_id, subject=subject, state=state, after=after, limit=limit + 1)
    return page(rows, limit, lambda row: (row["raised_at"], row["id"]))


@router.post(
    "/v1/alerts/{alert_id}/acknowledge", response_model=AlertOut, tags=["alerts"], summary="Acknowledge an alert"
)
async def acknowledge_alert(alert_id: UUID, who: AlertsWriter, context: Context) -> object:
    """Say that somebody looks at it. Saying so again changes nothing; a resolved alert cannot be acknowledged."""
    async with context.database(Role.API).transaction(who.tenant_id) as tx:
        await alert_store.acknowledge(tx, who.tenant_id, alert_id, who.key_id)
        row = await views.read_alert(tx, who.tenant_id, alert_id)
    if row is None:
        raise not_found("alert")
    if row["state"] == AlertState.RESOLVED:
        raise conflict("alert-resolved", "The alert is resolved: there is nothing left to look at.")
    return row


@router.get("/v1/policies", response_model=PoliciesOut, tags=["policies"], summary="List policies")
async def list_policies(who: ClocksReader, context: Context) -> object:
    """Return all revisions of all policies; the built-in one is written down with the first promise under it."""
    async with context.database(Role.API).transaction(who.tenant_id) as tx:
        rows = await views.list_policies(tx, who.tenant_id)
    return {"items": list(rows) if rows else [_built_in()]}


def _entry(event: ClockEvent, recorded_at: datetime) -> ClockEventOut:
    out = ClockEventOut(kind=kind_of(event), happened_at=event.at, recorded_at=recorded_at)
    match event:
        case Started():
            out.anchor_at, out.policy_revision, out.reason = event.anchor_at, event.policy.revision, event.reason
        case Warned():
            out.fraction, out.collapsed = event.percent / 100, event.collapsed
        case Breached():
            out.provisional = event.provisional
        case Cancelled() | Retracted():
            out.reason = event.reason
        case Fulfilled():
            pass
    return out


def _built_in() -> PolicyOut:
    return PolicyOut(
        id=BUILT_IN.ref.id,
        revision=BUILT_IN.ref.revision,
        metric=BUILT_IN.metric,
        kinds=sorted(BUILT_IN.kinds),
        max_stars=BUILT_IN.max_stars,
        target_seconds=int(BUILT_IN.target.total_seconds()),
        grace_seconds=int(BUILT_IN.grace.total_seconds()),
        warn_percent=list(BUILT_IN.warn_percent),
    )
