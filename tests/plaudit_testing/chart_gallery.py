"""A page of every kind of chart, as a score's page would show them, for browsers to try."""

import math
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

from fastapi import APIRouter, Depends
from markupsafe import Markup
from starlette.responses import HTMLResponse

from plaudit.common.http import Api, create_app
from plaudit.common.http.auth import anyone
from plaudit.common.pages import Pages
from plaudit.common.pages.charts import (
    Band,
    Mark,
    Series,
    Threshold,
    distribution,
    line_chart,
    small_multiples,
    sparkline,
    time_chart,
)
from plaudit.common.pages.static import PageAssets

NOW = datetime(2026, 3, 14, tzinfo=UTC)
WEEKS = [NOW + timedelta(weeks=n) for n in range(-40, 20)]
HEAD = """{% extends "base.html" %}
{% import "parts.html" as part %}
{% block head %}{{ part.chart_head(libraries) }}{% endblock %}
{% block main %}<h1>Charts</h1>
{% for heading, chart in charts.items() %}
<section class="card"><h2>{{ heading }}</h2>{{ chart }}</section>
{% endfor %}{% endblock %}
"""


def wave(level: float, height: float, phase: float) -> list[float]:
    """A score that goes up and down, and to 3.5 after the present."""
    past = [level + height * math.sin(n / 6 + phase) for n in range(41)]
    coming = [3.5 + (past[-1] - 3.5) * 0.5 ** (n / 26) for n in range(1, 20)]
    return [round(value, 2) for value in past + coming]


def at(week: int, day: int = 0) -> datetime:
    return NOW + timedelta(weeks=week, days=day)


MARKS = [
    Mark(at(-35, 2), "2.4", kind="release"),
    Mark(at(-22, 3), "till was down", kind="incident"),
    Mark(at(-9), "refunds", kind="request"),
]
CLOSE = [
    Mark(at(-30), "The returns page explains the deposit", kind="content"),
    Mark(at(-12), "Release 2.4 of the app, with a new checkout", kind="release"),
    Mark(at(-11), "Payments were down for three hours on a Saturday", kind="incident"),
    Mark(at(-10, 4), "Refunds at the till, as 214 people asked", kind="request"),
    Mark(at(-1, 3), "Release 2.5", kind="release"),
]


def charts() -> dict[str, Markup]:
    """Heading → chart."""
    score = wave(4.2, 0.3, 0)
    spread = [0.06 + 0.004 * max(n - 40, 0) for n in range(60)]
    return {
        "A score with all there is": time_chart(
            WEEKS,
            [Series("kite-coffee", score)],
            title="Week",
            summary="The score of kite-coffee went between 3.9 and 4.5; it falls to 4 by July.",
            now=NOW,
            marks=MARKS,
            thresholds=[Threshold(4.5, "goal"), Threshold(4.0, "at least")],
            band=Band(
                "95 % interval",
                [round(value - by, 2) for value, by in zip(score, spread, strict=True)],
                [round(value + by, 2) for value, by in zip(score, spread, strict=True)],
            ),
            has_area=True,
        ),
        "Marks whose words have no room": time_chart(
            WEEKS,
            [Series("kite-coffee", score)],
            title="Week",
            summary="The same score, and five things that happened.",
            now=NOW,
            marks=CLOSE,
        ),
        "Four subjects": time_chart(
            WEEKS,
            [
                Series(name, wave(level, 0.2, n))
                for n, (name, level) in enumerate(
                    {
                        "northlight-bikes": 4.2,
                        "northlight-bikes/rotterdam": 4.0,
                        "northlight-bikes/rotterdam/central-station": 3.9,
                        "northlight-bikes/utrecht": 4.4,
                    }.items()
                )
            ],
            title="Week",
            summary="Four subjects between 3.7 and 4.6.",
            now=NOW,
        ),
        "Hours, with a gap": time_chart(
            [NOW + timedelta(hours=n) for n in (0, 1, 2, 5, 6, 9, 10, 14, 20, 23)],
            [Series("acme", [4, 4.1, 4.2, None, 4.1, 4.1, 4.0, 4.3, 4.2, 4.2])],
            title="Hour",
            summary="A day of acme.",
        ),
        "Hours until the present, some alone": time_chart(
            [NOW + timedelta(hours=n) for n in range(9)],
            [Series("globex", [4.0, None, 4.4, None, 4.1, 4.2, 4.2, None, 4.3])],
            title="Hour",
            summary="Nine hours of globex.",
            now=NOW + timedelta(hours=8, minutes=40),
        ),
        "Counts over labels": line_chart(
            [f"{n} March" for n in range(1, 18)],
            [
                Series("due", [3, 5, 8, 13, 9, 4, 2, 6, 9, 11, 8, 5, 3, 7, 6, 2, 1]),
                Series("late", [0, 1, 1, 3, 2, 0, 0, 1, 0, 2, 1, 0, 0, 1, None, None, None], "bad"),
            ],
            title="Day",
            summary="Answers due each day.",
            now=13,
        ),
        "Small": Markup("<p>acme {}</p>").format(sparkline(score[:41], "acme rose from 4.2 to 4.3"))
        + small_multiples(
            [Series("acme/berlin", score[:41]), Series("acme/porto", wave(3.9, 0.1, 2)[:41]), Series("acme/new", [])],
            addresses={"acme/berlin": "#berlin"},
        ),
        "Stars": distribution([214, 87, 3, 412, 1204], title="Ratings of the last 90 days"),
    }


def gallery(assets: PageAssets) -> Api:
    """Return an application whose page `/charts` shows all charts."""
    site = Pages()
    template = site._environment.from_string(HEAD)
    router = APIRouter()

    @router.get("/charts", dependencies=[Depends(anyone)], include_in_schema=False)
    async def show() -> HTMLResponse:
        return HTMLResponse(template.render(libraries=assets.libraries, charts=charts()))

    return create_app(
        title="Charts",
        service="charts",
        description="",
        resources=SimpleNamespace(database=None),
        routers=[router],
        pages=True,
        assets=assets,
    )
