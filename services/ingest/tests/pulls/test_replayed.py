"""Replays of sources that are asked: what was taken stays as it is, and what was too late stays out."""

import asyncio
from typing import Any

import pytest

from plaudit.common.db import Role
from plaudit.common.vault import vault_of
from plaudit.ingest.replays.jobs import ReplayJob
from plaudit_testing.running_ingest import Ingest

pytestmark = [pytest.mark.postgres, pytest.mark.usefixtures("without_relay")]

PLATFORMS = ("trustpilot", "google-business", "app-store", "google-play", "g2")


async def replay(ingest: Ingest, source_id: str) -> dict[str, Any]:
    """Read again what came from a source; what became of it."""
    authorization = {"authorization": f"Bearer {await ingest.key()}"}
    answer = await ingest.client.post("/v1/replays", json={"source_id": source_id}, headers=authorization)
    assert answer.status_code == 202, answer.text
    resources = ingest.resources
    vault = vault_of(resources.settings)
    job = ReplayJob(resources.database(Role.WORKER), resources.outbox, resources.ids, vault)
    while await job.turn():
        pass
    done: dict[str, Any] = (await ingest.get(f"/v1/replays/{answer.json()['id']}")).json()
    assert done["finished_at"] is not None
    return done


async def everything(ingest: Ingest) -> list[tuple[Any, ...]]:
    rows = await ingest.rows(
        "SELECT r.external_id, r.rating, r.removed, r.changed_at, v.revision, v.type, v.delivery_id "
        "FROM ingest.reviews r JOIN ingest.revisions v ON v.review_id = r.id ORDER BY r.external_id, v.revision"
    )
    return [*map(tuple, rows), ((await ingest.counts())["outbox"],)]


@pytest.mark.parametrize("platform", PLATFORMS)
async def test_a_replay_of_pulled_pages_changes_nothing(puller: Any, platforms: Any, ingest: Ingest, platform: str):
    says = platforms.says(platform)
    for number in range(4):
        says.review(f"r-{number}")
    source = await puller.source(platform)
    await puller.pull(source)
    gone = says.reviews.pop("r-1")
    await puller.complete(source)
    await puller.complete(source)
    says.reviews["r-1"] = gone
    changed = {
        "trustpilot": {"stars": 5, "updatedAt": "2026-05-02T08:00:00Z"},
        "google-business": {"stars": "FIVE", "changed": "2026-05-02T10:00:00Z"},
        "app-store": {"rating": 5},
        "google-play": {"stars": 5, "seconds": 1_778_970_000},
        "g2": {"stars": 4.5},
    }[platform]
    says.review("r-2", **changed)
    await puller.complete(source)
    before = await everything(ingest)
    assert len(before) > 5
    for _ in range(2):
        done = await replay(ingest, source.id)
        assert done["counts"]["taken"] == 0
        assert await everything(ingest) == before


async def test_what_a_page_said_too_late_is_not_applied_by_a_replay(puller: Any, platforms: Any, ingest: Ingest):
    platforms.trustpilot.review("r-1")
    source = await puller.source("trustpilot")
    pulled = await puller.pull(source)
    platforms.trustpilot.review("r-1", stars=4)
    platforms.trustpilot.review("r-2")
    server = platforms.servers["trustpilot"]
    server.answers_when = asyncio.Event()
    async with puller.pulling():
        await ingest.superuser.execute("UPDATE ingest.pulls SET next_at = now() - interval '1 second'")
        await puller.until(source, lambda _: server.answering > 0)
        deleted = {"eventName": "service-review-deleted", "eventData": {"id": "r-1"}}
        assert (await ingest.post(source, deleted)).json()["accepted"] == 1
        server.answers_when.set()
        await puller.walked_since(source, pulled)
    before = await everything(ingest)
    done = await replay(ingest, source.id)
    assert (done["counts"]["taken"], done["counts"]["ignored"]) == (0, 1)
    assert await everything(ingest) == before
