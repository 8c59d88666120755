"""The console's pages of what waits: the overview, and the clocks with one of them beside the list."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Annotated, Any, Final, Literal
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from markupsafe import Markup
from starlette.responses import RedirectResponse, Response

from plaudit.alerting.alerts import store as alert_store
from plaudit.alerting.clocks import store as clock_store
from plaudit.alerting.clocks.domain.about import AboutKind, is_web_address
from plaudit.alerting.clocks.domain.clock_events import (
    Breached,
    Cancelled,
    ClockEvent,
    Fulfilled,
    Retracted,
    Started,
    Unknown,
    Warned,
    kind_of,
)
from plaudit.alerting.desk import store
from plaudit.alerting.mails.domain.words import CLOCKS, REVIEWS, UNTOLD, duration
from plaudit.common.db import SqlTx
from plaudit.common.http import Cursor, Principal, TenantTx, cut_page, decode_cursor, not_found
from plaudit.common.http.auth import anyone
from plaudit.common.pages.charts import Series, line_chart
from plaudit.common.pages.navigation import HOME
from plaudit.common.sessions import ConsolePages, staff

ROWS: Final = 20
OVERVIEW_ROWS: Final = 6
SOON: Final = timedelta(hours=4)
PAST_DAYS: Final = 13
COMING_DAYS: Final = 3
_REASONS: Final = {
    "published": "the review was published",
    "lowered": "the customer lowered the rating",
    "restored": "the review was removed, and is back",
    "answer_removed": "the answer was removed",
    "removed": "the review was removed",
    "no_longer_negative": "the review is no longer negative",
    "worsened": "the review says something drastic",
    "erased": "the review was erased",
    "opened": "the incident was opened",
    "updated": "the last update was published",
    "severity_changed": "the incident became more severe",
    "aware": "the company became aware of a data breach",
    "anchor_corrected": "the instant that it counts from was corrected",
    "resolved": "the incident is resolved",
    "answered_in_time": "the answer was in time, and we learned it late",
    "cancelled_in_time": "it had ended in time, and we learned it late",
}
_HAPPENED: Final[Mapping[type[ClockEvent], str]] = {
    Fulfilled: "The answer was published.",
    Unknown: "The due time passed. Whether it was answered by then is not told here.",
}
_ALERT_LOOKS: Final = {"open": "bad", "acknowledged": "warn", "resolved": "quiet"}

router = APIRouter(include_in_schema=False)
console = ConsolePages("plaudit.alerting.desk")
Staff = Annotated[Principal, Depends(staff("clocks:read", "alerts:read"))]
Show = Annotated[
    Literal["late", "next", "unknown"] | None,
    Query(description="Only what is late, what is due next, or of what nobody knows whether it was answered."),
]


@router.get("/", dependencies=[Depends(anyone)])
async def lead_to_the_console() -> Response:
    """Lead to the console: this service has no public page."""
    return RedirectResponse(HOME, 303)


@router.get(HOME)
async def show_overview(request: Request, principal: Staff, tx: TenantTx) -> Response:
    """Show what waits: figures, the clocks that are due first, the newest alerts, and the last two weeks."""
    tenant_id = principal.tenant_id
    counts = await store.counts(tx, tenant_id, SOON)
    days = await store.days(tx, tenant_id, PAST_DAYS, COMING_DAYS)
    return await console.response(
        request,
        principal,
        tx,
        "overview.html",
        counts=_waiting(counts),
        figures=_figures(counts, days),
        undelivered=counts["undelivered"],
        clocks=await store.waiting_clocks(tx, tenant_id, limit=OVERVIEW_ROWS),
        alerts=await alert_store.list_alerts(tx, tenant_id, limit=OVERVIEW_ROWS),
        chart=_chart(days) if any(day["due"] for day in days) else None,
        alert_looks=_ALERT_LOOKS,
        **_helpers(tx.now),
    )


@router.get(CLOCKS)
async def show_clocks(
    request: Request, principal: Staff, tx: TenantTx, show: Show = None, cursor: Cursor = None
) -> Response:
    """Show the clocks that wait for an answer, the one that is due first at the top, and beside them that one."""
    return await _clocks_page(request, principal, tx, show, cursor, None)


@router.get(f"{CLOCKS}/{{clock_id}}")
async def show_clock(
    request: Request, principal: Staff, tx: TenantTx, clock_id: UUID, show: Show = None, cursor: Cursor = None
) -> Response:
    """Show one clock beside the list."""
    clock = await clock_store.read_clock(tx, principal.tenant_id, clock_id)
    if clock is None:
        raise not_found("clock")
    return await _clocks_page(request, principal, tx, show, cursor, clock)


async def _clocks_page(
    request: Request, principal: Principal, tx: SqlTx, show: str | None, cursor: str | None, chosen: Any
) -> Response:
    tenant_id = principal.tenant_id
    counts = await store.counts(tx, tenant_id, SOON)
    list_path = CLOCKS + _query(show=show)
    after = decode_cursor(cursor, tuple[datetime, UUID], of=list_path) if cursor else None
    found = await store.waiting_clocks(tx, tenant_id, show=show, after=after, limit=ROWS + 1)
    listed, following = cut_page(found, ROWS, lambda clock: (clock["due_at"], clock["id"]), of=list_path)
    selected = chosen or (listed[0] if listed else None)
    log = await clock_store.log_of(tx, tenant_id, selected["id"]) if selected else []
    return await console.response(
        request,
        principal,
        tx,
        "clocks.html",
        further=(_title(chosen),) if chosen else (),
        counts=_waiting(counts),
        figures=_figures(counts),
        clocks=listed,
        selected=selected,
        is_chosen=chosen is not None,
        log=[(event.at, _happened(event)) for event, _ in log],
        show=show,
        query=_query(show=show, cursor=cursor),
        list_path=list_path,
        next=following,
        is_first=cursor is None,
        reasons=_REASONS,
        **_helpers(tx.now),
    )


def _waiting(counts: dict[str, int]) -> dict[str, str]:
    """Return what the navigation counts: every clock that waits for an answer."""
    waiting = counts["late"] + counts["running"]
    return {CLOCKS: _count(waiting) if waiting else ""}


def _figures(counts: dict[str, int], days: Sequence[Any] = ()) -> list[tuple[str, str, str]]:
    """Return the figures that answer whether it is good now: value, words, look."""
    figures = [
        (_count(counts["late"]), "late", "late" if counts["late"] else ""),
        (_count(counts["soon"]), f"due within {SOON // timedelta(hours=1)} hours", "soon" if counts["soon"] else ""),
        (_count(counts["running"]), "running in all", ""),
        *([(_count(counts["unknown"]), "unknown: answers not told", "")] if counts["unknown"] else ()),
        (_count(counts["alerts"]), "open alerts" if counts["alerts"] != 1 else "open alert", ""),
    ]
    passed, late = sum(day["passed"] for day in days), sum(day["late"] for day in days)
    if passed and all(day["due"] < store.MAX_COUNTED for day in days):
        share = f"{100 * (passed - late) / passed:.1f}".removesuffix(".0")
        figures.append((f"{share} %", f"answered in time, {PAST_DAYS + 1} days (n = {passed:,})", ""))
    return figures


def _chart(days: Sequence[Any]) -> Markup:
    """Return the chart of answers due on each day, and of those that were late; to come is only what still runs."""
    now = PAST_DAYS
    due = [day["due"] if n <= now else day["running"] for n, day in enumerate(days)]
    late = [day["late"] if n <= now else None for n, day in enumerate(days)]
    past = days[: now + 1]
    return line_chart(
        [f"{day['day']:%-d %B}" if n != now else "today" for n, day in enumerate(days)],
        [Series("due", due), Series("late", late, "bad")],
        title="Day (UTC)",
        summary=(
            f"Answers due each day: {sum(day['due'] for day in past):,} in the last {len(past)} days, "
            f"{sum(day['late'] for day in past):,} of them late."
        ),
        now=now,
    )


def _happened(event: ClockEvent) -> str:
    """Return an entry of a clock's log in words."""
    match event:
        case Started():
            return f"The clock started: {_REASONS[event.reason]}."
        case Warned():
            return f"{f'{event.percent} %' if event.percent else event.after} of the time had passed."
        case Breached():
            return "No answer in time" + (", as far as could be read by then." if event.provisional else ".")
        case Cancelled():
            return f"No answer is due any more: {_REASONS[event.reason]}."
        case Retracted():
            return f"The breach was taken back: {_REASONS[event.reason]}."
        case _:
            return _HAPPENED.get(type(event)) or f"{kind_of(event).replace('_', ' ').capitalize()}."


def _title(clock: Any) -> str:
    if clock["erased_at"] is not None:
        return f"Erased review of {clock['subject']}"
    if clock["about_kind"] == AboutKind.INCIDENT:
        return f"Incident: {clock['title']}"
    return clock["title"] or f"{clock['stars']}-star review of {clock['subject']}"


def _count(number: int) -> str:
    return f"{number:,}+" if number >= store.MAX_COUNTED else f"{number:,}"


def _query(**parameters: str | None) -> str:
    given = {name: value for name, value in parameters.items() if value}
    return f"?{urlencode(given)}" if given else ""


def _helpers(now: datetime) -> dict[str, Any]:
    """Return what the templates use beyond their rows."""
    return {
        "now": now,
        "soon": SOON,
        "duration": duration,
        "is_web_address": is_web_address,
        "title_of": _title,
        "clocks_path": CLOCKS,
        "reviews_path": REVIEWS,
        "untold": UNTOLD,
    }
