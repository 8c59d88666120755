"""Scores of any moment, over HTTP, are what a computation from scratch over the events says."""

import math
import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from plaudit_testing.lives import DAYS, SOURCES, START, Life, lived, lived_by
from plaudit_testing.problems import problem_of
from plaudit_testing.review_events import review_state

pytestmark = pytest.mark.postgres

HALF_LIVES = {"trust": 182.5, "recent": 30.0, "lifetime": math.inf}


def wanted(
    lives: Sequence[Life], subject: str, profile: str, at: datetime, known_at: datetime, source_id: str | None = None
) -> tuple[float | None, dict[str, int]]:
    """Score and distribution by their definition."""
    total, weight, distribution = 7 * 3.5, 7.0, dict.fromkeys("12345", 0)
    for life in lives:
        state = life.state(at, known_at)
        if state is None or state.kind not in {"stars", "thumbs"} or source_id not in {None, state.source.id}:
            continue
        if f"{state.subject}/".startswith(f"{subject}/"):
            w = 0.5 ** ((at - state.rated_at) / timedelta(days=1) / HALF_LIVES[profile])
            total, weight = total + w * state.rating, weight + w
            distribution[str(math.floor(state.rating + 0.5))] += 1
    return (total / weight if any(distribution.values()) else None), distribution


def near(value: float | None) -> object:
    return None if value is None else pytest.approx(value, rel=1e-9)


@pytest.mark.parametrize("has_cells", [False, True])
async def test_every_moment_is_what_a_computation_from_scratch_says(
    api: httpx.AsyncClient, bus, large, has_cells: bool
) -> None:
    chance = random.Random(20261129)
    lives = await lived_by(bus, chance, 120, large if has_cells else None)
    end = START + timedelta(days=DAYS + 900)

    for _ in range(20):
        at, known_at = (START + timedelta(seconds=chance.randrange(DAYS * 86_400)) for _ in range(2))
        subject, profile = chance.choice(["acme", "acme/berlin", "globex"]), chance.choice([*HALF_LIVES])
        source = chance.choice(SOURCES).id
        for asked, moment, source_id in (
            ({"at": at}, (at, end), None),
            ({"known_at": known_at}, (known_at, known_at), None),
            ({"at": at, "known_at": known_at}, (at, known_at), None),
            ({"at": at, "source_id": source}, (at, end), source),
        ):
            params = {name: str(value).replace(" ", "T") for name, value in asked.items()}
            answer = await api.get(f"/v1/scores/{subject}", params={**params, "profile": profile})
            assert answer.status_code == 200, answer.text
            score, distribution = wanted(lives, subject, profile, *moment, source_id)
            assert answer.json()["distribution"] == distribution
            assert answer.json()["score"] == near(score)


async def test_now_is_the_moment_that_knows_everything(api: httpx.AsyncClient, bus) -> None:
    chance = random.Random(7)
    lives = [await lived(bus, chance, START + timedelta(days=10 * number)) for number in range(60)]

    for profile in HALF_LIVES:
        for subject in ("acme", "acme/berlin"):
            now = (await api.get(f"/v1/scores/{subject}", params={"profile": profile})).json()
            then = (await api.get(f"/v1/scores/{subject}", params={"profile": profile, "at": now["at"]})).json()
            score, distribution = wanted(lives, subject, profile, datetime.fromisoformat(now["at"]), datetime.now(UTC))
            assert now["distribution"] == then["distribution"] == distribution
            assert now["score"] == near(score)
            assert then["score"] == near(score)


async def test_a_rating_of_a_clock_that_is_ahead_counts_at_every_moment_that_it_was_shown_at(
    api: httpx.AsyncClient, bus
) -> None:
    known = datetime.now(UTC)
    await bus.tell(None, review_state(1, "acme", rated_at=known + timedelta(minutes=4)), time=known)
    now = (await api.get("/v1/scores/acme")).json()

    figures = (await api.get("/v1/score-figures/acme")).json()
    moments = [(await api.get("/v1/scores/acme", params={name: now["at"]})).json() for name in ("at", "known_at")]

    assert now["count"] == 1
    assert [moment | {"at": now["at"]} for moment in moments] == [now | {"score": near(now["score"])}] * 2
    assert (figures["velocity"]["last_30_days"], figures["freshness"]["newest_age_days"]) == (1, 0)
    assert figures["freshness"]["median_weight_age_days"] == 0


async def test_a_score_of_the_future_is_the_present_one_aged(api: httpx.AsyncClient, bus) -> None:
    await bus.tell(None, review_state(5, "acme", rated_at=datetime.now(UTC)))

    in_a_half_life = datetime.now(UTC) + timedelta(days=182.5)
    answer = (await api.get("/v1/scores/acme", params={"at": in_a_half_life.isoformat()})).json()

    assert answer["score"] == pytest.approx((7 * 3.5 + 0.5 * 5) / 7.5, rel=1e-5)


async def test_a_subject_that_was_not_known_then_has_no_score_then(api: httpx.AsyncClient, bus) -> None:
    await bus.tell(None, review_state(5, "acme"))

    answer = await api.get("/v1/scores/acme", params={"at": "2001-01-01T00:00:00Z"})

    assert (answer.status_code, answer.json()["score"], answer.json()["count"]) == (200, None, 0)


async def test_a_profile_that_there_is_not_is_a_422_that_names_those_that_there_are(api: httpx.AsyncClient) -> None:
    for path in ("/v1/scores", "/v1/scores/acme"):
        answer = await api.get(path, params={"profile": "fast"})

        assert problem_of(answer) == (422, "unknown-profile")
        assert answer.json()["detail"] == ("There is no profile `fast`; there are `trust`, `recent`, `lifetime`.")


@pytest.mark.parametrize("time", ["yesterday", "2026-03-01", "2026-03-01T12:00:00", "1772366400"])
async def test_a_time_without_a_zone_or_of_another_form_is_refused(api: httpx.AsyncClient, time: str) -> None:
    for name in ("at", "known_at"):
        answer = await api.get("/v1/scores/acme", params={name: time})

        assert answer.status_code == 422
        assert [error["pointer"] for error in answer.json()["errors"]] == [f"/{name}"]


THE_LAST = "9999-12-31T23:59:59.999999Z"


@pytest.mark.parametrize("has_cells", [False, True])
@pytest.mark.parametrize("asked", [{"at": THE_LAST}, {"known_at": THE_LAST}, {"at": THE_LAST, "known_at": THE_LAST}])
@pytest.mark.parametrize("path", ["/v1/scores/acme", "/v1/score-figures/acme"])
async def test_the_last_instant_of_the_calendar_may_be_asked_for(
    api: httpx.AsyncClient, bus, large, has_cells: bool, asked: dict[str, str], path: str
) -> None:
    if "figures" in path:
        asked = {"at": THE_LAST}
    await lived_by(bus, random.Random(1), 20, large if has_cells else None)

    answer = await api.get(path, params=asked)

    assert (answer.status_code, answer.json()["at"]) == (200, THE_LAST)
    now = (await api.get("/v1/scores/acme")).json()
    assert answer.json()["distribution"] == now["distribution"]
