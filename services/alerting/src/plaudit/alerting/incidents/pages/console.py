"""The console's pages of incidents: the list, a new one, and one with all that is done about it."""

from collections.abc import Awaitable, Mapping
from datetime import datetime
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Request
from starlette.responses import Response

from plaudit.alerting.clocks.domain.by_hand import ClockRefusedError
from plaudit.alerting.incidents.api.common import Following, OfVault
from plaudit.alerting.incidents.commands import channels, incidents, reading, subscribers
from plaudit.alerting.incidents.domain.breach import NOTICE, CountedBy, regulation_of, strict_at
from plaudit.alerting.incidents.domain.incident import (
    MAX_LEARNINGS_CHARS,
    MAX_NOTE_CHARS,
    MAX_TITLE_CHARS,
    UPDATED_STATES,
    Audience,
    Draft,
    Incident,
    IncidentRefusedError,
    Link,
    LinkKind,
    Severity,
    State,
    WrongIncidentError,
)
from plaudit.alerting.incidents.domain.messages import page_path
from plaudit.alerting.incidents.domain.wording import WORDINGS
from plaudit.alerting.incidents.store import incidents as store
from plaudit.alerting.incidents.store import subscribers as subscriber_store
from plaudit.alerting.mails.domain.words import DESK, INCIDENTS, REVIEWS, duration
from plaudit.common.db import SqlTx
from plaudit.common.http import Cursor, Principal, TenantTx, Work, cut_page, decode_cursor
from plaudit.common.people.naming import namer
from plaudit.common.sessions import NOTHING_TYPED, ConsolePages, Typed, done, staff

NEW: Final = f"{INCIDENTS}/new"
ROWS: Final = 30
SHOWN_UPDATES: Final = 20
SHOWN_ENTRIES: Final = 50
MAX_COUNTED: Final = 1_000
LABELS: Final[Mapping[str, str]] = {
    "title": "What is wrong, in one line",
    "severity": "Severity",
    "audience": "Who is told",
    "subjects": "Subjects that are affected, one in each line",
    "reviews": "Ids of reviews, one in each line",
    "alerts": "Ids of alerts, one in each line",
    "note": "Why, for your team",
    "learnings": "What was learned",
    "address": "E-mail address",
    "language": "Language",
}
SEVERITIES: Final = {
    Severity.URGENT.value: "Urgent",
    Severity.IMPORTANT.value: "Important",
    Severity.ROUTINE.value: "Routine",
}
AUDIENCES: Final = {
    Audience.PUBLIC.value: "Everybody, by a public page, mail and endpoints",
    Audience.SUBSCRIBERS.value: "Subscribers by mail, and endpoints",
    Audience.INTERNAL.value: "Your endpoints only",
}
STATE_LOOKS: Final = {State.OPEN: "bad", State.MONITORING: "warn", State.RESOLVED: "good", State.CLOSED: "quiet"}
SEVERITY_LOOKS: Final = {Severity.URGENT: "bad", Severity.IMPORTANT: "warn", Severity.ROUTINE: "quiet"}
HAS_LOOKS: Final = {"published": "good", "sent": "good", "queued": "warn", "failed": "bad", "withdrawn": "quiet"}
COUNTED_BY: Final = {
    CountedBy.COUNT.value: "Counted",
    CountedBy.ESTIMATE.value: "Estimated",
    CountedBy.LIST.value: "By the list below",
}

router = APIRouter(include_in_schema=False)
console = ConsolePages("plaudit.alerting.incidents")
Reader = Annotated[Principal, Depends(staff("incidents:read"))]
Writer = Annotated[Principal, Depends(staff("incidents:read", "incidents:write"))]
Field = Annotated[str, Form()]


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
        counts={INCIDENTS: f"{waiting:,}" if waiting else ""},
        incidents=listed,
        show="all" if states is None else "",
        list_path=list_path,
        next=following,
        is_first=cursor is None,
        may_write=principal.may("incidents:write"),
        **_WORDS,
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
    if severity not in SEVERITIES or audience not in AUDIENCES:
        field = "audience" if severity in SEVERITIES else "severity"
        return await _new(request, principal, work.tx, Typed(values, {field: "Choose one of these."}))
    draft = Draft(
        title=title,
        severity=Severity(severity),
        audience=Audience(audience),
        subjects=tuple(_lines(subjects)),
        links=tuple(
            Link(kind, each)
            for kind, text in ((LinkKind.REVIEW, reviews), (LinkKind.ALERT, alerts))
            for each in _lines(text)
        ),
    )
    try:
        made, _ = await incidents.create(work, principal.tenant_id, draft, principal.actor, following)
    except WrongIncidentError as error:
        return await _new(request, principal, work.tx, Typed(values, {_name(error): str(error)}))
    return done(request, f"{INCIDENTS}/{made.id}", "The incident is open. Write the first update.")


@router.get(f"{INCIDENTS}/{{incident_id}}")
async def show_incident(request: Request, principal: Reader, tx: TenantTx, incident_id: UUID) -> Response:
    """Show one incident: what is due, what was told over which channel, and what was done."""
    return await one(request, principal, tx, incident_id)


@router.post(f"{INCIDENTS}/{{incident_id}}/severity")
async def set_severity(
    request: Request,
    principal: Writer,
    work: Work,
    following: Following,
    incident_id: UUID,
    severity: Field = "",
    note: Field = "",
) -> Response:
    """Set how severe an incident is."""
    if severity not in SEVERITIES:
        errors = {"severity": "Choose one of these."}
        return await one(request, principal, work.tx, incident_id, Typed({"note": note}, errors))
    change = incidents.set_severity(
        work,
        principal.tenant_id,
        incident_id,
        Severity(severity),
        principal.actor,
        following,
        note=note.strip()[:MAX_NOTE_CHARS],
    )
    return await act(request, principal, work, incident_id, change, "The severity is set.", {"note": note})


@router.post(f"{INCIDENTS}/{{incident_id}}/state")
async def set_state(
    request: Request,
    principal: Writer,
    work: Work,
    following: Following,
    incident_id: UUID,
    state: Field = "",
    note: Field = "",
    learnings: Field = "",
) -> Response:
    """Let an incident go on to another state."""
    if state not in {each.value for each in State}:
        return done(request, f"{INCIDENTS}/{incident_id}", "There is no such state.", is_good=False)
    change = incidents.set_state(
        work,
        principal.tenant_id,
        incident_id,
        State(state),
        principal.actor,
        following,
        note=note.strip()[:MAX_NOTE_CHARS],
        learnings=learnings,
    )
    values = {"note": note, "learnings": learnings}
    return await act(request, principal, work, incident_id, change, f"The incident is {state} now.", values)


@router.post(f"{INCIDENTS}/{{incident_id}}/links")
async def add_links(
    request: Request,
    principal: Writer,
    work: Work,
    following: Following,
    incident_id: UUID,
    reviews: Field = "",
    alerts: Field = "",
) -> Response:
    """Link reviews and alerts."""
    links = [Link(LinkKind.REVIEW, each) for each in _lines(reviews)]
    links += [Link(LinkKind.ALERT, each) for each in _lines(alerts)]
    change = incidents.link(work, principal.tenant_id, incident_id, links, principal.actor, following)
    values = {"reviews": reviews, "alerts": alerts}
    return await act(request, principal, work, incident_id, change, "They are linked.", values)


@router.post(f"{INCIDENTS}/{{incident_id}}/unlink")
async def remove_link(
    request: Request,
    principal: Writer,
    work: Work,
    following: Following,
    incident_id: UUID,
    kind: Field = "",
    linked_id: Field = "",
) -> Response:
    """Undo a link."""
    link = Link(LinkKind.ALERT if kind == LinkKind.ALERT else LinkKind.REVIEW, linked_id)
    change = incidents.unlink(work, principal.tenant_id, incident_id, link, principal.actor, following)
    return await act(request, principal, work, incident_id, change, "It is not linked any more.", {})


@router.post(f"{INCIDENTS}/{{incident_id}}/subscribers")
async def add_subscriber(
    request: Request,
    principal: Writer,
    work: Work,
    following: Following,
    vault: OfVault,
    incident_id: UUID,
    address: Field = "",
    language: Field = "",
) -> Response:
    """Tell somebody by mail, who has consented to it."""
    change = subscribers.add(
        work, principal.tenant_id, incident_id, address, language, principal.actor, following, vault
    )
    said = "They are told from the next update on."
    values = {"address": address, "language": language}
    return await act(request, principal, work, incident_id, change, said, values)


@router.post(f"{INCIDENTS}/{{incident_id}}/redrive")
async def send_again(
    request: Request, principal: Writer, work: Work, incident_id: UUID, outlet: Field = ""
) -> Response:
    """Send what has failed again."""
    incident = await reading.read(work.tx, principal.tenant_id, incident_id)
    count = await channels.send_again(work.tx, incident, principal.actor, _uuid(outlet))
    return done(request, f"{INCIDENTS}/{incident_id}", f"{count:,} messages are sent again.")


async def act(
    request: Request,
    principal: Principal,
    work: Work,
    incident_id: UUID,
    change: Awaitable[object],
    said: str,
    values: Mapping[str, str],
) -> Response:
    """Change an incident as a form asks: lead to its page with what was done, or show what is wrong where it is."""
    try:
        await change
    except WrongIncidentError as error:
        return await one(request, principal, work.tx, incident_id, Typed(dict(values), {_name(error): str(error)}))
    except (IncidentRefusedError, ClockRefusedError) as error:
        return done(request, f"{INCIDENTS}/{incident_id}", str(error), is_good=False)
    return done(request, f"{INCIDENTS}/{incident_id}", said)


async def one(
    request: Request, principal: Principal, tx: SqlTx, incident_id: UUID, typed: Typed = NOTHING_TYPED
) -> Response:
    """Answer with the page of an incident.

    Raises:
        UnknownIncidentError: there is none.
    """
    found = await reading.in_full(tx, principal.tenant_id, incident_id)
    incident, breach = found.incident, found.breach
    updates = await store.updates_of(tx, principal.tenant_id, incident_id, SHOWN_UPDATES)
    log = await store.log_of(tx, principal.tenant_id, incident_id, SHOWN_ENTRIES)
    actors = [incident.opened_by, *(each.made_by for each in updates), *(each.by for each in log)]
    return await console.response(
        request,
        principal,
        tx,
        "incident.html",
        status=typed.status,
        further=(incident.title,),
        incident=incident,
        found=found,
        breach=breach,
        readings=None if breach is None else (strict_at(breach.aware_at), regulation_of(breach)),
        updates=updates,
        told=await channels.channels_of(tx, incident),
        log=log,
        name_of=await namer(request.app.state.resources.common_database(), principal.tenant_id, actors),
        subscriber_count=await subscriber_store.count(tx, principal.tenant_id, incident_id),
        public_path=page_path(incident.tenant_id, incident.slug) if incident.is_shown else "",
        may_write=principal.may("incidents:write") and incident.state is not State.CLOSED,
        is_updated=incident.state in UPDATED_STATES,
        now=tx.now,
        values=_shown(incident, breach) | dict(typed.values),
        errors=typed.errors,
        **_WORDS,
    )


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
        **_WORDS,
    )


def _shown(incident: Incident, breach: Any) -> dict[str, str]:
    """Return what the forms of a page hold before anybody types."""
    empty = dict.fromkeys((*LABELS, *NOTICE, "aware_at", "reason", "reference", "channel", "notified_at"), "")
    empty |= dict.fromkeys(("country", "subdivision", "method", "count", "people", "told", "not_told"), "")
    notice = {name: getattr(breach, name) for name in NOTICE} if breach is not None else {}
    return empty | notice | {"severity": incident.severity, "language": "en", "zone": "UTC", "by": CountedBy.COUNT}


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _name(error: WrongIncidentError) -> str:
    """Return the field of a form that an error is about."""
    return error.field.strip("/").partition("/")[0]


_WORDS: Final[dict[str, Any]] = {
    "path": INCIDENTS,
    "new_path": NEW,
    "clocks_path": DESK,
    "reviews_path": REVIEWS,
    "labels": LABELS,
    "severities": SEVERITIES,
    "audiences": AUDIENCES,
    "state_looks": STATE_LOOKS,
    "severity_looks": SEVERITY_LOOKS,
    "has_looks": HAS_LOOKS,
    "counted_by": COUNTED_BY,
    "languages": {code: each.name for code, each in WORDINGS.items()},
    "notice_parts": NOTICE,
    "max_title": MAX_TITLE_CHARS,
    "max_learnings": MAX_LEARNINGS_CHARS,
    "max_note": MAX_NOTE_CHARS,
    "duration": duration,
}
