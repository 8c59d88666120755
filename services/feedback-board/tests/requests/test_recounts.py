"""Reach is counted over 90 days: what time alone does, and what the rows say."""

import random
from datetime import UTC, datetime, timedelta
from uuid import UUID

import httpx
import pytest

from plaudit.common.db import Role, lock
from plaudit.common.ids import uuid7
from plaudit.common.purge import PurgeJob
from plaudit.feedback_board.requests.commands import request_key
from plaudit.feedback_board.requests.jobs import RecountJob
from plaudit.feedback_board.requests.store import mentions, recounts
from plaudit_testing.runtime import running, until

pytestmark = pytest.mark.postgres

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)


async def test_a_vote_leaves_reach_after_ninety_days_with_no_event_at_all(
    api: httpx.AsyncClient, request_path: str, clock, recount, outbox
) -> None:
    await api.post(f"{request_path}/votes", json={"person": "native:anna"})
    await api.put(f"{request_path}/sizing", json={"impact": 2, "effort_weeks": 1})
    await clock.move_to(90 * DAY - HOUR)
    assert await recount() == 0
    await clock.move_to(91 * DAY)
    assert await recount() == 1
    request = (await api.get(request_path)).json()
    assert (request["votes"], request["reach"], request["priority"]) == (1, 0, "0")
    assert (await outbox.types())[-1] == "request.scored"
    assert await recount() == 0


async def test_a_person_stays_in_reach_by_the_later_of_two_mentions(
    api: httpx.AsyncClient, request_path: str, clock, recount, reviews, outbox
) -> None:
    review = await reviews.published(person="native:anna", published_at=datetime.now(UTC) - 60 * DAY)
    await api.post(f"{request_path}/links", json={"review_id": str(review)})
    await api.post(f"{request_path}/votes", json={"person": "native:anna"})
    said = await outbox.types()
    await clock.move_to(31 * DAY)
    assert await recount() == 1, "the review has left the window"
    assert (await api.get(request_path)).json()["reach"] == 1
    assert await outbox.types() == said, "but no figure has moved"
    await clock.move_to(91 * DAY)
    assert await recount() == 1
    assert (await api.get(request_path)).json()["reach"] == 0


async def test_an_old_review_is_linked_and_counts_for_nothing(
    api: httpx.AsyncClient, request_path: str, reviews
) -> None:
    old = await reviews.published(published_at=datetime.now(UTC) - 91 * DAY)
    nameless = await reviews.published(published_at=datetime.now(UTC) - 91 * DAY, person=None)
    for review in (old, nameless):
        linked = await api.post(f"{request_path}/links", json={"review_id": str(review)})
    request = linked.json()["request"]
    assert (request["linked_reviews"], request["reach"], request["unidentified_mentions"]) == (2, 0, 0)


@pytest.mark.parametrize("seed", range(3))
async def test_reach_is_what_counting_by_hand_gives(api, request_path: str, reviews, worker, seed: int) -> None:
    """Against an oracle: people, ages, removals and unknown authors at random."""
    drawn = random.Random(seed)
    request_id = UUID(request_path.rpartition("/")[2])
    now = datetime.now(UTC)
    people = [f"native:{number}" for number in range(6)]
    counted: set[str] = set()
    unidentified = linked = 0
    for _ in range(25):
        age = timedelta(days=drawn.choice([1, 89, 91, 400]))
        person = drawn.choice([*people, None])
        removed = drawn.random() < 0.25
        review = await reviews.published(person=person, published_at=now - age)
        await api.post(f"{request_path}/links", json={"review_id": str(review)})
        if removed:
            await reviews.removed(review)
            continue
        linked += 1
        if age < 90 * DAY:
            counted |= {person} if person else set()
            unidentified += person is None
    for person in drawn.sample(people, 3):
        await api.post(f"{request_path}/votes", json={"person": person})
        counted.add(person)
    async with worker.transaction() as tx:
        found = await mentions.count(tx, "default", request_id)
    assert (found.reach, found.unidentified, found.linked_reviews) == (len(counted), unidentified, linked)


async def test_a_request_that_somebody_is_changing_is_left_for_the_next_turn(
    api: httpx.AsyncClient, request_path: str, reviews, worker, recount
) -> None:
    review = await reviews.published()
    await api.post(f"{request_path}/links", json={"review_id": str(review)})
    await reviews.removed(review)
    async with worker.transaction() as tx:
        await lock(tx, [request_key("default", UUID(request_path.rpartition("/")[2]))])
        assert await recount() == 0
    assert await recount() == 1
    assert (await api.get(request_path)).json()["reach"] == 0


async def test_a_mark_made_during_a_recount_is_not_lost(
    api: httpx.AsyncClient, request_path: str, reviews, worker, recount
) -> None:
    kept = await reviews.published(person="native:anna")
    gone = await reviews.published(person="native:ben")
    for review in (kept, gone):
        await api.post(f"{request_path}/links", json={"review_id": str(review)})
    await reviews.removed(kept)
    async with worker.transaction() as tx:
        (marks,) = (await recounts.list_due(tx, 100)).values()
        await reviews.removed(gone)
        await recounts.delete_marks(tx, marks)
    assert await recount() == 1
    assert (await api.get(request_path)).json()["reach"] == 0


async def test_the_job_counts_until_it_is_stopped(
    api: httpx.AsyncClient, request_path: str, reviews, resources
) -> None:
    job = RecountJob(resources.database(Role.WORKER), resources.outbox, resources.ids)
    async with running(job):
        review = await reviews.published()
        await api.post(f"{request_path}/links", json={"review_id": str(review)})
        await reviews.removed(review)

        async def without_reach() -> bool:
            return (await api.get(request_path)).json()["reach"] == 0

        await until(without_reach, "the job has counted anew")
    assert job.live().ok


async def test_answers_under_a_key_and_rate_limits_are_purged_when_they_are_old(
    api: httpx.AsyncClient, clients, request_path: str, clock, resources
) -> None:
    headers = {"idempotency-key": "k"}
    first = await api.post("/v1/requests", json={"title": "Dark mode"}, headers=headers)
    slug = first.json()["slug"]
    await clients.visitor().post(f"/b/default/r/{slug}/votes", data={"choice": "vote"})
    job = PurgeJob(resources.database(Role.WORKER))
    assert await job.turn() == 0
    await clock.move_to(3 * HOUR)
    assert await job.turn() == 1, "the rate limit of an hour that has passed"
    assert (await api.post("/v1/requests", json={"title": "Dark mode"}, headers=headers)).json() == first.json()
    await clock.move_to(25 * HOUR)
    assert await job.turn() == 1, "the answer"
    assert (await api.post("/v1/requests", json={"title": "Dark mode"}, headers=headers)).json() != first.json()


async def test_a_review_linked_again_at_each_revision_is_one_mention(
    api: httpx.AsyncClient, request_path: str, reviews
) -> None:
    review = uuid7()
    for revision in (1, 2, 3):
        await reviews.published(revision, review_id=review)
        await api.post(f"{request_path}/links", json={"review_id": str(review)})
    assert (await api.get(request_path)).json()["reach"] == 1
