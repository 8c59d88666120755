"""How a subject's score moved, its figures and its page, by a profile with a half-life of a tenant's own."""

import math
import random
import re
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from plaudit.common.contracts import Kind, ReviewState
from plaudit.scoring.filling.jobs import HalfLivesJob
from plaudit_testing.lives import DAYS, START, lived_by

pytestmark = pytest.mark.postgres

HALF_LIFE_DAYS = 10
A_DAY = timedelta(days=1)
LAST = timedelta(microseconds=1)


@pytest.fixture
async def writer(client_of) -> httpx.AsyncClient:
    return await client_of("default", "scores:read", "scores:write")


@pytest.fixture
def filled(worker, superuser, resources):
    """Fills all half-lives with what the bus told."""

    async def fill() -> None:
        for group in ("scoring-live", "scoring-history"):
            for partition in range(resources.settings.partitions):
                await superuser.execute(
                    "INSERT INTO scoring.positions VALUES ($1, 'reviews.v1', $2, gen_random_uuid(), 1000, 1, 1000)",
                    group,
                    partition,
                )
        job = HalfLivesJob(worker, resources.settings.partitions)
        while await job.has_work():
            await job.turn()

    return fill


def score_of(states: list[ReviewState], at: datetime) -> float | None:
    weights = [0.5 ** ((at - each.rated_at) / A_DAY / HALF_LIFE_DAYS) for each in states]
    total = 2 * 3.0 + math.fsum(w * each.rating for w, each in zip(weights, states, strict=True))
    return total / (2 + math.fsum(weights)) if states else None


@pytest.mark.parametrize("has_cells", [False, True])
async def test_series_figures_and_the_page_go_by_a_half_life_of_its_own(
    writer, staff, bus, large, filled, has_cells: bool
) -> None:
    chance = random.Random(3)
    lives = await lived_by(bus, chance, 60, large if has_cells else None)
    body = {"half_life_days": HALF_LIFE_DAYS, "prior_weight": 2, "prior_value": 3, "kinds": ["stars", "thumbs"]}
    assert (await writer.put("/v1/score-profiles/own", json=body)).status_code == 200
    assert "profile=own" not in (await staff.get("/console/scores/subject", params={"subject": "acme"})).text
    await filled()

    def standing(at: datetime) -> list[ReviewState]:
        found = [life.state(at, datetime.max.replace(tzinfo=UTC)) for life in lives]
        return [
            each
            for each in found
            if each and each.kind in {Kind.STARS, Kind.THUMBS} and f"{each.subject}/".startswith("acme/")
        ]

    start = START + timedelta(days=700, hours=5)
    params = {"subject": "acme", "profile": ["own", "recent"], "from": start.isoformat(), "step": "week"}
    series = await writer.get("/v1/score-series", params={**params, "to": (start + 400 * A_DAY).isoformat()})
    assert series.status_code == 200, series.text
    own, recent = series.json()["items"]
    assert (own["profile"], recent["profile"]) == ("own", "recent")
    for point, other in zip(own["points"], recent["points"], strict=True):
        at = datetime.fromisoformat(point["to"]) - LAST
        wanted = score_of(standing(at), at)
        assert point["score"] == (None if wanted is None else pytest.approx(wanted, rel=1e-9))
        assert (point["new_reviews"], point["count"]) == (other["new_reviews"], other["count"])

    for _ in range(6):
        at = START + timedelta(seconds=chance.randrange(DAYS * 86_400))
        answer = await writer.get("/v1/score-figures/acme", params={"profile": "own", "at": at.isoformat()})
        assert answer.status_code == 200, answer.text
        found, states = answer.json(), standing(at)
        assert found["score"] == pytest.approx(score_of(states, at), rel=1e-9)
        weights = [(at - each.rated_at, 0.5 ** ((at - each.rated_at) / A_DAY / HALF_LIFE_DAYS)) for each in states]
        young = math.fsum(w for age, w in weights if age < 30 * A_DAY) / math.fsum(w for _, w in weights)
        assert found["freshness"]["weight_younger_than_30_days"] == pytest.approx(young, rel=1e-9)

    page = await staff.get("/console/scores/subject", params={"subject": "acme", "profile": "own"})
    assert page.status_code == 200
    assert ">own</a>" in page.text
    [below] = re.findall(r'<section class="card" aria-labelledby="below">.*?</section>', page.text, re.DOTALL)
    assert ">acme/berlin</a>" in below
