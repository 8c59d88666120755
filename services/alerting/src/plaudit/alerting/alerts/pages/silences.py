"""The console's page of silences: what is not told now, until when and why."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Request
from starlette.responses import Response

from plaudit.alerting.alerts import commands
from plaudit.alerting.alerts.domain.notes import ALERTS
from plaudit.alerting.alerts.domain.silences import MAX_REASON_CHARS, Scope, SilenceRefusedError
from plaudit.alerting.alerts.store import alerts as store
from plaudit.alerting.alerts.store import silences
from plaudit.common.contracts.subjects import SUBJECT_RULE, is_subject
from plaudit.common.db import Tx
from plaudit.common.http import Cursor, Principal, TenantTx, Work, cut_page, decode_cursor, not_found
from plaudit.common.pages.fields import missing
from plaudit.common.refusals import sentence
from plaudit.common.sessions import NOTHING_TYPED, ConsolePages, Typed, done, staff

SILENCES: Final = "/console/silences"
ROWS: Final = 50
HOURS: Final[Mapping[str, str]] = {"1": "1 hour", "4": "4 hours", "24": "1 day", "168": "7 days", "720": "30 days"}
LABELS: Final = {"subject": "Subject", "hours": "For how long", "reason": "Why"}

router = APIRouter(include_in_schema=False)
console = ConsolePages("plaudit.alerting.alerts")
Reader = Annotated[Principal, Depends(staff("alerts:read"))]
Writer = Annotated[Principal, Depends(staff("alerts:write"))]


@router.get(SILENCES)
async def show_silences(request: Request, principal: Reader, tx: TenantTx, cursor: Cursor = None) -> Response:
    """Show silences, the newest first, and the form to begin one."""
    return await _page(request, principal, tx, NOTHING_TYPED, cursor)


@router.post(SILENCES)
async def begin_silence(
    request: Request,
    principal: Writer,
    work: Work,
    subject: Annotated[str, Form()] = "",
    hours: Annotated[str, Form()] = "",
    reason: Annotated[str, Form()] = "",
) -> Response:
    """Silence a subject; what is wrong is shown beside its field."""
    values = {"subject": subject, "hours": hours, "reason": reason}
    errors = {
        "subject": "" if is_subject(subject.strip()) else sentence(SUBJECT_RULE),
        "hours": "" if hours in HOURS else "Choose one.",
        "reason": missing(reason.strip(), MAX_REASON_CHARS),
    }
    if any(errors.values()):
        return await _page(request, principal, work.tx, Typed(values, errors))
    until = work.tx.now + timedelta(hours=int(hours))
    scope = Scope(subject_prefix=subject.strip())
    try:
        await commands.silence(work, principal.tenant_id, work.ids(), scope, until, reason.strip(), principal.actor)
    except SilenceRefusedError as error:
        return done(request, SILENCES, sentence(error), is_good=False)
    return done(request, SILENCES, "Nothing of it is told until the end. What is open then is told once.")


@router.post(f"{SILENCES}/{{silence_id}}/end")
async def end_silence(request: Request, principal: Writer, work: Work, silence_id: UUID) -> Response:
    """End a silence early."""
    if await commands.unsilence(work.tx, principal.tenant_id, silence_id, principal.actor) is None:
        raise not_found("silence")
    return done(request, SILENCES, "The silence has ended. What is still open is told once.")


async def _page(request: Request, principal: Principal, tx: Tx, typed: Typed, cursor: str | None = None) -> Response:
    after = decode_cursor(cursor, tuple[datetime, UUID], of=SILENCES) if cursor else None
    found = await silences.listed(tx, principal.tenant_id, only_active=False, after=after, limit=ROWS + 1)
    listed, following = cut_page(list(found), ROWS, lambda each: (each.created_at, each.id), of=SILENCES)
    silenced = await store.load(tx, [(principal.tenant_id, each.alert_id) for each in listed if each.alert_id])
    return await console.response(
        request,
        principal,
        tx,
        "silences.html",
        status=typed.status,
        silences=listed,
        alerts={alert.id: alert for alert in silenced.values()},
        alerts_path=ALERTS,
        now=tx.now,
        next=following,
        is_first=cursor is None,
        values={"subject": "", "hours": "", "reason": "", **typed.values},
        errors=typed.errors,
        labels=LABELS,
        hours=HOURS,
        may_write=principal.may("alerts:write"),
        path=SILENCES,
    )
