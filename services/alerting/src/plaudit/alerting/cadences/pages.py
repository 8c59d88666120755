"""The console's pages of cadences: the week to come, tasks, rules and digests."""

import json
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Request
from starlette.responses import Response

from plaudit.alerting.cadences.api import REPORT_DAYS, in_force
from plaudit.alerting.cadences.commands import rules, touchpoints
from plaudit.alerting.cadences.commands.rules import CadencesChangedError, WrongCadencesError
from plaudit.alerting.cadences.domain.decide import WHY_IN_WORDS, Why
from plaudit.alerting.cadences.domain.rules import (
    AfterEvent,
    BeforeRenewal,
    Monthly,
    Purpose,
    Revision,
    Schedule,
    SinceContact,
    Trigger,
    Weekly,
)
from plaudit.alerting.cadences.domain.touchpoint import MAX_NOTE_CHARS, Channel, State, TouchpointClosedError
from plaudit.alerting.cadences.schemas.documents import MAX_DOCUMENT_BYTES, UnreadableCadencesError, read_document
from plaudit.alerting.cadences.schemas.invitations import invited_out
from plaudit.alerting.cadences.schemas.rules import document_of
from plaudit.alerting.cadences.store import digests, occurrences, revisions
from plaudit.alerting.cadences.store import touchpoints as touchpoint_store
from plaudit.alerting.calendars.domain.local_times import at_local, local_date
from plaudit.alerting.mails.domain.words import DESK
from plaudit.common.db import Tx
from plaudit.common.http import Cursor, Principal, TenantTx, cut_page, decode_cursor, not_found
from plaudit.common.http.limits import form_bytes
from plaudit.common.numerals import up_to
from plaudit.common.pages.fields import missing, too_long
from plaudit.common.pages.navigation import Crumb
from plaudit.common.people.naming import namer
from plaudit.common.sessions import NOTHING_TYPED, ConsolePages, Typed, done, staff

CADENCES: Final = "/console/cadences"
TASKS: Final = f"{CADENCES}/tasks"
RULES: Final = f"{CADENCES}/rules"
BODY_LIMITS: Final = {RULES: form_bytes(MAX_DOCUMENT_BYTES)}
DIGESTS: Final = f"{CADENCES}/digests"
ROWS: Final = 50
WEEK_DAYS: Final = 7
MAX_COUNTED: Final = 10_000
SHOWN_DIGESTS: Final = 12
SHOWN_REVISIONS: Final = 10
CHANNELS: Final = {each.value: each.value.capitalize() for each in Channel}
LABELS: Final = {"channel": "By which way", "note": "What was said", "why": "Why not this time", "document": "Rules"}
STATE_LOOKS: Final = {
    State.OPEN: "warn",
    State.DONE: "good",
    State.SKIPPED: "quiet",
    State.ENDED: "quiet",
    State.WITHHELD: "quiet",
}

_AFTER: Final[Mapping[Trigger, str]] = {
    Trigger.PURCHASED: "a purchase",
    Trigger.UPGRADED: "an upgrade",
    Trigger.TICKET_CLOSED: "a ticket is closed",
    Trigger.STAGE_ENTERED: "the stage begins",
}

router = APIRouter(include_in_schema=False)
console = ConsolePages("plaudit.alerting.cadences")
Reader = Annotated[Principal, Depends(staff("cadences:read"))]
Writer = Annotated[Principal, Depends(staff("touchpoints:write"))]
RulesWriter = Annotated[Principal, Depends(staff("cadences:write"))]


@router.get(CADENCES)
async def show_cadences(request: Request, principal: Reader, tx: TenantTx) -> Response:
    """Show what comes in the next seven days, what is still to be done, and who was invited."""
    tenant_id = principal.tenant_id
    _, revision = await in_force(tx, tenant_id)
    since = tx.now - timedelta(days=REPORT_DAYS)
    open_count = await touchpoint_store.count_open(tx, tenant_id, MAX_COUNTED)
    return await console.response(
        request,
        principal,
        tx,
        "cadences.html",
        week=await _week(tx, revision),
        open_count=open_count,
        up_to=up_to,
        max_counted=MAX_COUNTED,
        open_tasks=await touchpoint_store.listed(
            tx, tenant_id, purpose=Purpose.TOUCHPOINT, state=State.OPEN, limit=WEEK_DAYS
        ),
        invited=invited_out(await touchpoint_store.invited(tx, tenant_id, since, tx.now)).items,
        titles={rule.id: rule.title for rule in revision.cadences.rules},
        digests=await digests.dates(tx, tenant_id, SHOWN_DIGESTS),
        zone=revision.cadences.zone,
        report_days=REPORT_DAYS,
        **_PATHS,
    )


@router.get(TASKS)
async def show_tasks(
    request: Request, principal: Reader, tx: TenantTx, show: str = "open", cursor: Cursor = None
) -> Response:
    """Show touchpoints, the newest first: those that are open, or all."""
    state = State.OPEN if show != "all" else None
    list_path = TASKS if state else f"{TASKS}?show=all"
    after = decode_cursor(cursor, tuple[datetime, UUID], of=list_path) if cursor else None
    found = await touchpoint_store.listed(
        tx, principal.tenant_id, purpose=Purpose.TOUCHPOINT, state=state, after=after, limit=ROWS + 1
    )
    listed, following = cut_page(found, ROWS, lambda each: (each.fired_at, each.id), of=list_path)
    return await console.response(
        request,
        principal,
        tx,
        "tasks.html",
        further=("Tasks",),
        touchpoints=listed,
        is_open=state is not None,
        list_path=list_path,
        next=following,
        is_first=cursor is None,
        why_of=_why,
        looks=STATE_LOOKS,
        **_PATHS,
    )


@router.get(f"{TASKS}/{{touchpoint_id}}")
async def show_task(request: Request, principal: Reader, tx: TenantTx, touchpoint_id: UUID) -> Response:
    """Show one touchpoint, with the forms to do or to skip it."""
    return await _task(request, principal, tx, touchpoint_id)


@router.post(f"{TASKS}/{{touchpoint_id}}/done")
async def finish_task(
    request: Request,
    principal: Writer,
    tx: TenantTx,
    touchpoint_id: UUID,
    channel: Annotated[str, Form()] = "",
    note: Annotated[str, Form()] = "",
) -> Response:
    """Note that the customer was contacted."""
    values = {"channel": channel, "note": note}
    errors = {"channel": "" if channel in CHANNELS else "Choose one.", "note": too_long(note.strip(), MAX_NOTE_CHARS)}
    if any(errors.values()):
        return await _task(request, principal, tx, touchpoint_id, Typed(values, errors))
    try:
        await touchpoints.done(tx, principal.tenant_id, touchpoint_id, Channel(channel), note.strip(), principal.actor)
    except TouchpointClosedError:
        return done(request, f"{TASKS}/{touchpoint_id}", "It was not open any more.", is_good=False)
    return done(request, TASKS, "The contact is noted.")


@router.post(f"{TASKS}/{{touchpoint_id}}/skip")
async def skip_task(
    request: Request, principal: Writer, tx: TenantTx, touchpoint_id: UUID, why: Annotated[str, Form()] = ""
) -> Response:
    """Note that the customer is not contacted this time."""
    error = missing(why.strip(), MAX_NOTE_CHARS)
    if error:
        return await _task(request, principal, tx, touchpoint_id, Typed({"why": why}, {"why": error}))
    try:
        await touchpoints.skip(tx, principal.tenant_id, touchpoint_id, why.strip(), principal.actor)
    except TouchpointClosedError:
        return done(request, f"{TASKS}/{touchpoint_id}", "It was not open any more.", is_good=False)
    return done(request, TASKS, "The touchpoint is skipped.")


@router.get(RULES)
async def show_rules(request: Request, principal: Reader, tx: TenantTx) -> Response:
    """Show the rules in words, as a document that can be changed, and who saved which revision."""
    return await _rules(request, principal, tx)


@router.post(RULES)
async def save_rules(
    request: Request,
    principal: RulesWriter,
    tx: TenantTx,
    document: Annotated[str, Form()] = "",
    number: Annotated[str, Form()] = "",
) -> Response:
    """Put rules in force; what is wrong with them is shown at its place."""
    expected = [int(number)] if number.isdecimal() else None
    try:
        read = read_document(document, is_yaml=not document.lstrip().startswith("{"))
    except UnreadableCadencesError as error:
        return await _rules(request, principal, tx, document, [(each.pointer, each.words) for each in error.faults])
    try:
        saved = await rules.save(tx, principal.tenant_id, read.cadences(), principal.actor, expected=expected)
    except WrongCadencesError as error:
        return await _rules(request, principal, tx, document, error.faults)
    except CadencesChangedError as error:
        return await _rules(request, principal, tx, document, [("", str(error))])
    return done(request, RULES, f"Revision {saved.number} is in force.")


@router.get(f"{DIGESTS}/{{day}}")
async def show_digest(request: Request, principal: Reader, tx: TenantTx, day: date) -> Response:
    """Show the digest of a date."""
    digest = await digests.read(tx, principal.tenant_id, day)
    if digest is None:
        raise not_found("digest")
    return await console.response(
        request,
        principal,
        tx,
        "digest.html",
        further=(f"The week to {day:%-d %B %Y}",),
        digest=digest,
        desk_path=DESK,
        **_PATHS,
    )


async def _week(tx: Tx, revision: Revision) -> dict[date, dict[str, int]]:
    """Return the next seven local dates, each with rule → how many contacts are to come."""
    zone = revision.zone
    first = local_date(zone, tx.now)
    week: dict[date, dict[str, int]] = {first + timedelta(days=n): {} for n in range(WEEK_DAYS)}
    end = at_local(zone, first + timedelta(days=WEEK_DAYS), time.min)
    rows = await occurrences.counts(tx, revision.tenant_id, tx.now, end, revision.cadences.zone, MAX_COUNTED)
    for row in rows:
        week.setdefault(row["day"], {})[row["rule"]] = row["count"]
    return week


async def _task(
    request: Request, principal: Principal, tx: TenantTx, touchpoint_id: UUID, typed: Typed = NOTHING_TYPED
) -> Response:
    touchpoint = await touchpoint_store.read(tx, principal.tenant_id, touchpoint_id)
    if touchpoint is None:
        raise not_found("touchpoint")
    return await console.response(
        request,
        principal,
        tx,
        "task.html",
        status=typed.status,
        further=(Crumb("Tasks", TASKS), touchpoint.title),
        touchpoint=touchpoint,
        why=_why(touchpoint.why),
        look=STATE_LOOKS[touchpoint.state],
        may_write=principal.may("touchpoints:write") and touchpoint.state is State.OPEN,
        values={"channel": "", "note": "", "why": "", **typed.values},
        errors=typed.errors,
        labels=LABELS,
        channels=CHANNELS,
        max_note=MAX_NOTE_CHARS,
        **_PATHS,
    )


async def _rules(
    request: Request,
    principal: Principal,
    tx: TenantTx,
    document: str | None = None,
    faults: list[tuple[str, str]] | None = None,
) -> Response:
    number, revision = await in_force(tx, principal.tenant_id)
    written = json.dumps(document_of(revision.cadences), indent=2, ensure_ascii=False)
    history = await revisions.history(tx, principal.tenant_id, SHOWN_REVISIONS)
    return await console.response(
        request,
        principal,
        tx,
        "rules.html",
        status=422 if faults else 200,
        further=("Rules",),
        number=number,
        cadences=revision.cadences,
        document=written if document is None else document,
        faults=faults or [],
        history=history,
        name_of=await namer(
            request.app.state.resources.common_database(), principal.tenant_id, [each.saved_by for each in history]
        ),
        may_write=principal.may("cadences:write"),
        in_words=_schedule_in_words,
        labels=LABELS,
        **_PATHS,
    )


def _schedule_in_words(schedule: Schedule) -> str:
    """Return a schedule in words, for the table of rules."""
    match schedule:
        case AfterEvent(event=event, days=days):
            return f"{_days(days)} after {_AFTER[event]}"
        case BeforeRenewal(days=days):
            return f"{_days(days)} before the renewal"
        case SinceContact(every_days=every):
            return f"{_days((every,))} after the last contact"
        case Weekly(weekday=weekday):
            return f"every {weekday.name.capitalize()}"
        case Monthly():
            return "every month"


def _days(days: tuple[int, ...]) -> str:
    *first, last = map(str, days)
    listed = f"{', '.join(first)} and {last}" if first else last
    return f"{listed} day{'' if days == (1,) else 's'}"


def _why(why: str | None) -> str:
    """Return a reason in words; one that a person wrote stays as it is."""
    return WHY_IN_WORDS[Why(why)] if why in set(Why) else why or ""


_PATHS: Final[Mapping[str, Any]] = {
    "path": CADENCES,
    "tasks_path": TASKS,
    "rules_path": RULES,
    "digests_path": DIGESTS,
}
