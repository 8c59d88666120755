"""The console's list of incidents, and the form of a new one."""

from datetime import datetime
from typing import Final
from uuid import UUID

from fastapi import APIRouter, Request
from starlette.responses import Response

from plaudit.alerting.incidents.api.common import Following
from plaudit.alerting.incidents.commands import incidents
from plaudit.alerting.incidents.domain.incident import (
    Audience,
    Draft,
    Link,
    LinkKind,
    Severity,
    State,
    WrongIncidentError,
    checked,
)
from plaudit.alerting.incidents.pages.shared import (
    AUDIENCES,
    LABELS,
    NEW,
    SEVERITIES,
    WORDS,
    Field,
    Reader,
    Writer,
    console,
    errors_of,
    lines_of,
)
from plaudit.alerting.incidents.store import incidents as store
from plaudit.alerting.mails.domain.words import INCIDENTS
from plaudit.common.db import SqlTx
from plaudit.common.http import Cursor, Principal, TenantTx, Work, cut_page, decode_cursor
from plaudit.common.numerals import up_to
from plaudit.common.sessions import Typed, done

ROWS: Final = 30
MAX_COUNTED: Final = 1_000

router = APIRouter(include_in_schema=False)


@router.get(INCIDENTS)
async def show_incidents(
    request: Request, principal: Reader, tx: TenantTx, show: str = "", cursor: Cursor = None
) -> Response:
    """Show incidents, the newest first: those that are not closed, or all."""
    states = None if show == "all" else [State.OPEN, State.MONITORING, State.RESOLVED]
    list_path = INCIDENTS if states else f"{INCIDENTS}?show=all"
    after = decode_cursor(cursor, tuple[datetime, UUID], of=list_path) if cursor else None
    found = await store.listed(tx, principal.tenant_id, states=states, after=after, limit=ROWS + 1)
    listed, following = cut_page(found, ROWS, lambda each: (each.opened_at, each.id), of=list_path)
    waiting = await store.count_waiting(tx, principal.tenant_id, MAX_COUNTED)
    return await console.response(
        request,
        principal,
        tx,
        "incidents.html",
        counts={INCIDENTS: up_to(waiting, MAX_COUNTED) if waiting else ""},
        incidents=listed,
        show="all" if states is None else "",
        list_path=list_path,
        next=following,
        is_first=cursor is None,
        may_write=principal.may("incidents:write"),
        **WORDS,
    )


@router.get(NEW)
async def show_new(
    request: Request, principal: Writer, tx: TenantTx, alert: str = "", review: str = "", subject: str = ""
) -> Response:
    """Show the form of a new incident, with the alert or review that it is opened from."""
    values = {"severity": Severity.IMPORTANT.value, "audience": Audience.INTERNAL.value}
    return await _new(request, principal, tx, Typed(values | {"alerts": alert, "reviews": review, "subjects": subject}))


@router.post(NEW)
async def open_incident(
    request: Request,
    principal: Writer,
    work: Work,
    following: Following,
    title: Field = "",
    severity: Field = "",
    audience: Field = "",
    subjects: Field = "",
    reviews: Field = "",
    alerts: Field = "",
) -> Response:
    """Open an incident."""
    values = {
        "title": title,
        "severity": severity,
        "audience": audience,
        "subjects": subjects,
        "reviews": reviews,
        "alerts": alerts,
    }
    asked = {"severity": (severity, SEVERITIES), "audience": (audience, AUDIENCES)}
    errors = {name: "Choose one of these." for name, (value, choices) in asked.items() if value not in choices}
    draft = Draft(
        title=title,
        severity=Severity.ROUTINE if "severity" in errors else Severity(severity),
        audience=Audience.INTERNAL if "audience" in errors else Audience(audience),
        subjects=tuple(lines_of(subjects)),
        links=tuple(
            Link(kind, each)
            for kind, text in ((LinkKind.REVIEW, reviews), (LinkKind.ALERT, alerts))
            for each in lines_of(text)
        ),
    )
    try:
        if errors:
            checked(draft)
            return await _new(request, principal, work.tx, Typed(values, errors))
        made, _ = await incidents.create(work, principal.tenant_id, draft, principal.actor, following)
    except WrongIncidentError as error:
        return await _new(request, principal, work.tx, Typed(values, errors | errors_of(error)))
    return done(request, f"{INCIDENTS}/{made.id}", "The incident is open. Write the first update.")


async def _new(request: Request, principal: Principal, tx: SqlTx, typed: Typed) -> Response:
    return await console.response(
        request,
        principal,
        tx,
        "new_incident.html",
        status=typed.status,
        further=("New incident",),
        values=dict.fromkeys(LABELS, "") | dict(typed.values),
        errors=typed.errors,
        **WORDS,
    )
