"""Figures step by step are what a computation from scratch over the events says."""

import csv
import io
import json
import random
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from plaudit.common.contracts import Kind
from plaudit.common.ids import uuid7
from plaudit.scoring.figures.domain.catalogue import OF_ANSWERS, OF_RATINGS, OFFERED, Figure
from plaudit_testing.answered import SOURCES as ANSWERED
from plaudit_testing.answered import Told, answer
from plaudit_testing.lives import SOURCES, START, lived_by
from plaudit_testing.problems import problem_of
from plaudit_testing.review_events import review_state

pytestmark = pytest.mark.postgres

NOW = datetime.now(UTC)
FOR_EVER = datetime.max.replace(tzinfo=UTC)
MARCH = {"subject": "acme", "from": "2026-03-01T00:00:00Z", "to": "2026-03-08T00:00:00Z"}
OFFERED_OF_RATINGS = [each for each in OFFERED if each in OF_RATINGS]


async def read(api: httpx.AsyncClient, params: Mapping[str, Any]) -> dict[str, Any]:
    found = await api.get("/v1/figure-series", params=params)
    assert found.status_code == 200, found.text
    return found.json()


def by_definition(figure: Figure, ratings: list[float], days: float) -> tuple[int, float | None]:
    n = len(ratings)
    positive, negative = sum(each >= 3.5 for each in ratings), sum(each < 2.5 for each in ratings)
    match figure:
        case Figure.PACE:
            return n, n / days
        case Figure.RATIO:
            return positive + negative, positive / negative if negative else None
    if not n:
        return 0, None
    promoters, detractors = sum(each >= 4.5 for each in ratings), sum(each < 3.5 for each in ratings)
    return n, {
        Figure.MEAN: sum(ratings) / n,
        Figure.POSITIVE: positive / n,
        Figure.NEGATIVE: negative / n,
        Figure.NPS: 100 * (promoters - detractors) / n,
        Figure.CSAT: 100 * positive / n,
        Figure.CES: 1 + 1.5 * (sum(ratings) / n - 1),
    }[figure]


@pytest.mark.parametrize("has_cells", [False, True])
async def test_figures_of_ratings_are_of_the_reviews_that_were_rated_in_each_step(
    api, bus, large, has_cells: bool
) -> None:
    chance = random.Random(20261129)
    lives = await lived_by(bus, chance, 160, large if has_cells else None)
    kinds = {Figure.NPS: {Kind.NPS}, Figure.CSAT: {Kind.CSAT}, Figure.CES: {Kind.CES}}

    for step, days, zone, source_id in (
        ("day", 300, "Europe/Berlin", None),
        ("week", 900, "UTC", SOURCES[0].id),
        ("month", 1500, "Asia/Tokyo", None),
    ):
        start = START + timedelta(days=200, hours=7)
        found = await read(
            api,
            {
                "subject": ["acme", "globex"],
                "figure": OFFERED_OF_RATINGS,
                "step": step,
                "timezone": zone,
                "from": start.isoformat(),
                "to": (start + timedelta(days=days)).isoformat(),
                **({} if source_id is None else {"source_id": source_id}),
            },
        )
        states = [state for life in lives if (state := life.state(NOW, FOR_EVER))]
        assert [(each["subject"], each["figure"]) for each in found["items"]] == [
            (subject, figure) for subject in ("acme", "globex") for figure in OFFERED_OF_RATINGS
        ]
        seen = 0
        for each in found["items"]:
            figure = Figure(each["figure"])
            for point in each["points"]:
                begins, ends = (datetime.fromisoformat(point[name]) for name in ("from", "to"))
                ratings = [
                    state.rating
                    for state in states
                    if f"{state.subject}/".startswith(f"{each['subject']}/")
                    and begins <= state.rated_at < ends
                    and state.kind in kinds.get(figure, {Kind.STARS, Kind.THUMBS})
                    and source_id in {None, state.source.id}
                ]
                n, value = by_definition(figure, ratings, (ends - begins) / timedelta(days=1))
                assert (point["n"], point["value"]) == (n, value if value is None else pytest.approx(value))
                if point["interval"]:
                    assert point["interval"]["low"] <= point["value"] + 1e-9
                    assert point["value"] <= point["interval"]["high"] + 1e-9
                seen += n
        assert seen > 20


async def test_a_pace_is_of_what_has_passed_of_a_step_and_of_none_that_lies_ahead(api, bus) -> None:
    for hours in range(1, 41, 4):
        await bus.tell(None, review_state(5.0, "acme", rated_at=NOW - timedelta(hours=hours)))
    month = {"from": (NOW - timedelta(days=2)).isoformat(), "to": (NOW + timedelta(days=70)).isoformat()}

    found = await read(api, {"subject": "acme", "figure": "reviews_per_day", "step": "month", **month})

    points = found["items"][0]["points"]
    assert sum(point["n"] for point in points) == 10
    for point in points:
        begins, ends = (datetime.fromisoformat(point[name]) for name in ("from", "to"))
        if begins >= NOW + timedelta(minutes=5):
            assert (point["n"], point["value"], point["interval"]) == (0, None, None)
        else:
            wanted = point["n"] / ((min(ends, NOW) - begins) / timedelta(days=1))
            assert point["value"] == pytest.approx(wanted, rel=0.05)
    assert points[-1]["value"] is None


@pytest.fixture
async def answered(bus, answering) -> datetime:
    """On each of three days six reviews come; of them one, three and all are answered, after one hour and after 50."""
    day = datetime(2026, 3, 3, tzinfo=UTC)
    await bus.tell(None, review_state(1.0, "acme", rated_at=day, published_at=day))
    for number, soon in enumerate((1, 3, 6)):
        for hour in range(6):
            at = day + timedelta(days=number, hours=hour)
            state = review_state(1.0, "acme", source=ANSWERED[0], rated_at=at, published_at=at)
            told = [Told(str(uuid7()), 1, "review.created", at, None, state)]
            if hour < soon:
                replied_at = at + timedelta(hours=1 if hour % 2 == 0 else 50)
                replied = review_state(
                    1.0, "acme", source=ANSWERED[0], rated_at=at, published_at=at, answer=answer(replied_at)
                )
                told.append(Told(told[0].review_id, 2, "review.answered", replied_at, state, replied))
            await answering.tell(*told)
    return day


@pytest.mark.usefixtures("answered")
async def test_figures_of_answers_are_of_the_reviews_that_were_published_in_each_step(api) -> None:
    found = await read(api, {**MARCH, "figure": sorted(OF_ANSWERS)})
    of = {each["figure"]: each["points"] for each in found["items"]}

    def values(figure: Figure) -> list[float | None]:
        return [point["value"] for point in of[figure]][2:5]

    assert [point["n"] for point in of[Figure.ANSWERED]] == [0, 0, 6, 6, 6, 0, 0]
    assert values(Figure.ANSWERED) == [pytest.approx(1 / 6), pytest.approx(0.5), 1.0]
    assert values(Figure.ANSWERED_IN_A_DAY) == [pytest.approx(1 / 6), pytest.approx(2 / 6), pytest.approx(0.5)]
    assert values(Figure.ANSWERED_IN_3_DAYS) == [pytest.approx(1 / 6), pytest.approx(0.5), pytest.approx(1.0)]
    assert values(Figure.ANSWER_TIME) == [None, 50 * 3_600, 3_600]
    assert values(Figure.RECOVERY) == [0.0, 0.0, 0.0]
    other = await read(api, {**MARCH, "figure": "answered_share", "source_id": ANSWERED[1].id})
    assert [point["n"] for point in other["items"][0]["points"]] == [0] * 7


@pytest.mark.usefixtures("answered")
async def test_files_have_a_line_for_each_point(api) -> None:
    params = {**MARCH, "figure": ["mean", "answered_share"], "source_id": ANSWERED[0].id}
    items = (await read(api, params))["items"]
    wanted = [(each["figure"], point) for each in items for point in each["points"]]

    jsonl = await api.get("/v1/figure-series", params={**params, "format": "jsonl"})
    as_csv = await api.get("/v1/figure-series", params=params, headers={"accept": "text/csv"})

    of = {"subject": "acme", "source_id": ANSWERED[0].id, "origin": None}
    assert [json.loads(line) for line in jsonl.text.splitlines()] == [
        {**of, "figure": figure, **point} for figure, point in wanted
    ]
    rows = [*csv.DictReader(io.StringIO(as_csv.text))]
    assert [(row["figure"], row["label"], row["n"], row["source_id"]) for row in rows] == [
        (figure, point["label"], str(point["n"]), ANSWERED[0].id) for figure, point in wanted
    ]
    assert [float(row["value"]) if row["value"] else None for row in rows] == [point["value"] for _, point in wanted]
    assert [bool(row["low"]) for row in rows] == [point["interval"] is not None for _, point in wanted]


@pytest.mark.parametrize(
    ("params", "pointer", "words"),
    [
        ({"figure": "effective_reviews"}, "/figure/0", "`GET /v1/score-series` has scores"),
        ({"figure": "charm"}, "/figure/0", ""),
        ({"figure": "answered_share", "origin": "organic"}, "/origin", "Leave `origin` out"),
        ({"figure": "median_answer_seconds", "from": "2024-03-01T00:00:00Z"}, "/from", "366 days at most"),
        ({"figure": "mean", "to": "2026-03-01T00:00:00Z"}, "/to", "must be after `from`"),
        ({"figure": ["mean", "nps", "csat"], "step": "hour", "to": "2027-03-01T00:00:00Z"}, "/to", "20,000 points"),
    ],
)
async def test_what_cannot_be_is_refused_by_name(api, bus, params: dict[str, Any], pointer: str, words: str) -> None:
    await bus.tell(None, review_state(5.0, "acme"))

    found = await api.get("/v1/figure-series", params={**MARCH, **params})

    assert problem_of(found) == (422, "invalid-request")
    [error] = found.json()["errors"]
    assert error["pointer"] == pointer
    assert words in error["detail"]


@pytest.mark.parametrize("form", ["json", "csv"])
async def test_each_tenant_sees_its_own(api, bus, client_of, form: str) -> None:
    await bus.tell(None, review_state(5.0, "acme"))
    other = await client_of("other")

    found = await other.get("/v1/figure-series", params={**MARCH, "figure": "mean", "format": form})

    assert problem_of(found) == (422, "unknown-subject")
