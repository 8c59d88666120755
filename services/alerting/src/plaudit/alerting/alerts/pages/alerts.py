"""The console's pages of alerts: all of them, and one with what people do about it."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Query, Request
from sqlalchemy import RowMapping
from starlette.responses import Response

from plaudit.alerting.alerts import commands
from plaudit.alerting.alerts.api import owner_at
from plaudit.alerting.alerts.domain import (
    BY_HAND,
    BY_PEOPLE,
    ENDINGS,
    AlertEndsOtherwiseError,
    AlertResolvedError,
    AlertState,
)
from plaudit.alerting.alerts.domain.notes import ALERTS
from plaudit.alerting.alerts.domain.silences import MAX_REASON_CHARS, Scope, SilenceRefusedError
from plaudit.alerting.alerts.pages.silences import HOURS
from plaudit.alerting.alerts.schemas import MAX_NOTE_CHARS
from plaudit.alerting.alerts.store import alerts as store
from plaudit.alerting.audit import store as audit
from plaudit.alerting.audit.domain import About, Recorded
from plaudit.alerting.clocks import store as clock_store
from plaudit.alerting.clocks.domain.clock import Clock
from plaudit.alerting.mails.domain.words import DESK, page_of, review_page
from plaudit.alerting.people import store as people
from plaudit.alerting.people.api import fallback_of
from plaudit.common.db import SqlTx
from plaudit.common.http import Cursor, Principal, TenantTx, Work, cut_page, decode_cursor, not_found
from plaudit.common.pages.fields import missing, too_long
from plaudit.common.people.naming import namer
from plaudit.common.refusals import sentence
from plaudit.common.sessions import NOTHING_TYPED, ConsolePages, Typed, done, staff

ROWS: Final = 50
STATES: Final[Mapping[str, str]] = {"": "all", **{each.value: each.value for each in AlertState}}
LOOKS: Final = {AlertState.OPEN: "bad", AlertState.ACKNOWLEDGED: "warn", AlertState.RESOLVED: "quiet"}
REMINDERS: Final[Mapping[str, str]] = {"": "as usual", "60": "in 1 hour", "240": "in 4 hours", "1440": "tomorrow"}
"""Minutes → words."""
CHOOSE: Final = "Choose one of the list."
RESOLVE_NOTE: Final = "resolve-note"
"""The field of the form that resolves, on a page where another form has a note too."""
OVER: Final = "The alert is resolved: there is nothing left to look at."

router = APIRouter(include_in_schema=False)
console = ConsolePages("plaudit.alerting.alerts")
Reader = Annotated[Principal, Depends(staff("alerts:read"))]
Writer = Annotated[Principal, Depends(staff("alerts:read", "alerts:write"))]
Text = Annotated[str, Form()]


@router.get(ALERTS)
async def show_alerts(
    request: Request,
    principal: Reader,
    tx: TenantTx,
    state: Annotated[str, Query(max_length=20)] = "",
    cursor: Cursor = None,
) -> Response:
    """Show alerts, the newest first: all of them, or those in one state."""
    chosen = state if state in STATES else ""
    path = f"{ALERTS}?state={chosen}" if chosen else ALERTS
    after = decode_cursor(cursor, tuple[datetime, UUID], of=path) if cursor else None
    found = await store.list_alerts(tx, principal.tenant_id, state=chosen or None, after=after, limit=ROWS + 1)
    listed, following = cut_page(list(found), ROWS, lambda each: (each["raised_at"], each["id"]), of=path)
    return await console.response(
        request,
        principal,
        tx,
        "alerts.html",
        alerts=listed,
        states=STATES,
        chosen=chosen,
        looks=LOOKS,
        path=path,
        alerts_path=ALERTS,
        next=following,
        is_first=cursor is None,
    )


@router.get(f"{ALERTS}/{{alert_id}}")
async def show_alert(request: Request, principal: Reader, tx: TenantTx, alert_id: UUID) -> Response:
    """Show one alert, and a form for each thing that people do about it."""
    return await _page(request, principal, tx, alert_id)


@router.post(f"{ALERTS}/{{alert_id}}/acknowledge")
async def acknowledge(request: Request, principal: Writer, work: Work, alert_id: UUID, remind: Text = "") -> Response:
    """Say that somebody looks at it."""
    if remind not in REMINDERS:
        return await _page(request, principal, work.tx, alert_id, Typed({"remind": remind}, {"remind": CHOOSE}))
    seconds = int(remind) * 60 if remind else None
    try:
        after = await commands.acknowledge(work, principal.tenant_id, alert_id, principal.actor, seconds)
    except AlertResolvedError:
        return _said(request, alert_id, OVER, is_good=False)
    if after is None:
        raise not_found("alert")
    return _said(request, alert_id, "The alert is acknowledged: nobody else is told of it until its reminder.")


@router.post(f"{ALERTS}/{{alert_id}}/assign")
async def assign(
    request: Request, principal: Writer, work: Work, alert_id: UUID, to: Text = "", note: Text = ""
) -> Response:
    """Give it to another owner, who is told at once."""
    said = note.strip()
    errors = {"note": too_long(said, MAX_NOTE_CHARS)}
    try:
        owner = await owner_at(request, work.tx, principal.tenant_id, to)
    except commands.UnknownOwnerError as error:
        errors["to"] = str(error)
    if any(errors.values()):
        return await _page(request, principal, work.tx, alert_id, Typed({"to": to, "note": note}, errors))
    try:
        after = await commands.assign(work, principal.tenant_id, alert_id, owner, principal.actor, said)
    except AlertResolvedError:
        return _said(request, alert_id, OVER, is_good=False)
    if after is None:
        raise not_found("alert")
    return _said(request, alert_id, f"The alert is given to {owner.name}, who is told of it.")


@router.post(f"{ALERTS}/{{alert_id}}/silence")
async def silence(
    request: Request, principal: Writer, work: Work, alert_id: UUID, hours: Text = "", reason: Text = ""
) -> Response:
    """Let nothing be told of it until an end."""
    given = reason.strip()
    errors = {
        "hours": "" if hours in HOURS else CHOOSE,
        "reason": missing(given, MAX_REASON_CHARS),
    }
    if any(errors.values()):
        return await _page(request, principal, work.tx, alert_id, Typed({"hours": hours, "reason": reason}, errors))
    until, scope = work.tx.now + timedelta(hours=int(hours)), Scope(alert_id=alert_id)
    try:
        made = await commands.silence(work, principal.tenant_id, work.ids(), scope, until, given, principal.actor)
    except SilenceRefusedError as error:
        return _said(request, alert_id, sentence(error), is_good=False)
    if made is None:
        raise not_found("alert")
    return _said(request, alert_id, f"Nothing is told of it for {HOURS[hours]}. If it is open then, its owner is told.")


@router.post(f"{ALERTS}/{{alert_id}}/resolve")
async def resolve(request: Request, principal: Writer, work: Work, alert_id: UUID, note: Text = "") -> Response:
    """Say that nothing is left to do about it."""
    given, typed = note.strip(), {RESOLVE_NOTE: note}
    if wrong := too_long(given, MAX_NOTE_CHARS):
        return await _page(request, principal, work.tx, alert_id, Typed(typed, {RESOLVE_NOTE: wrong}))
    try:
        after = await commands.resolve(work, principal.tenant_id, alert_id, given, principal.actor)
    except commands.NoReasonError as error:
        return await _page(request, principal, work.tx, alert_id, Typed(typed, {RESOLVE_NOTE: str(error)}))
    except AlertResolvedError:
        return _said(request, alert_id, OVER, is_good=False)
    except AlertEndsOtherwiseError as error:
        return _said(request, alert_id, sentence(error), is_good=False)
    if after is None:
        raise not_found("alert")
    return _said(request, alert_id, "The alert is resolved: whoever was told of it is told why.")


def _said(request: Request, alert_id: UUID, text: str, *, is_good: bool = True) -> Response:
    return done(request, f"{ALERTS}/{alert_id}", text, is_good=is_good)


async def _page(
    request: Request, principal: Principal, tx: SqlTx, alert_id: UUID, typed: Typed = NOTHING_TYPED
) -> Response:
    alert = await store.read_alert(tx, principal.tenant_id, alert_id)
    if alert is None:
        raise not_found("alert")
    owners, fallback = (await people.load(tx, [principal.tenant_id]))[principal.tenant_id], fallback_of(request)
    names = {each.address: each.name for each in (*owners.people, owners.default_owner(fallback))}
    by = alert["acknowledged_by"]
    clock = await _clock(tx, principal.tenant_id, alert)
    resolving = await _by_hand(tx, principal.tenant_id, alert)
    actors = {each for each in (by, resolving and resolving.actor) if each}
    name_of = await namer(request.app.state.resources.common_database(), principal.tenant_id, actors)
    return await console.response(
        request,
        principal,
        tx,
        "alert.html",
        status=typed.status,
        further=(alert["summary"],),
        alert=alert,
        owner=names.get(alert["owner"], alert["owner"]),
        acknowledged_by=name_of(by) if by else "",
        resolved_by=name_of(resolving.actor) if resolving else "",
        note=(resolving.after or {}).get("note", "") if resolving else "",
        ending=ENDINGS.get(alert["kind"], ""),
        is_by_hand=alert["kind"] in BY_PEOPLE,
        owners=names,
        reminders=REMINDERS,
        hours=HOURS,
        looks=LOOKS,
        values=typed.values,
        errors=typed.errors,
        where=_where(alert, clock),
        clock=clock,
        clock_path=f"{DESK}/{alert['clock_id']}",
        quoted=_quoted(alert, clock),
        path=f"{ALERTS}/{alert_id}",
        may_write=principal.may("alerts:write"),
    )


async def _by_hand(tx: SqlTx, tenant_id: str, alert: RowMapping) -> Recorded | None:
    """Return the entry of whoever resolved an alert; none where nobody did."""
    if alert["reason"] != BY_HAND:
        return None
    entries = await audit.of_things(tx, tenant_id, About.ALERT, [str(alert["id"])], 1)
    return next((each for each in entries if each.kind == "alert.resolved"), None)


async def _clock(tx: SqlTx, tenant_id: str, alert: RowMapping) -> Clock | None:
    """Return the clock that an alert is about; none where it is about none, or that is not stored any more."""
    key = tenant_id, alert["clock_id"]
    return (await clock_store.load(tx, [key])).get(key) if alert["clock_id"] else None


def _where(alert: RowMapping, clock: Clock | None) -> tuple[str, str]:
    """Return the page of what an alert is about, and how it is called; nothing where it is about no one thing."""
    if alert["clock_id"]:
        return (f"{DESK}/{alert['clock_id']}", "Open the clock") if clock is None else page_of(clock)
    is_due = alert["state"] != AlertState.RESOLVED
    return review_page(alert["review_id"], to_answer=is_due) if alert["review_id"] else ("", "")


def _quoted(alert: RowMapping, clock: Clock | None) -> list[str]:
    """Return what the review says that an alert is about."""
    if clock is None:
        return [each for each in (alert["title"], alert["excerpt"]) if each]
    said = (clock.about.title, clock.about.excerpt) if clock.about.review_id else ()
    return [each for each in said if each]
