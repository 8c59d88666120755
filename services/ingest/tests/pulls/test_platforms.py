"""Each platform's interface, over real HTTP against a local server of its documented shape."""

import json

import pytest

from plaudit.ingest.platforms import INTERFACES
from plaudit_testing.running_ingest import Ingest

pytestmark = pytest.mark.postgres

PULLED = sorted(INTERFACES)


@pytest.mark.parametrize("platform", PULLED)
async def test_all_reviews_come_in_over_several_pages_each_once(puller, platforms, ingest: Ingest, platform: str):
    says = platforms.says(platform)
    if hasattr(says, "page_size"):
        says.page_size = 40
    for number in range(230):
        says.review(f"r-{number}")
    source = await puller.source(platform)
    state = await puller.pull(source)
    assert (state["state"], state["error"]) == ("waiting", None)
    assert state["last_run"]["reviews_found"] == 230
    assert (await ingest.counts())["reviews"] == 230
    revisions = await ingest.rows("SELECT type, count(*) FROM ingest.revisions GROUP BY type")
    assert [tuple(row) for row in revisions] == [("review.created", 230)]
    deliveries = await ingest.counts()
    assert (await puller.pull(source))["last_run"]["changed"] == 0
    assert await ingest.counts() == deliveries, "a page that says nothing new is not stored again"


async def test_a_delivery_holds_the_page_byte_for_byte(puller, platforms, ingest: Ingest):
    platforms.trustpilot.review("r-1")
    await puller.pull(await puller.source("trustpilot"))
    [delivery] = await ingest.items("/v1/deliveries")
    shown = (await ingest.get(f"/v1/deliveries/{delivery['id']}")).json()
    assert '"reviews": [{' in shown["body"]
    assert shown["headers"] == {"content-type": "application/json", "plaudit-pull": "page", "plaudit-backfill": "older"}


async def test_trustpilot_tells_late_replies_by_being_asked(puller, platforms, ingest: Ingest):
    platforms.trustpilot.review("r-1")
    source = await puller.source("trustpilot")
    await puller.pull(source)
    reply = {"text": "Sorry.", "createdAt": "2026-05-02T09:00:00Z", "updatedAt": None, "authorBusinessUserId": "u"}
    platforms.trustpilot.review("r-1", companyReply=reply)
    await puller.complete(source)
    [review] = await ingest.items("/v1/reviews")
    assert review["answer"] == {"text": "Sorry.", "published_at": "2026-05-02T09:00:00Z", "state": "published"}
    platforms.trustpilot.review("r-1", companyReply=None)
    await puller.complete(source)
    [review] = await ingest.items("/v1/reviews")
    assert review["answer"] is None
    assert platforms.trustpilot.tokens == 1, "a token is used as long as it lasts"


async def test_google_answers_count_once_they_are_approved(puller, platforms, ingest: Ingest):
    reply = {"comment": "Sorry!", "updateTime": "2026-05-02T10:00:00Z", "reviewReplyState": "PENDING"}
    platforms.google.review("AbC-1", reviewReply=reply)
    source = await puller.source("google-business")
    await puller.pull(source)
    [review] = await ingest.items("/v1/reviews")
    assert (review["rating"], review["version"], review["answer"]["state"]) == (2, 1_777_629_600_000_000, "pending")
    platforms.google.review("AbC-1", reviewReply={**reply, "reviewReplyState": "APPROVED"})
    await puller.complete(source)
    [review] = await ingest.items("/v1/reviews", answered=True)
    assert review["answer"]["state"] == "published"
    platforms.google.reviews["AbC-1"].pop("reviewReply")
    platforms.google.review("AbC-1", stars="FIVE", changed="2026-05-06T10:00:00.123456789Z")
    await puller.pull(source)
    [review] = await ingest.items("/v1/reviews")
    assert (review["answer"], review["rating"], review["edited_at"]) == (None, 5, "2026-05-06T10:00:00.123456Z")


async def test_google_asks_only_for_what_changed_since(puller, platforms):
    platforms.google.page_size = 10
    for number in range(30):
        platforms.google.review(f"r-{number}", changed=f"2026-05-{number % 28 + 1:02}T10:00:00Z")
    source = await puller.source("google-business")
    assert (await puller.pull(source))["last_run"]["pages"] == 3
    platforms.google.review("r-3", stars="ONE", changed="2026-06-01T10:00:00Z")
    state = await puller.pull(source)
    assert (state["last_run"]["pages"], state["last_run"]["changed"]) == (1, 1)
    assert state["cursor"] == "2026-06-01T10:00:00Z"


async def test_app_store_responses_and_edits(puller, platforms, ingest: Ingest):
    platforms.apple.review("0000-1")
    platforms.apple.responses["0000-1"] = {
        "responseBody": "Fixed.",
        "lastModifiedDate": "2026-03-09T10:00:00-07:00",
        "state": "PENDING_PUBLISH",
    }
    source = await puller.source("app-store")
    await puller.pull(source)
    [review] = await ingest.items("/v1/reviews")
    assert (review["published_at"], review["answer"]["state"]) == ("2026-03-08T20:22:08Z", "pending")
    platforms.apple.review("0000-1", rating=5)
    platforms.apple.responses["0000-1"]["state"] = "PUBLISHED"
    await puller.complete(source)
    [review] = await ingest.items("/v1/reviews")
    assert (review["rating"], review["answer"]["state"], review["tags"]) == (5, "published", ["territory:ESP"])


async def test_play_stars_are_edited_and_the_publication_stays(puller, platforms, ingest: Ingest):
    platforms.play.review("gp-1", stars=2, seconds=1_778_960_645)
    source = await puller.source("google-play")
    await puller.pull(source)
    platforms.play.review("gp-1", stars=4, seconds=1_778_970_000, reply="Thanks!")
    state = await puller.pull(source)
    assert state["complete_at"] is None
    [review] = await ingest.items("/v1/reviews")
    assert (review["rating"], review["title"], review["text"]) == (4, "Title", "Clock in is missing.")
    assert (review["published_at"], review["rated_at"]) == ("2026-05-16T19:44:05Z", "2026-05-16T22:20:00Z")
    assert review["answer"]["text"] == "Thanks!"
    platforms.play.review("gp-1", stars=4, seconds=1_778_970_000)
    await puller.pull(source)
    assert (await ingest.items("/v1/reviews"))[0]["answer"] is None


async def test_g2_tells_what_was_removed_and_what_is_back(puller, platforms, ingest: Ingest):
    platforms.g2.review("41eb-1")
    platforms.g2.review("41eb-2")
    platforms.g2.removed = {"41eb-0", "41eb-2"}
    source = await puller.source("g2")
    await puller.pull(source)
    [review] = await ingest.items("/v1/reviews")
    assert (review["external_id"], review["rating"]) == ("41eb-1", 2.5)
    platforms.g2.removed = {"41eb-1"}
    await puller.pull(source)
    [review] = await ingest.items("/v1/reviews")
    assert review["external_id"] == "41eb-2"
    platforms.g2.removed = set()
    await puller.pull(source)
    assert len(await ingest.items("/v1/reviews")) == 2
    since = [asked.params.get("filter[updated_at_gt]") for asked in platforms.servers["g2"].asked]
    assert since[0] is None
    assert all(since[2:])


async def test_what_is_pulled_says_whether_answers_are_asked_for(puller, platforms, ingest: Ingest):
    for platform, answers in (("trustpilot", "polled"), ("g2", "untold")):
        platforms.says(platform).review("r-1")
        await puller.pull(await puller.source(platform))
        [event] = await ingest.rows("SELECT envelope FROM ingest.outbox ORDER BY id DESC LIMIT 1")
        assert json.loads(event["envelope"])["data"]["answers"] == answers
