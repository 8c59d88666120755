"""The console's page of figures: how one moved, step by step."""

import asyncio
from datetime import datetime, timedelta
from typing import Annotated, Final, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Request
from markupsafe import Markup
from starlette.responses import Response

from plaudit.common.http import Principal, TenantTx
from plaudit.common.numerals import counted
from plaudit.common.pages.charts import Band, Series, time_chart
from plaudit.common.sessions import ConsolePages, staff
from plaudit.scoring.figures import store
from plaudit.scoring.figures.domain.answering import OF_WAITS
from plaudit.scoring.figures.domain.catalogue import FIGURES, OF_ANSWERS, OFFERED, Figure, Form, shown
from plaudit.scoring.figures.domain.over_time import FigurePoint, points
from plaudit.scoring.scores import store as scores
from plaudit.scoring.scores.api import NamedProfile
from plaudit.scoring.scores.pages import Words, asked_of, of_unknown, source_choices, steps_to
from plaudit.scoring.series.domain import Step, spans, usual_start

OVER_TIME: Final = "/console/scores/figures"
UTC_ZONE: Final = ZoneInfo("UTC")
A_YEAR: Final = timedelta(days=365)
A_MONTH: Final = timedelta(days=31)
PAST: Final = {Step.DAY: timedelta(days=90), Step.WEEK: A_YEAR, Step.MONTH: 3 * A_YEAR}
"""How much of the past is shown in whole steps of a length; of how soon reviews are answered, a year at most."""
FIRST: Final = Figure.MEAN
"""What is shown until another figure is chosen."""
LATEST_STEPS: Final = 12
"""So many are listed at once; the others, which the chart has as well, are unfolded."""
STEP_NAMES: Final = {Step.DAY: "days", Step.WEEK: "weeks", Step.MONTH: "months"}

router = APIRouter(include_in_schema=False)
console = ConsolePages("plaudit.scoring.figures", "plaudit.scoring.insight")
Staff = Annotated[Principal, Depends(staff("scores:read"))]


class Axis(NamedTuple):
    """How values are drawn."""

    factor: float
    unit: str


AXES: Final = {
    Form.NUMBER: Axis(1, ""),
    Form.SHARE: Axis(100, "percent"),
    Form.PERCENT: Axis(1, "percent"),
    Form.POINTS: Axis(1, "points"),
    Form.DAYS: Axis(1, "days"),
    Form.SECONDS: Axis(1 / 3_600, "hours"),
}


@router.get(OVER_TIME)
async def show_figures_over_time(
    request: Request,
    principal: Staff,
    tx: TenantTx,
    profile: NamedProfile,
    subject: Words = "",
    figure: Words = FIRST.value,
    step: Words = Step.WEEK.value,
    source: Words = "",
) -> Response:
    """Show how a figure moved; what is none of those that are offered counts as what stands there first.

    No profile weighs here. It is kept for the pages that this one leads to, and that it was led to from.
    """
    typed = asked_of({"subject": subject.strip().strip("/")}, {})
    subject = typed.values["subject"]
    if subject and not typed.errors and not await scores.is_known(tx, principal.tenant_id, subject):
        typed = of_unknown(typed, await scores.unknown_subject(tx, principal.tenant_id, subject))
    wanted = Figure(figure) if figure in OFFERED else FIRST
    length = Step(step) if step in PAST else Step.WEEK
    offered = await source_choices(tx, principal.tenant_id)
    source = source if source in offered else ""
    found: list[FigurePoint] = []
    if subject and not typed.errors:
        past = min(PAST[length], A_YEAR - A_MONTH) if wanted in OF_WAITS else PAST[length]
        steps = spans(usual_start(tx.now, length, UTC_ZONE, past), tx.now, length, UTC_ZONE)
        of = UUID(source) if source else None, None
        read = await store.over_time(
            tx, tenant_id=principal.tenant_id, subject=subject, figures=[wanted], steps=steps, of=of
        )
        # In a thread, so that other requests are answered meanwhile.
        found = await asyncio.to_thread(lambda: [*points(wanted, read, steps)])
    return await console.response(
        request,
        principal,
        tx,
        "figures.html",
        status=typed.status,
        further=steps_to(subject, profile, "Figures over time") if found else ("Figures over time",),
        subject=subject,
        profile=profile,
        typed=typed,
        figure=wanted,
        figures={each.value: FIGURES[each].title for each in OFFERED},
        step=length.value,
        steps={each.value: STEP_NAMES[each] for each in PAST},
        source=source,
        sources=offered,
        points=found[::-1],
        latest=LATEST_STEPS,
        chart=_chart(wanted, found, tx.now) if any(each.window.value is not None for each in found) else "",
        shown=shown,
        unit=AXES[FIGURES[wanted].form].unit or FIGURES[wanted].unit,
        is_of_answers=wanted in OF_ANSWERS,
        path=OVER_TIME,
    )


def _chart(figure: Figure, found: list[FigurePoint], now: datetime) -> Markup:
    """Return the chart of a figure with its intervals."""
    about = FIGURES[figure]
    axis = AXES[about.form]
    ends = [
        (None, None, None)
        if each.window.value is None
        else (each.window.value, *(each.window.interval or (None, None)))
        for each in found
    ]
    values, lows, highs = (
        [None if value is None else value * axis.factor for value in column] for column in zip(*ends, strict=True)
    )
    return time_chart(
        [each.span.start for each in found],
        [Series(axis.unit or about.title, values)],
        title="Begins (UTC)",
        summary=_summary(figure, found),
        now=now,
        band=Band("95 % between", lows, highs),
    )


def _summary(figure: Figure, found: list[FigurePoint]) -> str:
    """Return what the chart shows, in a sentence."""
    there = [each for each in found if each.window.value is not None]
    first, last = there[0], there[-1]
    reviews = counted(sum(each.window.n for each in found), "review")
    return (
        f"{FIGURES[figure].title} went from {shown(figure, first.window.value)} in the step from {first.span.label} to "
        f"{shown(figure, last.window.value)} in that from {last.span.label}, of {reviews} in all."
    )
