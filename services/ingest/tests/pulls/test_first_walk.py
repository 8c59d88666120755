"""The first walk through a platform's reviews brings what was there before anybody could be called for it."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from plaudit.common.db import Role
from plaudit.common.vault import vault_of
from plaudit.ingest.replays.jobs import ReplayJob
from plaudit_testing.running_ingest import Ingest, Source

pytestmark = pytest.mark.postgres

PLATFORMS = ("trustpilot", "google-business", "app-store", "google-play", "g2")
PUBLISHED = {"g2": "published_at", "google-business": "createTime"}


async def told(ingest: Ingest) -> dict[str, list[bool]]:
    """Whether each event of each review says that it tells of what happened long ago."""
    rows = await ingest.rows("SELECT envelope FROM ingest.outbox ORDER BY id")
    found: dict[str, list[bool]] = {}
    for row in rows:
        data = json.loads(row["envelope"])["data"]
        name = (data["after"] or data["before"])["external_id"].rpartition("/")[2]
        found.setdefault(name, []).append(data.get("backfill", False))
    return found


def published(platforms: Any, platform: str, review_id: str, at: datetime) -> None:
    """Let a platform have a review that was published, and changed last, at a time."""
    says, written = platforms.says(platform), at.strftime("%Y-%m-%dT%H:%M:%SZ")
    if platform == "google-play":
        says.review(review_id, seconds=int(at.timestamp()))
    elif platform == "google-business":
        says.review(review_id, changed=written, createTime=written)
    elif platform == "g2":
        says.review(review_id)
        says.reviews[review_id]["published_at"] = written
    else:
        says.review(review_id, created=written)


async def set_up_ago(ingest: Ingest, source: Source, ago: timedelta) -> datetime:
    """Let a source be so old; return when it was made."""
    made_at = datetime.now(UTC) - ago
    await ingest.superuser.execute("UPDATE ingest.sources SET created_at = $2 WHERE id = $1", source.id, made_at)
    return made_at


@pytest.mark.parametrize("platform", PLATFORMS)
async def test_it_calls_nobody_for_reviews_from_before_the_source(
    puller: Any, platforms: Any, ingest: Ingest, platform: str
):
    source = await puller.source(platform)
    made_at = await set_up_ago(ingest, source, timedelta(hours=1))
    published(platforms, platform, "old", made_at - timedelta(days=1))
    published(platforms, platform, "new", made_at + timedelta(minutes=1))
    await puller.pull(source)
    assert await told(ingest) == {"old": [True], "new": [False]}
    published(platforms, platform, "late", made_at - timedelta(days=1))
    await puller.complete(source)
    assert (await told(ingest))["late"] == [False], "the platform tells it as new"


@pytest.mark.parametrize("platform", sorted(PUBLISHED))
async def test_nor_for_one_of_which_nobody_says_when_it_was_published(
    puller: Any, platforms: Any, ingest: Ingest, platform: str
):
    platforms.says(platform).review("undated")
    del platforms.says(platform).reviews["undated"][PUBLISHED[platform]]
    source = await puller.source(platform)
    await puller.pull(source)
    assert await told(ingest) == {"undated": [True]}


async def test_a_rating_that_is_lowered_afterwards_is_a_new_statement(puller: Any, platforms: Any, ingest: Ingest):
    published(platforms, "trustpilot", "old", datetime(2026, 5, 1, tzinfo=UTC))
    source = await puller.source("trustpilot")
    await puller.pull(source)
    platforms.trustpilot.review("old", stars=1, updatedAt="2026-05-02T08:00:00Z")
    await puller.complete(source)
    assert await told(ingest) == {"old": [True, False]}


async def test_new_credentials_mark_nothing_that_is_known(puller: Any, platforms: Any, ingest: Ingest):
    published(platforms, "trustpilot", "old", datetime(2026, 5, 1, tzinfo=UTC))
    source = await puller.source("trustpilot")
    await puller.pull(source)
    assert (await puller.put(source, platforms.trustpilot.credentials)).status_code == 200
    platforms.trustpilot.review("old", stars=1, updatedAt="2026-05-02T08:00:00Z")
    await puller.pull(source)
    assert await told(ingest) == {"old": [True, False]}


@pytest.mark.usefixtures("without_relay")
async def test_a_replay_of_its_pages_says_the_same(puller: Any, platforms: Any, ingest: Ingest):
    source = await puller.source("trustpilot")
    made_at = await set_up_ago(ingest, source, timedelta(hours=1))
    for name, at in (("old", made_at - timedelta(days=1)), ("new", made_at + timedelta(minutes=1))):
        published(platforms, "trustpilot", name, at)
        platforms.trustpilot.review(name, created=platforms.trustpilot.reviews[name]["createdAt"], stars=9)
    await puller.pull(source)
    assert await told(ingest) == {}, "their ratings are off the scale"
    await ingest.superuser.execute(
        "UPDATE ingest.deliveries SET body = convert_to(replace(convert_from(body, 'UTF8'), $1, $2), 'UTF8')",
        '"stars": 9',
        '"stars": 1',
    )
    headers = {"authorization": f"Bearer {await ingest.key()}"}
    await ingest.client.post("/v1/replays", json={"source_id": source.id}, headers=headers)
    resources = ingest.resources
    job = ReplayJob(resources.database(Role.WORKER), resources.outbox, resources.ids, vault_of(resources.settings))
    while await job.turn():
        pass
    assert await told(ingest) == {"old": [True], "new": [False]}
