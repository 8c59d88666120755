"""Answers are sent through interfaces of platforms: once, in their own time, and none delays another source.

The interfaces are a server on the loopback interface, of the shapes that the platforms document.
"""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from msgspec.structs import replace

from plaudit.common.db import Role
from plaudit.common.http_client import HttpClient
from plaudit.common.vault import vault_of
from plaudit.ingest.answers.domain import FIRST_RETRY_SECONDS
from plaudit.ingest.answers.jobs import AnswerJob
from plaudit.ingest.platforms.app_store.answers import ANSWERING as APP_STORE
from plaudit.ingest.platforms.google_business.answers import ANSWERING as GOOGLE_BUSINESS
from plaudit.ingest.platforms.google_play.answers import ANSWERING as GOOGLE_PLAY
from plaudit.ingest.platforms.trustpilot.answers import ANSWERING as TRUSTPILOT
from plaudit.ingest.reviews.domain.state_formats import STATE_FORMAT, decode_state, encode_state
from plaudit_testing.answering_platforms import FakePlatform, Reply, Seen, answering_platform, reply
from plaudit_testing.deadlines import DEADLINE_SECONDS
from plaudit_testing.platform_keys import APP_STORE_KEYS, GOOGLE_KEYS, PLAY_KEYS, TRUSTPILOT_KEYS
from plaudit_testing.running_ingest import Ingest, created
from plaudit_testing.vault import damaged

pytestmark = pytest.mark.postgres

INTERFACES = {
    "trustpilot": TRUSTPILOT,
    "google-play": GOOGLE_PLAY,
    "google-business": GOOGLE_BUSINESS,
    "app-store": APP_STORE,
}
KEYS = {
    "trustpilot": TRUSTPILOT_KEYS,
    "google-play": PLAY_KEYS,
    "google-business": GOOGLE_KEYS,
    "app-store": APP_STORE_KEYS,
}
ORIGINS = (
    *("https://api.trustpilot.com", "https://androidpublisher.googleapis.com", "https://oauth2.googleapis.com"),
    *("https://mybusiness.googleapis.com", "https://api.appstoreconnect.apple.com"),
)
TEXT = "Thank you. We have refunded the deposit."


@pytest.fixture
async def platform() -> AsyncIterator[FakePlatform]:
    async with answering_platform() as made:
        yield made


def new_job(ingest: Ingest, platform: FakePlatform, **options: float) -> AnswerJob:
    resources = ingest.resources
    client = HttpClient(dict.fromkeys(ORIGINS, platform.url))
    vault = vault_of(resources.settings)
    worker = resources.database(Role.WORKER)
    return AnswerJob(worker, resources.outbox, resources.ids, vault, INTERFACES, client, **options)


@asynccontextmanager
async def running(job: AnswerJob) -> AsyncIterator[None]:
    """Run the job for the length of the block."""
    stop = asyncio.Event()
    task = asyncio.create_task(job.run(stop))
    try:
        yield
    finally:
        stop.set()
        await task


async def until(check: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(DEADLINE_SECONDS):
        while True:
            if await check():
                return
            await asyncio.sleep(0.05)


async def source_of(ingest: Ingest, platform: str, *reviews: str, with_keys: bool = True) -> list[str]:
    """A source on a platform with these reviews; their ids.

    It is made of a native source: answers do not care how reviews came.
    """
    assert ingest.parts.app is not None
    ingest.parts.app.state.answering_interfaces = INTERFACES
    source = await ingest.source()
    await ingest.post(source, [created(each, 2, text="Nobody called back.") for each in reviews])
    await ingest.rows("UPDATE ingest.sources SET platform = $1 WHERE id = $2", platform, source.id)
    ids = []
    for each in reviews:
        [found] = await ingest.items("/v1/reviews", source_id=source.id, external_id=each)
        ids.append(str(found["id"]))
        [row] = await ingest.rows("SELECT state FROM ingest.revisions WHERE review_id = $1", found["id"])
        state = decode_state(row["state"], STATE_FORMAT)
        assert state is not None
        moved = replace(state, source=replace(state.source, platform=platform))
        await ingest.rows(
            "UPDATE ingest.revisions SET state = $1 WHERE review_id = $2", encode_state(moved), found["id"]
        )
    if with_keys:
        stored = await send(
            ingest, "PUT", f"/v1/sources/{source.id}/answering-credentials", {"credentials": KEYS[platform]}
        )
        assert stored["missing"] == []
    return ids


async def send(ingest: Ingest, method: str, path: str, body: Any) -> dict[str, Any]:
    headers = {"authorization": f"Bearer {await ingest.key()}"}
    answered = await ingest.client.request(method, path, json=body, headers=headers)
    assert answered.status_code < 300, answered.text
    found: dict[str, Any] = answered.json()
    return found


async def submit(ingest: Ingest, review_id: str, text: str = TEXT) -> dict[str, Any]:
    made = await send(ingest, "POST", f"/v1/reviews/{review_id}/answer", {"text": text})
    assert (made["via"], made["state"]) == ("platform", "submitted"), made
    return made


async def answer_of(ingest: Ingest, review_id: str) -> dict[str, Any]:
    found: dict[str, Any] = (await ingest.get(f"/v1/reviews/{review_id}/answer")).json()
    return found


def is_state(ingest: Ingest, review_id: str, *states: str) -> Callable[[], Awaitable[bool]]:
    async def check() -> bool:
        return (await answer_of(ingest, review_id))["state"] in states

    return check


def has_note(ingest: Ingest, review_id: str, words: str) -> Callable[[], Awaitable[bool]]:
    async def check() -> bool:
        return words in ((await answer_of(ingest, review_id))["note"] or "")

    return check


async def at_once(ingest: Ingest) -> None:
    """Let the pauses of all sources and answers be over."""
    await ingest.rows("UPDATE ingest.answer_senders SET not_before = '-infinity', leased_until = '-infinity'")
    await ingest.rows("UPDATE ingest.answers SET next_attempt_at = written_at WHERE state = 'submitted'")


async def told(ingest: Ingest) -> list[dict[str, Any]]:
    rows = await ingest.rows("SELECT envelope FROM ingest.outbox ORDER BY id")
    events = [json.loads(row["envelope"]) for row in rows]
    return [each for each in events if each["type"] == "review.answered"]


SENT = {
    "trustpilot": r"POST /v1/private/reviews/r-1/reply",
    "google-play": r"POST /androidpublisher/v3/applications/com.example.shop/reviews/r-1:reply",
    "google-business": r"PUT /v4/accounts/1/locations/2/reviews/r-1/reply",
}
NAMES = {"google-business": "accounts/1/locations/2/reviews/r-1"}
"""Where the id of a review is another one than r-1."""


@pytest.mark.parametrize("name", SENT)
async def test_an_answer_is_sent_and_published(ingest: Ingest, platform: FakePlatform, name: str):
    [review_id] = await source_of(ingest, name, NAMES.get(name, "r-1"))
    made = await submit(ingest, review_id)
    async with running(new_job(ingest, platform)):
        await until(is_state(ingest, review_id, "published"))
    assert platform.shown == {"r-1": TEXT}
    assert len(platform.requests(SENT[name])) == 1
    [event] = await told(ingest)
    assert event["data"]["after"]["answer"]["text"] == TEXT
    found = (await ingest.get(f"/v1/reviews/{review_id}")).json()
    assert found["revisions"][-1]["actor"] == made["written_by"]
    shown = await answer_of(ingest, review_id)
    assert (shown["attempts"], shown["finished_by"], shown["note"]) == (1, None, None)


async def test_an_answer_that_the_platform_shows_later_counts_later(ingest: Ingest, platform: FakePlatform):
    [review_id] = await source_of(ingest, "app-store", "r-1")
    await submit(ingest, review_id)

    async def is_accepted() -> bool:
        return (await answer_of(ingest, review_id))["accepted_at"] is not None

    async with running(new_job(ingest, platform)):
        await until(is_accepted)
        assert (await answer_of(ingest, review_id))["state"] == "submitted"
        assert await told(ingest) == []
        platform.app_store_state = "PUBLISHED"
        await at_once(ingest)
        await until(is_state(ingest, review_id, "published"))
    assert len(platform.requests("POST /v1/customerReviewResponses")) == 1
    [event] = await told(ingest)
    assert event["data"]["after"]["answer"]["published_at"] == "2026-02-15T08:00:00Z"


async def test_an_answer_is_rejected_with_the_platforms_reason(ingest: Ingest, platform: FakePlatform):
    platform.google_state, platform.violation = "REJECTED", "OFF_TOPIC"
    [google] = await source_of(ingest, "google-business", NAMES["google-business"])
    [trustpilot] = await source_of(ingest, "trustpilot", "r-2")
    platform.shown["r-2"] = "An answer of before."
    for review_id in (google, trustpilot):
        await submit(ingest, review_id)
    async with running(new_job(ingest, platform)):
        await until(is_state(ingest, google, "rejected"))
        await until(is_state(ingest, trustpilot, "rejected"))
    assert (await answer_of(ingest, google))["note"] == "OFF_TOPIC"
    assert (await answer_of(ingest, trustpilot))["note"] == "409: The review has a reply"
    assert await told(ingest) == []


async def test_a_platform_that_is_slow_or_dead_delays_no_other_source(ingest: Ingest, platform: FakePlatform):
    released = asyncio.Event()

    async def hang(seen: Seen) -> Reply | None:
        if "slow" in seen.path:
            await released.wait()
        return None

    platform.fault = hang
    slow = [await source_of(ingest, "trustpilot", f"slow-{number}") for number in range(3)]
    other = [await source_of(ingest, "trustpilot", f"fast-{number}a", f"fast-{number}b") for number in range(2)]
    other.append(await source_of(ingest, "google-play", "play-1"))
    for ids in (*slow, *other):
        for review_id in ids:
            await submit(ingest, review_id)
    async with running(new_job(ingest, platform, request_seconds=DEADLINE_SECONDS)):
        for ids in other:
            for review_id in ids:
                await until(is_state(ingest, review_id, "published"))
        assert {(await answer_of(ingest, ids[0]))["state"] for ids in slow} == {"submitted"}
        released.set()
        for ids in slow:
            await until(is_state(ingest, ids[0], "published"))


async def test_a_platform_that_does_not_answer_in_time_is_asked_later(ingest: Ingest, platform: FakePlatform):
    is_dead = True

    async def hang(seen: Seen) -> Reply | None:
        if is_dead and seen.path.endswith("/reply"):
            await asyncio.sleep(DEADLINE_SECONDS)
        return None

    platform.fault = hang
    [review_id] = await source_of(ingest, "trustpilot", "r-1")
    await submit(ingest, review_id)
    async with running(new_job(ingest, platform, request_seconds=0.5)):
        await until(has_note(ingest, review_id, "did not answer in 0.5 seconds"))
        [sender] = await ingest.rows("SELECT failures, not_before > now() AS waits FROM ingest.answer_senders")
        assert (sender["failures"], sender["waits"]) == (1, True)
        is_dead = False

        async def published() -> bool:
            await at_once(ingest)  # again and again: a busy machine can take longer than that
            return await is_state(ingest, review_id, "published")()

        await until(published)
    assert platform.requests("GET /v1/private/reviews/r-1"), "the second attempt looks first"


@pytest.mark.parametrize("status", [429, 503])
async def test_a_source_is_left_alone_for_as_long_as_its_platform_wants(
    ingest: Ingest, platform: FakePlatform, status: int
):
    async def limit(seen: Seen) -> Reply | None:
        return reply(status, {"message": "Slow down"}, retry_after="1234") if seen.path.endswith("/reply") else None

    platform.fault = limit
    first, second = await source_of(ingest, "trustpilot", "r-1", "r-2")
    for review_id in (first, second):
        await submit(ingest, review_id)
    async with running(new_job(ingest, platform)):
        await until(has_note(ingest, first, f"{status}: Slow down"))
        await asyncio.sleep(2)
    [sender] = await ingest.rows(
        "SELECT extract(epoch FROM not_before - now())::float AS wait FROM ingest.answer_senders"
    )
    assert 1100 < sender["wait"] <= 1234
    assert len(platform.requests("POST .*/reply")) == 1, "nothing of this source is sent meanwhile"
    assert (await answer_of(ingest, second))["attempts"] == 0


@pytest.mark.parametrize("written", ["0", "Fri, 01 May 2020 10:00:02 GMT"])
async def test_a_source_waits_as_after_any_failure_where_its_platform_names_a_time_that_is_over(
    ingest: Ingest, platform: FakePlatform, written: str
):
    async def limit(seen: Seen) -> Reply | None:
        return reply(429, {"message": "Slow down"}, retry_after=written) if seen.path.endswith("/reply") else None

    platform.fault = limit
    [review_id] = await source_of(ingest, "trustpilot", "r-1")
    await submit(ingest, review_id)
    async with running(new_job(ingest, platform)):
        await until(has_note(ingest, review_id, "429: Slow down"))
    [sender] = await ingest.rows(
        "SELECT extract(epoch FROM not_before - now())::float AS wait FROM ingest.answer_senders"
    )
    assert sender["wait"] > FIRST_RETRY_SECONDS / 4


async def test_a_token_is_used_again_and_renewed_when_it_is_no_longer_accepted(ingest: Ingest, platform: FakePlatform):
    ids = await source_of(ingest, "trustpilot", "r-1", "r-2", "r-3")
    async with running(new_job(ingest, platform)):
        for number, review_id in enumerate(ids):
            await submit(ingest, review_id)
            await until(is_state(ingest, review_id, "published"))
            assert platform.tokens == (1 if number < 2 else 2)
            if number == 1:
                platform.valid_token = "another"
            await at_once(ingest)


async def test_refused_credentials_leave_the_answer_waiting_until_they_are_mended(
    ingest: Ingest, platform: FakePlatform
):
    is_refused = True

    async def refuse(seen: Seen) -> Reply | None:
        return reply(401, {"error": "invalid_client"}) if is_refused and seen.path.endswith("/accesstoken") else None

    platform.fault = refuse
    [review_id] = await source_of(ingest, "trustpilot", "r-1")
    await submit(ingest, review_id)
    async with running(new_job(ingest, platform)):
        await until(has_note(ingest, review_id, "no token: 401: invalid_client"))
        is_refused = False
        await at_once(ingest)
        await until(is_state(ingest, review_id, "published"))


async def test_credentials_that_cannot_be_decrypted_leave_the_answer_waiting_and_cost_no_other_source(
    ingest: Ingest, platform: FakePlatform
):
    [first] = await source_of(ingest, "trustpilot", "r-1")
    [(sealed,)] = await ingest.rows("SELECT answering_credentials FROM ingest.sources")
    await submit(ingest, first)
    await ingest.rows("UPDATE ingest.sources SET answering_credentials = $1", damaged(sealed))
    [second] = await source_of(ingest, "google-play", "r-2")
    await submit(ingest, second)
    async with running(new_job(ingest, platform)):
        await until(has_note(ingest, first, "bring back the key of the vault, or set them again"))
        await until(is_state(ingest, second, "published"))
        [sender] = await ingest.rows(
            "SELECT failures, not_before > now() AS waits FROM ingest.answer_senders WHERE platform = 'trustpilot'"
        )
        assert (sender["failures"], sender["waits"]) == (1, True)
        await ingest.rows("UPDATE ingest.sources SET answering_credentials = $1 WHERE platform = 'trustpilot'", sealed)
        await at_once(ingest)
        await until(is_state(ingest, first, "published"))


async def test_an_answer_is_submitted_while_the_credentials_cannot_be_decrypted(ingest: Ingest, platform: FakePlatform):
    [review_id] = await source_of(ingest, "trustpilot", "r-1")
    [(sealed,)] = await ingest.rows("SELECT answering_credentials FROM ingest.sources")
    await ingest.rows("UPDATE ingest.sources SET answering_credentials = $1", damaged(sealed))
    made = await submit(ingest, review_id)
    assert "cannot be decrypted" in made["note"]
    [source] = await ingest.items("/v1/sources")
    path = f"/v1/sources/{source['id']}/answering-credentials"
    await send(ingest, "PUT", path, {"credentials": TRUSTPILOT_KEYS})
    async with running(new_job(ingest, platform)):
        await until(is_state(ingest, review_id, "published"))


async def test_without_credentials_any_more_an_answer_is_given_by_hand(ingest: Ingest, platform: FakePlatform):
    [review_id] = await source_of(ingest, "trustpilot", "r-1")
    await submit(ingest, review_id)
    await ingest.rows("UPDATE ingest.sources SET answering_credentials = NULL")
    async with running(new_job(ingest, platform)):
        await until(has_note(ingest, review_id, "no credential 'api_key'"))
    shown = await answer_of(ingest, review_id)
    assert (shown["via"], shown["state"]) == ("by_hand", "submitted")
    assert platform.seen == []


async def test_what_the_platform_told_meanwhile_is_not_sent(ingest: Ingest, platform: FakePlatform):
    source = await ingest.source(platform="trustpilot")
    data = {"id": "t-1", "stars": 1, "createdAt": "2026-02-14T10:00:00Z", "text": "Hm"}
    await ingest.post(source, {"events": [{"eventName": "service-review-created", "eventData": data}]})
    [review] = await ingest.items("/v1/reviews", external_id="t-1")
    await send(ingest, "PUT", f"/v1/sources/{source.id}/answering-credentials", {"credentials": TRUSTPILOT_KEYS})
    await submit(ingest, review["id"])
    row = {"id": "t-1", "stars": 1, "companyReply": {"text": TEXT, "createdAt": "2026-02-15T08:00:00Z"}}
    assert (await ingest.post(source, {"links": [], "reviews": [row]})).status_code == 202
    async with running(new_job(ingest, platform)):
        await until(is_state(ingest, review["id"], "published"))
    assert platform.seen == []
    assert len(await told(ingest)) == 1


async def test_after_three_days_an_answer_that_could_not_be_sent_is_rejected(ingest: Ingest, platform: FakePlatform):
    async def fail(_: Seen) -> Reply:
        return reply(500)

    platform.fault = fail
    [review_id] = await source_of(ingest, "trustpilot", "r-1")
    await submit(ingest, review_id)
    await ingest.rows("UPDATE ingest.answers SET written_at = written_at - interval '4 days'")
    async with running(new_job(ingest, platform)):
        await until(is_state(ingest, review_id, "rejected"))
    assert (await answer_of(ingest, review_id))["note"].startswith("it could not be sent for three days: no token: 500")


async def test_an_answer_that_is_being_sent_is_not_replaced(ingest: Ingest, platform: FakePlatform):
    released = asyncio.Event()

    async def hang(seen: Seen) -> Reply | None:
        if seen.path.endswith("/reply"):
            await released.wait()
        return None

    platform.fault = hang
    [review_id] = await source_of(ingest, "trustpilot", "r-1")
    await submit(ingest, review_id)
    headers = {"authorization": f"Bearer {await ingest.key()}"}
    async with running(new_job(ingest, platform, request_seconds=DEADLINE_SECONDS)):

        async def is_hanging() -> bool:
            return bool(platform.requests("POST .*/reply"))

        await until(is_hanging)
        for path, body in (("answer", {"text": "Other words."}), ("answer/published", {})):
            refused = await ingest.client.post(f"/v1/reviews/{review_id}/{path}", json=body, headers=headers)
            assert (refused.status_code, refused.json()["type"].rpartition("#")[2]) == (409, "answer-under-way")
        released.set()
        await until(is_state(ingest, review_id, "published"))


async def test_the_limit_of_the_platform_is_told_before_anything_is_sent(ingest: Ingest, platform: FakePlatform):
    [review_id] = await source_of(ingest, "google-play", "r-1")
    headers = {"authorization": f"Bearer {await ingest.key()}"}
    refused = await ingest.client.post(f"/v1/reviews/{review_id}/answer", json={"text": "x" * 351}, headers=headers)
    assert refused.status_code == 422
    assert refused.json()["detail"] == "Google Play takes 350 characters, and the answer has 351."
    assert await ingest.items("/v1/answers") == []


async def test_two_processes_send_an_answer_once(ingest: Ingest, platform: FakePlatform):
    ids = await source_of(ingest, "trustpilot", *(f"r-{number}" for number in range(4)))
    for review_id in ids:
        await submit(ingest, review_id)
    async with running(new_job(ingest, platform)), running(new_job(ingest, platform)):
        for review_id in ids:
            await until(is_state(ingest, review_id, "published"))
            await at_once_paused(ingest)
    # A second reply to a review is refused there, and would be a rejection here.
    assert len(platform.shown) == len(await told(ingest)) == len(ids)


async def at_once_paused(ingest: Ingest) -> None:
    """Let the pauses of sources be over, and leave the leases."""
    await ingest.rows("UPDATE ingest.answer_senders SET not_before = '-infinity'")


async def test_credentials_are_stored_encrypted_and_shown_by_name_only(
    ingest: Ingest, platform: FakePlatform, caplog: pytest.LogCaptureFixture
):
    caplog.set_level(logging.DEBUG)
    [review_id] = await source_of(ingest, "trustpilot", "r-1")
    await submit(ingest, review_id)
    async with running(new_job(ingest, platform)):
        await until(is_state(ingest, review_id, "published"))
    secrets = (*TRUSTPILOT_KEYS.values(), str(platform.valid_token), TEXT)
    [stored] = await ingest.rows("SELECT answering_credentials FROM ingest.sources")
    assert stored["answering_credentials"].startswith("v1:")
    assert [each for each in secrets if each in stored["answering_credentials"]] == []
    assert [each for each in secrets if each in caplog.text] == []
    [source] = await ingest.items("/v1/sources")
    assert [each for each in TRUSTPILOT_KEYS.values() if each in json.dumps(source)] == []


@pytest.mark.parametrize(
    ("name", "credentials", "detail"),
    [
        (
            "trustpilot",
            {"token": "t"},
            "There is no credential token; there are api_key, api_secret, business_user_id.",
        ),
        ("native", {"api_key": "t"}, "There is no interface for answers on native."),
    ],
)
async def test_credentials_that_the_interface_does_not_have_are_refused(
    ingest: Ingest, name: str, credentials: dict[str, str], detail: str
):
    source = await ingest.source(platform=name)
    headers = {"authorization": f"Bearer {await ingest.key()}"}
    refused = await ingest.client.put(
        f"/v1/sources/{source.id}/answering-credentials", json={"credentials": credentials}, headers=headers
    )
    assert (refused.status_code, refused.json()["detail"]) == (422, detail)
