"""The overview, the desk, and one clock beside the list."""

from collections.abc import Sequence
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from markupsafe import Markup
from starlette.responses import RedirectResponse, Response

from plaudit.alerting.alerts.store import alerts as alert_store
from plaudit.alerting.clocks.api import ownership
from plaudit.alerting.desk import store
from plaudit.alerting.desk.pages.shared import (
    SOON,
    Asked,
    Shown,
    Staff,
    console,
    desk_page,
    figures,
    helpers,
    waiting,
)
from plaudit.alerting.mails.domain.words import DESK
from plaudit.alerting.set_aside import store as set_aside
from plaudit.alerting.set_aside.pages import SET_ASIDE
from plaudit.common.http import Cursor, TenantTx, not_found
from plaudit.common.http.auth import anyone
from plaudit.common.pages.charts import Series, line_chart
from plaudit.common.pages.navigation import HOME

OVERVIEW_ROWS: Final = 6
PAST_DAYS: Final = 13
COMING_DAYS: Final = 3
CAPPED: Final = (
    f"No more than {store.MAX_COUNTED:,} are counted for a day: where that many are drawn, at least so many were due, "
    "and at least so many of them late."
)
CLOCKS: Final = "/console/clocks"
"""Where the clocks stood before; older mails lead there."""
ALERT_LOOKS: Final = {"open": "bad", "acknowledged": "warn", "resolved": "quiet"}

router = APIRouter(include_in_schema=False)
Month = Annotated[str, Query(max_length=7)]


@router.get("/", dependencies=[Depends(anyone)])
async def lead_to_the_console() -> Response:
    """Lead to the console: this service has no public page."""
    return RedirectResponse(HOME, 303)


@router.get(CLOCKS, dependencies=[Depends(anyone)])
async def lead_to_the_desk(request: Request) -> Response:
    """Lead to the desk, which shows the clocks."""
    return RedirectResponse(f"{DESK}?{request.url.query}" if request.url.query else DESK, 303)


@router.get(f"{CLOCKS}/{{clock_id}}", dependencies=[Depends(anyone)])
async def lead_to_the_clock(clock_id: UUID) -> Response:
    """Lead to the page of a clock."""
    return RedirectResponse(f"{DESK}/{clock_id}", 303)


@router.get(HOME)
async def show_overview(request: Request, principal: Staff, tx: TenantTx) -> Response:
    """Show what waits: figures, the clocks that are due first, the newest alerts, and the last two weeks."""
    tenant_id = principal.tenant_id
    counts = await store.counts(tx, tenant_id, SOON)
    days = await store.days(tx, tenant_id, PAST_DAYS, COMING_DAYS)
    whose = await ownership(request, tx, tenant_id)
    return await console.response(
        request,
        principal,
        tx,
        "overview.html",
        counts=await waiting(principal, tx, counts),
        figures=[*figures(counts), *_share(days)],
        undelivered=counts["undelivered"],
        set_aside=await set_aside.count(tx, tenant_id, store.MAX_COUNTED),
        set_aside_path=SET_ASIDE,
        clocks=await store.waiting_clocks(tx, tenant_id, whose, limit=OVERVIEW_ROWS),
        alerts=await alert_store.list_alerts(tx, tenant_id, limit=OVERVIEW_ROWS),
        chart=_chart(days) if any(day["due"] for day in days) else None,
        chart_note=CAPPED if _is_capped(days) else "",
        alert_looks=ALERT_LOOKS,
        **helpers(tx.now),
    )


@router.get(DESK)
async def show_desk(
    request: Request, principal: Staff, tx: TenantTx, asked: Asked, cursor: Cursor = None, month: Month = ""
) -> Response:
    """Show the clocks that wait for an answer, the one that is due first at the top, and beside them that one."""
    return await desk_page(request, principal, tx, asked, cursor, Shown(month=month))


@router.get(f"{DESK}/{{clock_id}}")
async def show_clock(
    request: Request,
    principal: Staff,
    tx: TenantTx,
    clock_id: UUID,
    asked: Asked,
    cursor: Cursor = None,
    month: Month = "",
) -> Response:
    """Show one clock beside the list."""
    clock = await store.read_clock(tx, principal.tenant_id, await ownership(request, tx, principal.tenant_id), clock_id)
    if clock is None:
        raise not_found("clock")
    return await desk_page(request, principal, tx, asked, cursor, Shown(clock=clock, month=month))


def _share(days: Sequence[Any]) -> list[tuple[str, str, str]]:
    """Return the figure of what was answered in time; nothing where nothing was due, or too much to count."""
    passed, late = sum(day["passed"] for day in days), sum(day["late"] for day in days)
    if not passed or _is_capped(days):
        return []
    share = f"{100 * (passed - late) / passed:.1f}".removesuffix(".0")
    return [(f"{share} %", f"answered in time, {PAST_DAYS + 1} days (n = {passed:,})", "")]


def _is_capped(days: Sequence[Any]) -> bool:
    """Say whether more was due on a day than is counted."""
    return any(day["due"] >= store.MAX_COUNTED for day in days)


def _chart(days: Sequence[Any]) -> Markup:
    """Return the chart of answers due on each day, and of those that were late; to come is only what still runs."""
    now = PAST_DAYS
    due = [day["due"] if n <= now else day["running"] for n, day in enumerate(days)]
    late = [day["late"] if n <= now else None for n, day in enumerate(days)]
    past = days[: now + 1]
    least = "at least " if _is_capped(past) else ""
    return line_chart(
        [f"{day['day']:%-d %B}" if n != now else "today" for n, day in enumerate(days)],
        [Series("due", due), Series("late", late, "bad")],
        title="Day (UTC)",
        summary=(
            f"Answers due each day: {least}{sum(day['due'] for day in past):,} in the last {len(past)} days, "
            f"{least}{sum(day['late'] for day in past):,} of them late."
        ),
        now=now,
    )
