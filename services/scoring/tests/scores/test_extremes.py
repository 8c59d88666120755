"""Half-lives of an hour and of ten years, reviews of 1970, and tenants with very many subjects: right, or refused."""

import random
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import httpx
import pytest

from plaudit.common.db import Database
from plaudit.scoring.filling.jobs import HalfLivesJob
from plaudit.scoring.live.consumer import LIVE
from plaudit.scoring.ranking.domain import MAX_RANKED
from plaudit_testing import real_lives
from plaudit_testing.oracle import instant, microseconds
from plaudit_testing.playing import PARTITIONS, Play, time_of, work
from plaudit_testing.problems import problem_of
from plaudit_testing.real_lives import DAY_US, LAST_US, STARS, Oracle, Rules
from plaudit_testing.review_events import pending_envelope, record_of, review_state
from plaudit_testing.runtime import short_and_long

pytestmark = pytest.mark.postgres

HOUR_US = DAY_US // 24
RULES = {
    "hour": Rules(half_life_days=1 / 24),
    "decade": Rules(half_life_days=3_652.5),
    "trust": Rules(half_life_days=182.5),
    "lifetime": Rules(),
}
SUBJECTS = ("acme", "acme/berlin")
BATCH = 5_000


async def make_profiles(writer: httpx.AsyncClient) -> None:
    for name in ("hour", "decade"):
        parameters = {
            "half_life_days": RULES[name].half_life_days,
            "prior_weight": 7.0,
            "prior_value": 3.5,
            "kinds": sorted(STARS),
        }
        answer = await writer.put(f"/v1/score-profiles/{name}", json=parameters)
        assert answer.is_success, answer.text


@pytest.mark.parametrize("seed", range(3))
async def test_reviews_of_1970_and_of_today_are_right_by_half_lives_of_an_hour_and_of_ten_years(
    client_of: Callable[..., Awaitable[httpx.AsyncClient]], worker: Database, superuser: Any, seed: int
) -> None:
    chance = random.Random(seed)
    rated = [
        0,
        1,
        13 * HOUR_US,
        30 * 365 * DAY_US,
        LAST_US - 90 * DAY_US,
        LAST_US - 3 * HOUR_US,
        LAST_US - HOUR_US // 2,
    ]
    rows = [
        (review, replace(stand, rated_us=chance.choice(rated)), told_us)
        for review, stand, told_us in real_lives.made_up_rows(60, seed, SUBJECTS)
    ]
    steps = real_lives.lives(rows, seed)
    writer = await client_of("default", "scores:read", "scores:write")
    play, filling = Play(worker, chance), HalfLivesJob(worker, PARTITIONS)
    await play.begin()
    await play.told(steps[: len(steps) // 2])
    await make_profiles(writer)
    await work(filling)
    await play.told(steps[len(steps) // 2 :])
    await superuser.execute("UPDATE scoring.half_lives SET next_turn_at = now() - interval '1 second'")
    await work(filling)

    oracle = Oracle(steps)
    instants = [None, 0, 14 * HOUR_US, 31 * 365 * DAY_US, LAST_US, LAST_US + HOUR_US, LAST_US + 3_653 * DAY_US]
    for at_us in instants:
        for subject in SUBJECTS:
            for profile, rules in RULES.items():
                asked = {"profile": profile} | ({} if at_us is None else {"at": time_of(at_us)})
                told = (await writer.get(f"/v1/scores/{subject}", params=asked)).json()
                read_us = microseconds(instant(told["at"]))
                stands = oracle.standing(subject, read_us, LAST_US)
                wanted = real_lives.score(rules, stands, read_us)
                assert told["distribution"] == real_lives.distribution(stands)
                assert told["score"] == (None if wanted is None else pytest.approx(wanted, rel=1e-9)), asked


async def count(worker: Database, subjects: int) -> None:
    """One review for each of so many subjects below one, by the group of the sums."""
    handle = LIVE.handler()
    for first in range(0, subjects, BATCH):
        records = [
            record_of(LIVE, pending_envelope(None, review_state(float(n % 5 + 1), f"chain/shop-{n:07}")), n + 1)
            for n in range(first, min(first + BATCH, subjects))
        ]
        async with worker.transaction() as tx:
            assert await handle(tx, records) == ()


@pytest.mark.parametrize("subjects", short_and_long(MAX_RANKED + 1, 1_000_000))
async def test_a_tenant_may_have_very_many_subjects_and_what_cannot_be_done_of_them_at_once_is_refused(
    api: httpx.AsyncClient, worker: Database, subjects: int
) -> None:
    await count(worker, subjects)

    whole = (await api.get("/v1/scores/chain")).json()
    assert whole["count"] == subjects
    assert sum(whole["distribution"].values()) == subjects

    seen, cursor = 0, None
    last = ""
    while True:
        page = await api.get("/v1/scores", params={"limit": 500} | ({} if cursor is None else {"cursor": cursor}))
        assert page.status_code == 200, page.text
        names = [item["subject"] for item in page.json()["items"]]
        assert [last, *names] == sorted({last, *names})
        seen, last, cursor = seen + len(names), names[-1], page.json()["next"]
        if cursor is None:
            break
    assert seen == subjects + 1

    one = (await api.get("/v1/scores", params={"under": f"chain/shop-{subjects - 1:07}"})).json()["items"]
    assert [item["count"] for item in one] == [1]
    refused = await api.get("/v1/score-ranking", params={"under": "chain"})
    assert problem_of(refused) == (422, "too-many-subjects")
    assert f"More than {MAX_RANKED:,} subjects lie at this depth" in refused.json()["detail"]
    ranked = (await api.get("/v1/score-ranking")).json()["items"]
    assert [each["subject"] for each in ranked] == ["chain"]
