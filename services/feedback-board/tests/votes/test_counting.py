"""Figures that follow votes one by one are those that all rows give when they are counted anew."""

import random
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from uuid import UUID

import httpx
import pytest

from plaudit.feedback_board.requests.domain.request import Request, recounted
from plaudit.feedback_board.requests.store import mentions, requests, weighing

pytestmark = pytest.mark.postgres

DAY = timedelta(days=1)
TREND_CLOSE = 1_000
"""A millisecond, in microseconds: what rounding may add up to."""


async def _assert_as_counted_anew(worker, path: str) -> Request:
    async with worker.transaction() as tx:
        kept = await requests.find(tx, "default", UUID(path.rpartition("/")[2]))
        assert kept is not None
        held = await weighing.find(tx, "default")
        counted = recounted(kept, await mentions.count(tx, "default", kept.id), held)
        votes = await tx.raw.fetchrow(
            "SELECT count(*), count(*) FILTER (WHERE person_key LIKE 'visitor:%') FROM votes WHERE request_id = $1",
            kept.id,
        )
    assert (kept.votes, kept.anonymous_votes) == tuple(votes)
    assert abs(kept.trend - counted.trend) <= TREND_CLOSE
    for field in fields(Request):
        if field.name != "trend":
            assert getattr(kept, field.name) == getattr(counted, field.name), field.name
    return kept


@pytest.mark.parametrize("seed", range(4))
async def test_figures_are_what_the_rows_give_after_each_vote_withdrawal_link_and_passing_of_the_window(
    api: httpx.AsyncClient, request_path: str, reviews, worker, clock, recount, seed: int
) -> None:
    drawn = random.Random(seed)
    people = [*(f"native:{number}" for number in range(5)), *(f"visitor:{number:032x}" for number in range(3))]
    known = [
        await reviews.published(
            person=drawn.choice([*people[:5], None]),
            published_at=datetime.now(UTC) - drawn.choice([1, 60, 89, 95]) * DAY,
        )
        for _ in range(5)
    ]
    await api.put(f"{request_path}/sizing", json={"impact": 2, "effort_weeks": 3})
    moved = timedelta()
    for _ in range(50):
        match drawn.randrange(8):
            case 0 | 1 | 2:
                await api.post(f"{request_path}/votes", json={"person": drawn.choice(people)})
            case 3 | 4:
                await api.request("DELETE", f"{request_path}/votes", json={"person": drawn.choice(people)})
            case 5:
                await api.post(f"{request_path}/links", json={"review_id": str(drawn.choice(known))})
            case 6:
                await api.delete(f"{request_path}/links/{drawn.choice(known)}")
            case _:
                moved += drawn.choice([1, 20, 45]) * DAY
                await clock.move_to(moved)
                if drawn.random() < 0.5:
                    await recount()
                    await recount()
                continue
        person = drawn.choice(people)
        # The same person's vote before the job has counted what left the window.
        await api.post(f"{request_path}/votes", json={"person": person})
        await api.request("DELETE", f"{request_path}/votes", json={"person": person})
        await _assert_as_counted_anew(worker, request_path)


async def test_a_visitor_who_did_not_sign_in_counts_beside_reach_and_not_in_it(
    api: httpx.AsyncClient, request_path: str, outbox
) -> None:
    for person in ("native:anna", f"visitor:{1:032x}", f"visitor:{2:032x}"):
        answer = await api.post(f"{request_path}/votes", json={"person": person})
    request = answer.json()["request"]
    assert [request[name] for name in ("votes", "anonymous_votes", "reach", "anonymous_reach")] == [3, 2, 1, 2]
    told = (await outbox.events())[-1]["data"]["request"]
    assert [told[name] for name in ("votes", "anonymous_votes", "reach", "anonymous_reach")] == [3, 2, 1, 2]
    taken = await api.request("DELETE", f"{request_path}/votes", json={"person": f"visitor:{1:032x}"})
    request = taken.json()["request"]
    assert [request[name] for name in ("votes", "anonymous_votes", "reach", "anonymous_reach")] == [2, 1, 1, 1]
