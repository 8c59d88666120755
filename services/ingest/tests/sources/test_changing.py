"""Changing, pausing and deleting a source, and replacing its secret while deliveries come."""

import asyncio
import itertools
import json
from typing import Any

import httpx
import pytest

from plaudit.common.db import Role
from plaudit.common.vault import vault_of
from plaudit.ingest.sources import store
from plaudit_testing.running_ingest import DEFAULT, Ingest, Source, created, running_ingest
from plaudit_testing.runtime import until

pytestmark = pytest.mark.postgres

WANTED = {"name": "Our shop", "platform": "native", "subject": "acme/berlin"}
NONE = "00000000-0000-7000-8000-000000000000"


async def ask(
    ingest: Ingest, method: str, path: str, body: Any = None, tenant: str = DEFAULT, **headers: str
) -> httpx.Response:
    sent = {"authorization": f"Bearer {await ingest.key(tenant)}"}
    sent |= {name.replace("_", "-"): value for name, value in headers.items()}
    return await ingest.client.request(method, path, json=body, headers=sent)


async def rotate(ingest: Ingest, source: Source, **body: Any) -> Source:
    answer = await ask(ingest, "POST", f"/v1/sources/{source.id}/secret/rotate", body)
    assert answer.status_code == 200, answer.text
    return Source(source.id, answer.json()["secret"], answer.json()["hook"])


async def test_what_is_left_out_of_a_change_stays_as_it_is(ingest: Ingest, source: Source):
    path = f"/v1/sources/{source.id}"
    before = (await ingest.get(path)).json()
    answer = await ask(ingest, "PATCH", path, {"name": "Other", "time_zone": "Europe/Berlin"})
    assert answer.status_code == 200, answer.text
    assert answer.json() == {**before, "name": "Other", "time_zone": "Europe/Berlin", "revision": 2}
    assert answer.headers["etag"] == '"2"'
    again = await ask(ingest, "PATCH", path, {"time_zone": None, "allowed_addresses": ["10.0.0.0/8"]})
    assert again.json() == {**before, "name": "Other", "allowed_addresses": ["10.0.0.0/8"], "revision": 3}
    assert (await ask(ingest, "PATCH", path, {})).json() == again.json()
    assert (await ingest.get(path)).json() == again.json()


@pytest.mark.parametrize(
    ("body", "slug"),
    [
        ({"name": ""}, "invalid-request"),
        ({"name": None}, "invalid-request"),
        ({"subject": "A b"}, "invalid-request"),
        ({"paused": None}, "invalid-request"),
        ({"allowed_addresses": None}, "invalid-request"),
        ({"platform": "yotpo"}, "invalid-request"),
        ({"time_zone": "Mars/Olympus"}, "invalid-source"),
        ({"allowed_addresses": ["10.0.0.1/8"]}, "invalid-source"),
    ],
)
async def test_what_cannot_be_a_change_is_a_422(ingest: Ingest, source: Source, body: dict[str, Any], slug: str):
    answer = await ask(ingest, "PATCH", f"/v1/sources/{source.id}", body)
    assert (answer.status_code, answer.json()["type"]) == (422, f"/problems#{slug}")
    assert (await ingest.get(f"/v1/sources/{source.id}")).json()["revision"] == 1


async def test_a_change_of_what_has_changed_in_between_is_a_412(ingest: Ingest, source: Source):
    path = f"/v1/sources/{source.id}"
    first = await ingest.get(path)
    assert first.headers["etag"] == '"1"'
    assert (await ask(ingest, "GET", path, if_none_match='"1"')).status_code == 304
    assert (await ask(ingest, "PATCH", path, {"name": "A"}, if_match='"1"')).status_code == 200
    for method, target, body in (
        ("PATCH", path, {"name": "B"}),
        ("POST", f"{path}/secret/rotate", {}),
        ("DELETE", path, None),
    ):
        stale = await ask(ingest, method, target, body, if_match='"1"')
        assert (stale.status_code, stale.json()["type"]) == (412, "/problems#precondition-failed")
    assert (await ingest.get(path)).json()["name"] == "A"
    assert (await ask(ingest, "DELETE", path, if_match='"2"')).status_code == 204


async def test_another_tenants_source_can_neither_be_changed_nor_deleted(ingest: Ingest, source: Source):
    for path in (f"/v1/sources/{source.id}", f"/v1/sources/{NONE}"):
        for method, target, body in (
            ("PATCH", path, {"name": "B"}),
            ("POST", f"{path}/secret/rotate", {}),
            ("PUT", f"{path}/secrets", {"secrets": [source.secret]}),
            ("DELETE", path, None),
        ):
            assert (await ask(ingest, method, target, body, tenant="globex")).status_code == 404
    assert (await ingest.post(source, created("r-1"))).status_code == 202


async def test_new_reviews_go_to_the_new_subject_and_the_others_stay(ingest_url: str):
    async with running_ingest(ingest_url, source_cache_seconds=0) as ingest:
        source = await ingest.source()
        await ingest.post(source, created("old"))
        await ask(ingest, "PATCH", f"/v1/sources/{source.id}", {"subject": "northlight/rotterdam"})
        await ingest.post(source, created("new"))
        await ingest.post(source, created("old", 1))
        found = {item["external_id"]: item["subject"] for item in await ingest.items("/v1/reviews")}
        assert found == {"old": "acme", "new": "northlight/rotterdam"}


async def test_what_comes_while_a_source_is_paused_is_kept_and_not_applied(ingest_url: str):
    async with running_ingest(ingest_url, source_cache_seconds=0) as ingest:
        source = await ingest.source()
        paused = await ask(ingest, "PATCH", f"/v1/sources/{source.id}", {"paused": True})
        assert paused.json()["paused_at"] is not None
        answer = await ingest.post(source, created("r-1"), "msg_1")
        assert (answer.status_code, answer.json()["accepted"]) == (202, 0)
        assert answer.json()["quarantine_reason"] == "source_paused"
        assert (await ingest.post(source, b"no JSON")).status_code == 202
        assert await ingest.items("/v1/reviews") == []
        kept = await ingest.items("/v1/deliveries", quarantined=True)
        assert [each["quarantine_reason"] for each in kept] == ["source_paused"] * 2
        repeated = await ingest.post(source, created("r-1"), "msg_1")
        assert repeated.json()["duplicate"] is True
        await ask(ingest, "PATCH", f"/v1/sources/{source.id}", {"paused": False})
        await ingest.post(source, created("r-2"))
        assert [item["external_id"] for item in await ingest.items("/v1/reviews")] == ["r-2"]


async def test_a_deleted_source_answers_as_none_and_its_reviews_stay(ingest_url: str):
    async with running_ingest(ingest_url, source_cache_seconds=0) as ingest:
        source = await ingest.source()
        await ingest.post(source, created("r-1"))
        assert (await ask(ingest, "DELETE", f"/v1/sources/{source.id}")).status_code == 204
        refused = await ingest.post(source, created("r-2"))
        unknown = await ingest.post(Source(NONE, source.secret, f"/v1/hooks/{NONE}"), created("r-2"))
        assert (refused.status_code, refused.json()["detail"]) == (401, unknown.json()["detail"])
        assert (await ingest.get(f"/v1/sources/{source.id}")).status_code == 404
        assert (await ask(ingest, "DELETE", f"/v1/sources/{source.id}")).status_code == 404
        assert await ingest.items("/v1/sources") == []
        assert [item["external_id"] for item in await ingest.items("/v1/reviews")] == ["r-1"]
        assert len(await ingest.items("/v1/deliveries")) == 1


@pytest.mark.parametrize("platform", ["native", "trustpilot"])
async def test_while_a_secret_is_replaced_in_mid_traffic_nothing_is_refused(ingest: Ingest, platform: str):
    """The process remembers each source for a minute."""
    first = await ingest.source(platform=platform)
    review = {"native": created, "trustpilot": trustpilot_review}[platform]
    numbers, present, stopped, statuses = itertools.count(), first, asyncio.Event(), []

    async def send(with_what: Source | None) -> None:
        while not stopped.is_set():
            answer = await ingest.post(with_what or present, review(f"r-{next(numbers)}"))
            statuses.append((answer.status_code, answer.text))

    async with asyncio.TaskGroup() as group:
        for sender in (first, None, None):
            group.create_task(send(sender))
        for enough in (20, 40):
            await until(lambda enough=enough: len(statuses) >= enough, "more deliveries")
            present = await rotate(ingest, present)
        await until(lambda: len(statuses) >= 60, "more deliveries")
        stopped.set()
    assert [each for each in statuses if each[0] != 202] == []
    assert first != present


async def test_an_old_secret_ends_with_its_time_and_at_once_without_overlap(ingest_url: str):
    async with running_ingest(ingest_url, source_cache_seconds=0) as ingest:
        first = await ingest.source()
        second = await rotate(ingest, first, overlap_seconds=3600)
        shown = (await ingest.get(f"/v1/sources/{first.id}")).json()
        assert len(shown["more_secrets_until"]) == 1
        assert [(await ingest.post(each, created("r-1"))).status_code for each in (first, second)] == [202, 202]
        await ingest.superuser.execute("UPDATE ingest.sources SET more_secrets_until = ARRAY[now() - interval '1 s']")
        assert [(await ingest.post(each, created("r-1"))).status_code for each in (first, second)] == [401, 202]
        assert (await ingest.get(f"/v1/sources/{first.id}")).json()["more_secrets_until"] == []
        third = await rotate(ingest, second, overlap_seconds=0)
        assert [(await ingest.post(each, created("r-1"))).status_code for each in (second, third)] == [401, 202]


async def test_a_fourth_secret_is_refused_and_a_secret_of_the_platform_is_taken(ingest: Ingest, source: Source):
    path = f"/v1/sources/{source.id}/secret/rotate"
    for _ in range(2):
        await rotate(ingest, source)
    full = await ask(ingest, "POST", path, {})
    assert (full.status_code, full.json()["type"]) == (409, "/problems#too-many-secrets")
    for wrong in ({"secret": "not base64!"}, {"overlap_seconds": 2_592_001}, {"overlap_seconds": -1}):
        assert (await ask(ingest, "POST", path, wrong)).status_code == 422
    issued = "whsec_" + "B" * 43 + "="
    assert (await rotate(ingest, source, secret=f"{issued}\n", overlap_seconds=0)).secret == issued
    unsigned = await ingest.source(platform="trustpilot")
    refused = await ask(ingest, "POST", f"/v1/sources/{unsigned.id}/secret/rotate", {"secret": issued})
    assert (refused.status_code, refused.json()["type"]) == (422, "/problems#invalid-source")


async def test_old_secrets_and_tokens_are_stored_encrypted(ingest: Ingest, source: Source):
    unsigned = await ingest.source(platform="trustpilot")
    for each in (source, unsigned):
        await rotate(ingest, each)
    stored = str(await ingest.rows("SELECT * FROM ingest.sources"))
    assert source.secret.removeprefix("whsec_") not in stored
    assert unsigned.hook.rsplit("/", 1)[1] not in stored
    async with ingest.resources.database(Role.WORKER).transaction() as tx:
        assert await store.reseal(tx, 10, vault_of(ingest.resources.settings)) == (0, 0)


async def test_a_source_is_made_once_under_one_idempotency_key(ingest: Ingest):
    sent = [
        await ask(ingest, "POST", "/v1/sources", WANTED, idempotency_key="once", **more)
        for more in ({}, {}, {"tenant": "globex"})
    ]
    first, repeated, other = sent
    assert [answer.status_code for answer in sent] == [201, 201, 201]
    assert repeated.json() == first.json()
    assert repeated.headers["idempotent-replayed"] == "true"
    assert "idempotent-replayed" not in first.headers
    assert first.headers["location"] == f"/v1/sources/{first.json()['id']}"
    assert other.json()["id"] != first.json()["id"]
    assert len(await ingest.items("/v1/sources")) == 1
    changed = await ask(ingest, "POST", "/v1/sources", {**WANTED, "name": "Other"}, idempotency_key="once")
    assert (changed.status_code, changed.json()["type"]) == (422, "/problems#idempotency-key-reused")


async def test_under_an_idempotency_key_no_secret_is_kept_and_the_source_is_answered_as_it_is_now(ingest: Ingest):
    first = (await ask(ingest, "POST", "/v1/sources", WANTED, idempotency_key="once")).json()
    path = f"/v1/sources/{first['id']}"
    kept = await ingest.rows("SELECT answer FROM ingest.idempotency_keys WHERE key = 'api:once'")
    assert [json.loads(row["answer"]) for row in kept] == [first["id"]]
    rotated = await ask(ingest, "POST", f"{path}/secret/rotate", {})
    assert rotated.status_code == 200
    repeated = await ask(ingest, "POST", "/v1/sources", WANTED, idempotency_key="once")
    assert (repeated.status_code, repeated.json()["secret"]) == (201, rotated.json()["secret"])
    assert (await ask(ingest, "DELETE", path)).status_code == 204
    gone = await ask(ingest, "POST", "/v1/sources", WANTED, idempotency_key="once")
    assert (gone.status_code, await ingest.items("/v1/sources")) == (404, [])


async def test_a_source_is_made_once_when_its_request_comes_many_times_at_once(ingest: Ingest):
    answers = await asyncio.gather(
        *(ask(ingest, "POST", "/v1/sources", WANTED, idempotency_key="many") for _ in range(8))
    )
    assert {answer.json()["id"] for answer in answers} == {(await ingest.items("/v1/sources"))[0]["id"]}


def trustpilot_review(external_id: str) -> dict[str, Any]:
    """A review as Trustpilot posts it."""
    return {
        "events": [
            {
                "eventName": "service-review-created",
                "version": "1.0",
                "eventData": {
                    "id": external_id,
                    "language": "en",
                    "link": f"https://example.com/reviews/{external_id}",
                    "stars": 3,
                    "title": "Fair",
                    "text": "Fine.",
                    "isVerified": True,
                    "createdAt": "2026-03-01T12:00:00Z",
                    "consumer": {"id": "c-1", "name": "Ada", "link": "https://example.com/users/c-1"},
                    "tags": [],
                },
            }
        ]
    }
