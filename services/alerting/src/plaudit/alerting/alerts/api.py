"""HTTP: alerts and silences."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Annotated, Final
from uuid import UUID

import msgspec
from fastapi import APIRouter, Depends, Path, Query, Request, Response
from sqlalchemy import RowMapping
from starlette.responses import StreamingResponse

from plaudit.alerting.alerts import commands
from plaudit.alerting.alerts.commands import NoReasonError, UnknownOwnerError
from plaudit.alerting.alerts.domain import (
    BY_HAND,
    Alert,
    AlertEndsOtherwiseError,
    AlertResolvedError,
    AlertState,
)
from plaudit.alerting.alerts.domain.escalation import MAX_REMINDER_SECONDS, MIN_REMINDER_SECONDS
from plaudit.alerting.alerts.domain.silences import Scope, SilenceRefusedError
from plaudit.alerting.alerts.schemas import (
    A_KEY,
    HEAD,
    AlertOut,
    AssignIn,
    ResolveAlertIn,
    SilenceIn,
    SilenceOut,
    csv_row,
    silence_out,
)
from plaudit.alerting.alerts.store import alerts as store
from plaudit.alerting.alerts.store import silences
from plaudit.alerting.people import store as people
from plaudit.alerting.people.api import fallback_of
from plaudit.alerting.people.domain import Owner
from plaudit.common.contracts import Severity
from plaudit.common.db import Role, SqlTx, Tx
from plaudit.common.http import (
    AnyText,
    IdempotencyKeyHeader,
    Page,
    Paging,
    Principal,
    Problem,
    Refusals,
    SubjectFilter,
    TenantTx,
    Work,
    authorize,
    conflict,
    describe,
    list_apart,
    not_found,
    unprocessable,
)
from plaudit.common.http.files import ByteOrderMark, Format, Group, as_file, content_of_csv, written
from plaudit.common.http.openapi_examples import A_TIME
from plaudit.common.http.parameters import parameters
from plaudit.common.http.problems import against_rule
from plaudit.common.idempotency import IdempotencyKey
from plaudit.common.people.domain import InvalidPersonError, normalised_email

PROBLEMS: Final = {
    "alert-ends-otherwise": "Alerts of this kind are not resolved by hand; the detail says what resolves them.",
    "alert-resolved": "The alert is resolved: it can no longer be acknowledged, assigned or resolved.",
    "silence-refused": "There can be no such silence; the detail says why and what can be done.",
    "unknown-owner": "None of your people has this address. `GET /v1/owners` lists them, `PUT /v1/owners` adds some.",
}
"""Slug → meaning and what to do."""


def _unknown_owner(error: UnknownOwnerError) -> Problem:
    return unprocessable("unknown-owner", str(error), [against_rule("body", "/owner", "unknown_owner", error)])


def _no_reason(error: NoReasonError) -> Problem:
    named = [against_rule("body", "/note", "against_the_rules", error)]
    return unprocessable("invalid-request", "A note says why; `errors` says what is missing.", named)


REFUSALS: Final[Refusals] = {
    NoReasonError: _no_reason,
    AlertResolvedError: lambda _: conflict(
        "alert-resolved", "The alert is resolved: there is nothing left to look at."
    ),
    AlertEndsOtherwiseError: lambda error: conflict("alert-ends-otherwise", str(error)),
    SilenceRefusedError: lambda error: conflict("silence-refused", str(error)),
    UnknownOwnerError: _unknown_owner,
}
"""What the rules refuse → the problem that the client gets."""
SILENCES: Final = "/v1/silences"
MAX_ADDRESS_CHARS: Final = 254
EXPORTED_ROWS: Final = 500
"""Read at once for a file."""

router = APIRouter(tags=["alerts"])
AlertsReader = Annotated[Principal, Depends(authorize("alerts:read"))]
AlertsWriter = Annotated[Principal, Depends(authorize("alerts:write"))]
AlertId = Annotated[UUID, Path(description="The alert's id.")]


@dataclass(frozen=True)
class FilterParameters:
    """Which alerts are asked for."""

    subject: SubjectFilter = None
    state: Annotated[AlertState | None, Query(description="Only those that stand so.")] = None
    owner: Annotated[
        AnyText | None, Query(max_length=MAX_ADDRESS_CHARS, description="Only those of the person at this address.")
    ] = None
    severity: Annotated[
        Severity | None,
        Query(description="Only those about a review that was so bad when they were raised."),
    ] = None


AskedFilters = Annotated[FilterParameters, Depends(parameters(FilterParameters))]


@router.get("/v1/alerts", summary="List alerts")
async def list_alerts(principal: AlertsReader, tx: TenantTx, paging: Paging, asked: AskedFilters) -> Page[AlertOut]:
    """Return alerts, the newest first."""
    after = paging.after(tuple[datetime, UUID])
    rows = await store.list_alerts(tx, principal.tenant_id, **vars(asked), after=after, limit=paging.rows)
    return paging.page(rows, lambda row: (row["raised_at"], row["id"]), AlertOut.model_validate)


@router.get(
    "/v1/alerts.csv",
    response_class=StreamingResponse,
    responses={200: {"content": content_of_csv(HEAD)}},
    summary="Export alerts",
)
async def export_alerts(
    request: Request, principal: AlertsReader, tx: TenantTx, asked: AskedFilters, byte_order_mark: ByteOrderMark = False
) -> StreamingResponse:
    """Export as CSV (RFC 4180) all alerts that a list with these filters holds; there is no limit to their number.

    The columns are named and mean what the fields of `GET /v1/alerts` are and mean. Instants are in UTC (ISO 8601),
    what there is not is empty, and a text that a spreadsheet could take for a formula has a quote in front.
    """
    tenant_id = principal.tenant_id
    first = await store.list_alerts(tx, tenant_id, **vars(asked), limit=EXPORTED_ROWS)

    async def read_after(last: RowMapping, tx: SqlTx) -> Sequence[RowMapping]:
        after = last["raised_at"], last["id"]
        return await store.list_alerts(tx, tenant_id, **vars(asked), after=after, limit=EXPORTED_ROWS)

    database = request.app.state.resources.database(Role.API)
    parts = list_apart(database, tenant_id, first, read_after, EXPORTED_ROWS)
    groups = (Group(found, AlertOut.model_validate, csv_row) async for found in parts)
    pieces = written(groups, HEAD, Format.CSV, byte_order_mark=byte_order_mark)
    return as_file(pieces, "alerts", Format.CSV)


@router.post(
    "/v1/alerts/{alert_id}/acknowledge",
    summary="Acknowledge an alert",
    openapi_extra=describe(
        problems={"alert-resolved": 409},
        answer={
            "state": AlertState.ACKNOWLEDGED,
            "acknowledged_at": A_TIME,
            "acknowledged_by": A_KEY,
            "remind_at": A_TIME,
        },
    ),
)
async def acknowledge_alert(
    alert_id: AlertId,
    principal: AlertsWriter,
    work: Work,
    remind_after_seconds: Annotated[
        int | None,
        Query(
            ge=MIN_REMINDER_SECONDS,
            le=MAX_REMINDER_SECONDS,
            description="After how long the alert opens again, and its escalation goes on. If not given, 1 h for what "
            "is drastic or statutory, and 4 h for the rest.",
            examples=[7_200],
        ),
    ] = None,
) -> AlertOut:
    """Say that somebody looks at it: nobody else is told of it until the reminder.

    Then it is open again, unless it is resolved before, and its escalation goes on. Saying so again changes nothing; a
    resolved alert cannot be acknowledged.
    """
    return _out(await commands.acknowledge(work, principal.tenant_id, alert_id, principal.actor, remind_after_seconds))


@router.post(
    "/v1/alerts/{alert_id}/assign",
    summary="Assign an alert",
    openapi_extra=describe(problems={"alert-resolved": 409, "unknown-owner": 422}),
)
async def assign_alert(
    alert_id: AlertId, principal: AlertsWriter, work: Work, body: AssignIn, request: Request
) -> AlertOut:
    """Give it to another owner, who is told at once. It is open, and its escalation begins anew."""
    owner = await owner_at(request, work.tx, principal.tenant_id, body.owner)
    return _out(await commands.assign(work, principal.tenant_id, alert_id, owner, principal.actor, body.note.strip()))


@router.post(
    "/v1/alerts/{alert_id}/resolve",
    summary="Resolve an alert",
    openapi_extra=describe(
        problems={"alert-resolved": 409, "alert-ends-otherwise": 409},
        answer={
            "state": AlertState.RESOLVED,
            "kind": "address_refused",
            "summary": "Mails to eve@acme.example are refused: 550 5.1.1 no such user",
            "severity": "high",
            "subject": "",
            "source_id": None,
            "review_severity": None,
            "clock_id": None,
            "review_id": "",
            "resolved_at": A_TIME,
            "reason": BY_HAND,
        },
    ),
)
async def resolve_alert(alert_id: AlertId, principal: AlertsWriter, work: Work, body: ResolveAlertIn) -> AlertOut:
    """Say that nothing is left to do about an alert of whose end nothing may tell us; whoever was told of it is told.

    These are `uncaught` and `address_refused`. The others are resolved by what ends their cause, and by nothing else.
    """
    return _out(await commands.resolve(work, principal.tenant_id, alert_id, body.note.strip(), principal.actor))


@router.get(SILENCES, summary="List silences")
async def list_silences(
    principal: AlertsReader,
    tx: TenantTx,
    paging: Paging,
    active: Annotated[bool, Query(description="Only those that hold now.")] = False,
) -> Page[SilenceOut]:
    """Return silences, the newest first: also those that have ended."""
    after = paging.after(tuple[datetime, UUID])
    found = await silences.listed(tx, principal.tenant_id, only_active=active, after=after, limit=paging.rows)
    return paging.page(found, lambda each: (each.created_at, each.id), lambda each: silence_out(each, tx.now))


@router.post(
    SILENCES,
    status_code=201,
    summary="Silence an alert or a subject",
    openapi_extra=describe(problems={"silence-refused": 409, "not-found": 404}, headers=("Idempotent-Replayed",)),
)
async def create_silence(
    principal: AlertsWriter, work: Work, body: SilenceIn, response: Response, idempotency_key: IdempotencyKeyHeader
) -> SilenceOut:
    """Let nothing be told of an alert, or of a subject and what is below it, until an end, with a reason.

    What is still open at the end is told once. Clocks run on, and alerts are raised. Statutory clocks are never
    silenced.
    """
    key = None if idempotency_key is None else _key(idempotency_key, body.model_dump_json())
    new_id = work.ids()
    made = await commands.silence(
        work, principal.tenant_id, new_id, _scope(body), body.until, body.reason, principal.actor, key=key
    )
    if made is None:
        raise not_found("alert")
    if made.id != new_id:
        response.headers["Idempotent-Replayed"] = "true"
    return silence_out(made, work.tx.now)


@router.delete(
    f"{SILENCES}/{{silence_id}}",
    summary="End a silence",
    openapi_extra=describe(
        problems={"not-found": 404}, answer={"is_active": False, "ended_at": A_TIME, "ended_by": A_KEY}
    ),
)
async def end_silence(
    silence_id: Annotated[UUID, Path(description="The silence's id.")], principal: AlertsWriter, work: Work
) -> SilenceOut:
    """End a silence early; it stays listed. What is still open is told once. One that has ended stays as it is."""
    ended = await commands.unsilence(work.tx, principal.tenant_id, silence_id, principal.actor)
    if ended is None:
        raise not_found("silence")
    return silence_out(ended, work.tx.now)


async def owner_at(request: Request, tx: Tx, tenant_id: str, address: str) -> Owner:
    """Return the one of a tenant's people who has an address, or the owner of the settings.

    Raises:
        UnknownOwnerError: nobody has it.
    """
    fallback = fallback_of(request)
    try:
        wanted = normalised_email(address)
    except InvalidPersonError as error:
        raise UnknownOwnerError(str(error)) from None
    found = (await people.load(tx, [tenant_id]))[tenant_id].by_address(wanted)
    if found is None and wanted == fallback.address:
        return fallback
    if found is None:
        raise UnknownOwnerError("None of your people has this address. Add them to the owners, or choose another.")
    return found


def _out(alert: Alert | None) -> AlertOut:
    if alert is None:
        raise not_found("alert")
    return AlertOut.model_validate(msgspec.structs.asdict(alert))


def _scope(body: SilenceIn) -> Scope:
    try:
        return Scope(alert_id=body.alert_id, subject_prefix=body.subject, source_id=body.source_id)
    except ValueError as error:
        detail = f"{error}; name one of `alert_id` and `subject`".capitalize()
        raise unprocessable(
            "invalid-request",
            "What the silence is for is not clear; `errors` says why.",
            [against_rule("body", f"/{field}", "no_scope", detail) for field in ("alert_id", "subject")],
        ) from None


def _key(text: str, body: str) -> IdempotencyKey:
    return IdempotencyKey(f"api:{text}", sha256(f"POST {SILENCES}\n{body}".encode()).digest())
