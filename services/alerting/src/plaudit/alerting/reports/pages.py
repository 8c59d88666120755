"""The console's page of reports: how much is in time, how soon, what became of ratings, what to look up."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Annotated, Any, Final, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Request
from markupsafe import Markup
from starlette.responses import Response

from plaudit.alerting.clocks.api import ownership
from plaudit.alerting.mails.domain.words import DESK
from plaudit.alerting.policies.domain.metrics import METRICS, Metric
from plaudit.alerting.reports.api.common import lines_of_report
from plaudit.alerting.reports.api.effects import lines_of_effects
from plaudit.alerting.reports.api.to_look_up import week_of
from plaudit.alerting.reports.domain import words
from plaudit.alerting.reports.domain.asked import (
    LATE,
    LIVE,
    OF_REVIEWS,
    Asked,
    Dimension,
    Start,
    TimeKind,
    TooMuchError,
    Window,
)
from plaudit.alerting.reports.domain.compliance import Compliance
from plaudit.alerting.reports.domain.effects import Bucket
from plaudit.alerting.reports.domain.groups import Report
from plaudit.alerting.reports.domain.look_up import MAX_LINES
from plaudit.alerting.reports.schemas import (
    CAUTION,
    COMPLIANCE_FIELDS,
    EFFECT_FIELDS,
    TIMES_FIELDS,
    UNKNOWN_HEAD,
    compliance_row,
    effect_row,
    head_of,
    times_row,
    unknown_row,
)
from plaudit.alerting.reports.store import look_up
from plaudit.alerting.reports.store.clocks import compliance_of, times_of_clocks
from plaudit.alerting.reports.store.effects import effects_of_answers
from plaudit.common.http import Principal, TenantTx
from plaudit.common.http.files import BYTE_ORDER_MARK, csv_lines
from plaudit.common.http.parameters import parameters
from plaudit.common.pages.charts import Band, Series, time_chart
from plaudit.common.refusals import sentence
from plaudit.common.sessions import ConsolePages, staff

REPORTS: Final = "/console/reports"
DAYS: Final = {30: "30 days", 90: "90 days", 365: "a year"}
BY: Final = {
    Dimension.OWNER: "owner",
    Dimension.SOURCE: "source",
    Dimension.SEVERITY: "severity",
    Dimension.METRIC: "what is due",
    Dimension.SUBJECT: "subject",
    Dimension.MONTH: "month",
    Dimension.ARRIVAL: "when we learned of it",
}
TIMES: Final = {TimeKind.BUSINESS: "open hours, without pauses", TimeKind.CALENDAR: "every hour counts"}
STARTS: Final = {Start.PUBLICATION: "when it was published", Start.RECEIPT: "when we received it"}
MAX_LOOKED_UP: Final = 10_000
File = Literal["compliance", "response-times", "effects", "to-look-up"]

router = APIRouter(include_in_schema=False)
console = ConsolePages("plaudit.alerting.reports")
Reader = Annotated[Principal, Depends(staff("clocks:read"))]


class Chosen:
    """What the form of the page says; what it cannot say is as if it said nothing."""

    def __init__(self, days: str = "", by: str = "", time: str = "", start: str = "") -> None:
        """Read the fields of the form."""
        self.days = int(days) if days in map(str, DAYS) else next(iter(DAYS))
        self.by = Dimension(by) if by in set(BY) else Dimension.SOURCE
        self.time = TimeKind(time) if time in set(TIMES) else TimeKind.BUSINESS
        self.start = Start(start) if start in set(STARTS) else Start.PUBLICATION

    @property
    def query(self) -> str:
        """The same as the query of an address."""
        return urlencode({"days": self.days, "by": self.by, "time": self.time, "start": self.start})

    def asked(self, now: datetime) -> Asked:
        """Return what is asked for, up to now."""
        window = Window(now - timedelta(days=self.days), now)
        return Asked(window=window, by=(self.by,), time=self.time, start=self.start)


OfForm = Annotated[Chosen, Depends(parameters(Chosen))]


@router.get(REPORTS)
async def show_reports(request: Request, principal: Reader, tx: TenantTx, chosen: OfForm) -> Response:
    """Show the reports of the last days, each with the numbers that it rests on."""
    of = chosen.asked(tx.now)
    refused, told = "", {}
    try:
        told = await _told(request, principal.tenant_id, tx, of)
    except TooMuchError as error:
        refused = sentence(error)
    return await console.response(
        request,
        principal,
        tx,
        "reports.html",
        chosen=chosen,
        window=of.window,
        days=DAYS,
        by=BY,
        times=TIMES,
        starts=STARTS,
        words=words,
        caution=CAUTION,
        buckets=words.BUCKETS,
        metrics={metric.value: rules.title for metric, rules in METRICS.items()},
        is_of_reviews=chosen.by in OF_REVIEWS,
        reports_path=REPORTS,
        clocks_path=DESK,
        most=MAX_LINES,
        refused=refused,
        **{"chart": None, **told},
    )


@router.get(f"{REPORTS}/{{name}}.csv")
async def export_report(request: Request, principal: Reader, tx: TenantTx, name: File, chosen: OfForm) -> Response:
    """Give one of the reports as a file."""
    head, rows = await _rows(request, principal.tenant_id, tx, name, chosen.asked(tx.now))
    return Response(
        BYTE_ORDER_MARK + csv_lines([head, *rows]),
        media_type="text/csv",
        headers={"Content-Disposition": f'attachment; filename="{name}.csv"', "Cache-Control": "no-store"},
    )


async def _told(request: Request, tenant_id: str, tx: TenantTx, of: Asked) -> dict[str, Any]:
    """Return what the page shows."""
    whose = await ownership(request, tx, tenant_id)
    weekly = await compliance_of(tx, tenant_id, replace(of, by=(Dimension.WEEK,)), whose)
    effects = await effects_of_answers(tx, tenant_id, replace(of, by=()))
    never = effects.all.buckets[Bucket.NEVER]
    compliance = await compliance_of(tx, tenant_id, of, whose)
    times = await times_of_clocks(tx, tenant_id, replace(of, metric=Metric.FIRST_ANSWER), whose)
    apart = replace(of, metric=Metric.FIRST_ANSWER, by=(Dimension.ARRIVAL,))
    by_arrival = {
        each.key.values[0]: each.figures for each in (await times_of_clocks(tx, tenant_id, apart, whose)).groups
    }
    return {
        "compliance": compliance,
        "compliance_said": words.compliance_in_words(compliance.all),
        "chart": _chart(weekly, of.window) if len(weekly.groups) > 1 else None,
        "response": times,
        "response_said": words.times_in_words(times.all),
        "arrival_said": words.arrival_in_words(by_arrival.get(LIVE), by_arrival.get(LATE)),
        "effects": effects.all,
        "effects_said": words.effect_in_words(effects.all.answered, never),
        "to_look_up": await look_up.to_look_up(tx, tenant_id, week_of(None, None, tx.now)),
    }


async def _rows(
    request: Request, tenant_id: str, tx: TenantTx, name: File, of: Asked
) -> tuple[Sequence[str], list[list[str]]]:
    """Return the head and the lines of a file."""
    match name:
        case "compliance":
            compliance = await compliance_of(tx, tenant_id, of, await ownership(request, tx, tenant_id))
            row = partial(compliance_row, of)
            return head_of(of.by, COMPLIANCE_FIELDS), [row(group) for group in lines_of_report(compliance)]
        case "response-times":
            of = replace(of, metric=Metric.FIRST_ANSWER)
            times = await times_of_clocks(tx, tenant_id, of, await ownership(request, tx, tenant_id))
            return head_of(of.by, TIMES_FIELDS), [times_row(of, group) for group in lines_of_report(times)]
        case "effects":
            of = replace(of, by=tuple(each for each in of.by if each in OF_REVIEWS))
            effects = await effects_of_answers(tx, tenant_id, of)
            return head_of(of.by, EFFECT_FIELDS), [effect_row(of, *each) for each in lines_of_effects(effects)]
        case "to-look-up":
            found = await look_up.listed(tx, tenant_id, week_of(None, None, tx.now), None, MAX_LOOKED_UP)
            return UNKNOWN_HEAD, [unknown_row(each) for each in found]


def _chart(weekly: Report[Compliance], window: Window) -> Markup:
    """Return the chart of the share in time by week, with its interval; a week in which nothing was due has none."""
    by_week = {date.fromisoformat(group.key.values[0] or ""): group.figures for group in weekly.groups}
    first = min(by_week)
    count = (window.end.date() - first).days // 7 + 1
    weeks = [first + timedelta(weeks=number) for number in range(count)]
    found = [by_week.get(week, Compliance()) for week in weeks]
    shares = [None if each.share is None else 100 * each.share for each in found]
    bounds = [each.interval for each in found]
    told = [each.counted for each in found if each.counted]
    return time_chart(
        [datetime(week.year, week.month, week.day, tzinfo=UTC) for week in weeks],
        [Series("% in time", shares)],
        title="Week from (UTC)",
        summary=(
            f"Percent in time by week of the due time, {len(told)} weeks with {sum(told):,} clocks in all: "
            f"{words.percent(weekly.all.share)} together."
        ),
        band=Band(
            "95 % interval",
            [None if each is None else 100 * each.low for each in bounds],
            [None if each is None else 100 * each.high for each in bounds],
        ),
        from_zero=True,
        holding=[100],
    )
