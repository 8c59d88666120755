"""A review that two complete lists on end have not shown is removed, never by an incomplete one, and comes back."""

import asyncio

import pytest

from plaudit_testing.interfaces import Says
from plaudit_testing.running_ingest import Ingest, created

pytestmark = pytest.mark.postgres


async def shown(ingest: Ingest) -> list[str]:
    return sorted(each["external_id"].rpartition("/")[2] for each in await ingest.items("/v1/reviews"))


@pytest.mark.parametrize("platform", ["trustpilot", "google-business", "app-store"])
async def test_missing_twice_is_removed_and_seen_again_is_back(puller, platforms, ingest: Ingest, platform: str):
    says = platforms.says(platform)
    for number in range(3):
        says.review(f"r-{number}")
    source = await puller.source(platform)
    await puller.pull(source)
    gone = says.reviews.pop("r-1")
    await puller.complete(source)
    assert await shown(ingest) == ["r-0", "r-1", "r-2"], "once is not enough"
    await puller.pull(source)
    assert await shown(ingest) == ["r-0", "r-1", "r-2"], "a walk that is not complete does not count"
    state = await puller.complete(source)
    assert await shown(ingest) == ["r-0", "r-2"]
    assert state["last_run"]["changed"] == 1
    says.reviews["r-1"] = gone
    await puller.complete(source)
    assert await shown(ingest) == ["r-0", "r-1", "r-2"]
    [review] = [each for each in await ingest.items("/v1/reviews") if each["external_id"].endswith("r-1")]
    history = (await ingest.get(f"/v1/reviews/{review['id']}")).json()["revisions"]
    assert [each["type"] for each in history] == ["review.created", "review.removed", "review.restored"]
    state = await puller.complete(source)
    assert state["last_run"]["changed"] == 0


async def test_a_list_that_holds_fewer_than_there_are_is_no_complete_one(puller, platforms, ingest: Ingest):
    for number in range(3):
        platforms.google.review(f"r-{number}")
    source = await puller.source("google-business")
    await puller.pull(source)
    platforms.google.reviews.pop("r-1")
    platforms.google.hidden_total = 1
    for _ in range(4):
        await puller.complete(source)
    assert await shown(ingest) == ["r-0", "r-1", "r-2"]


async def test_a_list_with_an_entry_that_has_no_name_is_no_complete_one(puller, platforms, ingest: Ingest):
    for number in range(3):
        platforms.google.review(f"r-{number}")
    source = await puller.source("google-business")
    await puller.pull(source)
    platforms.google.reviews["r-1"].pop("name")
    for _ in range(4):
        await puller.complete(source)
    assert await shown(ingest) == ["r-0", "r-1", "r-2"]


async def test_a_walk_that_breaks_off_counts_for_nothing(puller, platforms, ingest: Ingest):
    for number in range(150):
        platforms.trustpilot.review(f"r-{number:03}", created=f"2026-05-01T08:{number // 60:02}:{number % 60:02}Z")
    source = await puller.source("trustpilot")
    await puller.pull(source)
    server, own = platforms.servers["trustpilot"], platforms.servers["trustpilot"].handle
    server.handle = lambda asked: Says({}, 400) if asked.params.get("page") == "2" else own(asked)
    for _ in range(4):
        assert (await puller.complete(source))["error"] is not None
    assert (await ingest.items("/v1/reviews", removed=True)) == []


async def test_play_never_lists_all_so_nothing_is_missing(puller, platforms, ingest: Ingest):
    platforms.play.review("r-1")
    source = await puller.source("google-play")
    await puller.pull(source)
    platforms.play.reviews.clear()
    for _ in range(3):
        assert (await puller.complete(source))["complete_at"] is None
    assert await shown(ingest) == ["r-1"]


async def test_what_the_interface_has_never_told_is_not_judged_by_it(puller, platforms, ingest: Ingest):
    platforms.trustpilot.review("r-1")
    source = await puller.source("trustpilot")
    event = {"eventName": "service-review-created", "eventData": {"id": "of-a-webhook", "stars": 3}}
    assert (await ingest.post(source, event)).status_code == 202
    for _ in range(4):
        await puller.complete(source)
    assert await shown(ingest) == ["of-a-webhook", "r-1"]


async def test_what_a_webhook_says_after_a_page_was_asked_for_is_not_undone_by_it(puller, platforms, ingest: Ingest):
    platforms.trustpilot.review("r-1")
    source = await puller.source("trustpilot")
    pulled = await puller.pull(source)
    platforms.trustpilot.review("r-1", stars=4)
    server = platforms.servers["trustpilot"]
    server.answers_when = asyncio.Event()
    async with puller.pulling():
        await ingest.superuser.execute("UPDATE ingest.pulls SET next_at = now() - interval '1 second'")
        await puller.until(source, lambda _: server.answering > 0)
        deleted = {"eventName": "service-review-deleted", "eventData": {"id": "r-1"}}
        assert (await ingest.post(source, deleted)).json()["accepted"] == 1
        server.answers_when.set()
        await puller.walked_since(source, pulled)
    assert await shown(ingest) == []


async def test_a_notified_review_is_asked_for_and_one_that_is_not_found_is_removed(puller, platforms, ingest: Ingest):
    platforms.google.review("AbC-1")
    platforms.google.review("AbC-2")
    source = await puller.source("google-business")
    await puller.pull(source)
    platforms.google.review("AbC-1", stars="FIVE", changed="2026-05-09T10:00:00Z")
    platforms.google.reviews.pop("AbC-2")
    names = [platforms.google.name("AbC-1"), platforms.google.name("AbC-2"), platforms.google.name("AbC-3")]
    for name in [*names, "accounts/9/locations/9/reviews/other"]:
        await ingest.superuser.execute(
            "INSERT INTO ingest.pull_notices VALUES ('default', $1, $2, now())", source.id, name
        )
    asked = len(platforms.servers["google-business"].asked)
    before = (await puller.state(source))["last_run"]
    next_at = (await puller.state(source))["next_at"]
    async with puller.pulling():
        await puller.until(source, lambda state: state["last_run"] != before)
    assert (await puller.state(source))["next_at"] == next_at
    assert await ingest.rows("SELECT FROM ingest.pull_notices") == []
    assert await ingest.rows("SELECT FROM ingest.held_events") == []
    [review] = await ingest.items("/v1/reviews")
    assert (review["external_id"], review["rating"]) == (names[0], 5)
    paths = [each.path for each in platforms.servers["google-business"].asked[asked:]]
    assert [f"/v4/{name}" for name in names] == sorted(paths)


async def test_native_sources_are_not_asked(ingest: Ingest, puller):
    source = await ingest.source()
    assert (await puller.state(source))["state"] == "not_asked"
    await ingest.post(source, created("r-1"))
    for answer in (
        await puller.put(source, {"api_key": "x"}),
        await ingest.client.post(f"/v1/sources/{source.id}/pull", headers=await puller.headers()),
    ):
        assert (answer.status_code, answer.json()["type"]) == (409, "/problems#not-asked")
