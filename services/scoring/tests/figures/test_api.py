"""Figures over HTTP are what a computation from scratch over the events says."""

import math
import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from plaudit.common.contracts import Kind, Origin, ReviewState
from plaudit.scoring.figures.domain.catalogue import FIGURES
from plaudit.scoring.figures.schemas.at_an_instant import FiguresOut
from plaudit_testing.lives import DAYS, SOURCES, START, Life, lived_by
from plaudit_testing.problems import problem_of
from plaudit_testing.review_events import review_state

pytestmark = pytest.mark.postgres

HALF_LIVES = {"trust": 182.5, "recent": 30.0, "lifetime": math.inf}
A_DAY = timedelta(days=1)
FOR_EVER = datetime.max.replace(tzinfo=UTC)
STARS = {Kind.STARS, Kind.THUMBS}


def standing(
    lives: Sequence[Life], subject: str, at: datetime, source_id: str | None, known_at: datetime = FOR_EVER
) -> list[ReviewState]:
    """The reviews of a subject as they stood at an instant, as far as they were known at another."""
    found = [life.state(at, known_at) for life in lives]
    return [
        each
        for each in found
        if each and f"{each.subject}/".startswith(f"{subject}/") and source_id in {None, each.source.id}
    ]


def score_of(states: Sequence[ReviewState], at: datetime, half_life: float) -> float | None:
    weights = [0.5 ** ((at - each.rated_at) / A_DAY / half_life) for each in states]
    total = 7 * 3.5 + math.fsum(w * each.rating for w, each in zip(weights, states, strict=True))
    return total / (7 + math.fsum(weights)) if states else None


def near(value: float | None) -> object:
    return None if value is None else pytest.approx(value, rel=1e-9)


@pytest.mark.parametrize("has_cells", [False, True])
async def test_figures_of_every_moment_are_what_a_computation_from_scratch_says(
    api: httpx.AsyncClient, bus, large, has_cells: bool
) -> None:
    chance = random.Random(20261129)
    lives = await lived_by(bus, chance, 140, large if has_cells else None)

    for _ in range(25):
        at = START + timedelta(seconds=chance.randrange(DAYS * 86_400))
        subject, (profile, half_life) = chance.choice(["acme", "acme/berlin"]), chance.choice([*HALF_LIVES.items()])
        source_id = chance.choice([None, SOURCES[0].id])
        params = {"at": at.isoformat(), "profile": profile} | ({"source_id": source_id} if source_id else {})
        known_at = chance.choice([FOR_EVER, at - timedelta(days=chance.randrange(90))])
        if known_at != FOR_EVER:
            params["known_at"] = known_at.isoformat()
        answer = await api.get(f"/v1/score-figures/{subject}", params=params)
        assert answer.status_code == 200, answer.text
        found = answer.json()

        everything = standing(lives, subject, at, source_id, known_at)
        told = [found, *found["by_source"]]
        assert [each["answers"] is None for each in told] == [known_at != FOR_EVER] * len(told)
        assert found["answers_reason"] == (None if known_at == FOR_EVER else "not-kept-as-known")
        states = [each for each in everything if each.kind in STARS]
        assert found["score"] == near(score_of(states, at, half_life))
        organic = [each for each in states if each.origin is Origin.ORGANIC]
        assert (found["organic"]["score"], found["organic"]["count"]) == (
            near(score_of(organic, at, half_life)),
            len(organic),
        )
        assert found["incentivised"] == sum(each.origin is Origin.INCENTIVISED for each in states)
        by_source = {each["source_id"]: (each["score"], each["count"]) for each in found["by_source"]}
        assert by_source == {
            source.id: (near(score_of(own, at, half_life)), len(own))
            for source in SOURCES
            if (own := [each for each in states if each.source.id == source.id])
        }
        assert found["positive"] == sum(each.rating >= 3.5 for each in states)
        assert found["negative"] == sum(each.rating < 2.5 for each in states)
        assert_fresh(found, states, at, half_life)
        assert_nps(found["nps"], [each for each in everything if each.kind is Kind.NPS], at, half_life)


def assert_fresh(found, states: Sequence[ReviewState], at: datetime, half_life: float) -> None:
    ages = sorted((at - each.rated_at) / A_DAY for each in states)
    assert found["velocity"] == {
        "last_30_days": sum(age < 30 for age in ages),
        "the_30_days_before": sum(30 <= age < 60 for age in ages),
    }
    if not ages:
        assert found["freshness"] is None
        return
    weights = [0.5 ** (age / half_life) for age in ages]
    total = math.fsum(weights)
    fresh = found["freshness"]
    assert fresh["newest_age_days"] == near(ages[0])
    # Where half of the weight is reached exactly, rounding decides.
    halves = [age for n, age in enumerate(ages, 1) if abs(math.fsum(weights[:n]) / total - 0.5) < 1e-12]
    median = next(age for n, age in enumerate(ages, 1) if math.fsum(weights[:n]) >= total / 2)
    assert fresh["median_weight_age_days"] in [near(each) for each in (median, *halves)]
    for days in (30, 90):
        young = math.fsum(w for w, age in zip(weights, ages, strict=True) if age < days)
        assert fresh[f"weight_younger_than_{days}_days"] == pytest.approx(young / total, rel=1e-9, abs=1e-15)


def assert_nps(found, replies: Sequence[ReviewState], at: datetime, half_life: float) -> None:
    if not replies:
        assert found is None
        return
    weights = [0.5 ** ((at - each.rated_at) / A_DAY / half_life) for each in replies]
    sides = [(each.rating >= 4.5) - (each.rating < 3.5) for each in replies]
    value = 100 * math.fsum(w * side for w, side in zip(weights, sides, strict=True)) / math.fsum(weights)
    assert found["value"] == pytest.approx(value, rel=1e-9, abs=1e-9)
    assert found["count"] == len(replies)
    assert found["effective"] == near(math.fsum(weights) ** 2 / math.fsum(w * w for w in weights))
    assert found["interval"]["low"] - 1e-9 <= value <= found["interval"]["high"] + 1e-9


async def test_replies_of_each_kind_have_a_figure_of_their_own(api, bus) -> None:
    for kind, rating in (
        *((Kind.NPS, 5.0), (Kind.NPS, 4.6), (Kind.NPS, 5.0), (Kind.NPS, 4.2), (Kind.NPS, 1.0)),
        *((Kind.CSAT, 5.0), (Kind.CSAT, 4.0), (Kind.CSAT, 2.0), (Kind.CES, 5.0), (Kind.CES, 3.0)),
    ):
        await bus.tell(None, review_state(rating, "acme", kind=kind))

    found = (await api.get("/v1/score-figures/acme")).json()

    assert (found["score"], found["count"], found["freshness"]) == (None, 0, None)
    assert (found["nps"]["value"], found["nps"]["count"]) == (pytest.approx(40), 5)
    assert (found["csat"]["value"], found["csat"]["count"]) == (pytest.approx(200 / 3), 3)
    assert (found["ces"]["value"], found["ces"]["count"]) == (pytest.approx(5.5), 2)
    assert found["ces"]["interval"] == {"low": 1.0, "high": 7.0}


async def test_reviews_of_many_half_lives_ago_have_figures_too(api, bus) -> None:
    for year in (1970, 1971):
        await bus.tell(None, review_state(5.0, "acme", rated_at=datetime(year, 1, 1, tzinfo=UTC)))

    answer = await api.get("/v1/score-figures/acme", params={"profile": "recent", "at": "2199-01-01T00:00:00Z"})

    assert answer.status_code == 200, answer.text
    assert answer.json()["freshness"]["weight_younger_than_90_days"] == 0


async def test_a_subject_that_there_is_not_is_a_404_that_names_a_near_one(api, bus) -> None:
    await bus.tell(None, review_state(5.0, "acme"))

    answer = await api.get("/v1/score-figures/acne")

    assert problem_of(answer) == (404, "unknown-subject")
    assert "Did you mean `acme`?" in answer.json()["detail"]


async def test_answers_as_they_were_known_are_refused_with_what_to_do(api, bus) -> None:
    await bus.tell(None, review_state(5.0, "acme"))

    answer = await api.get("/v1/score-figures/acme", params={"known_at": "2026-03-01T00:00:00Z", "days": 30})

    assert problem_of(answer) == (422, "invalid-request")
    [error] = answer.json()["errors"]
    assert error["pointer"] == "/days"
    assert "ask for `at` in place of `known_at`" in error["detail"]


def test_each_figure_stands_where_the_list_of_figures_says() -> None:
    for about in FIGURES.values():
        schema = FiguresOut.model_json_schema()
        found = schema
        for name in about.read_at.split("."):
            found = found["properties"][name]
            referred = found.get("$ref") or next(
                (each["$ref"] for each in found.get("anyOf", ()) if "$ref" in each), ""
            )
            found = schema["$defs"][referred.rpartition("/")[2]] if referred else found
