"""A platform that signs nothing proves itself by the address it posts to."""

import json

import pytest

from plaudit_testing.running_ingest import Ingest, Source
from plaudit_testing.shared import shared
from plaudit_testing.webhooks import headers

pytestmark = pytest.mark.postgres

REVIEW = {"id": "t-1", "stars": 2, "title": "Late", "createdAt": "2026-02-14T10:15:30.000Z", "consumer": {"id": "c-1"}}
CREATED = {"events": [{"eventName": "service-review-created", "version": "1", "eventData": REVIEW}]}


@pytest.fixture
async def trustpilot(ingest: Ingest) -> Source:
    return await ingest.source(platform="trustpilot", subject="acme")


def test_such_a_source_has_an_address_with_a_token_and_no_secret(trustpilot: Source):
    assert trustpilot.secret == ""
    prefix, _, token = trustpilot.hook.rpartition("/")
    assert prefix == f"/v1/hooks/{trustpilot.id}"
    assert len(token) >= 43  # 256 bits in base64


async def test_the_right_token_opens_the_door(ingest: Ingest, trustpilot: Source):
    answer = await ingest.post(trustpilot, CREATED)
    assert (answer.status_code, answer.json()["accepted"]) == (202, 1)
    [review] = await ingest.items("/v1/reviews")
    assert (review["external_id"], review["rating"], review["person"]) == ("t-1", 2, "trustpilot:c-1")


async def test_a_wrong_missing_or_hostile_token_is_a_401(ingest: Ingest, trustpilot: Source):
    base, token = trustpilot.hook.rsplit("/", 1)
    wrong = [f"{base}/{each}" for each in (token[:-1], token + "A", token.swapcase(), "é", "%ff", "%00", "x" * 5_000)]
    body = json.dumps(CREATED).encode()
    for path in (base, *wrong):
        for signed in ({}, headers("whsec_" + "A" * 43 + "=", body)):
            answer = await ingest.send(path, body, signed)
            assert (answer.status_code, answer.json()["type"]) == (401, "/problems#invalid-signature"), path
    assert (await ingest.counts())["deliveries"] == 0


async def test_a_mistyped_address_is_answered_as_a_wrong_token_is(ingest: Ingest, trustpilot: Source):
    native = await ingest.source()
    body = json.dumps(CREATED).encode()
    base, token = trustpilot.hook.rsplit("/", 1)
    wrong = (await ingest.send(f"{base}/wrong", body, {})).json()
    mistyped = [
        *(f"{base}/", f"{base}//", f"{base}//{token}", f"{base}/{token}/", f"{base}/{token}/x", f"{base}/%2f"),
        *("/v1/hooks/", "/v1/hooks//", f"/v1/hooks//{trustpilot.id}/{token}", f"{native.hook}/"),
    ]
    for path in mistyped:
        answer = await ingest.send(path, body, {})
        told = answer.json()
        assert (answer.status_code, told["type"]) == (401, wrong["type"]), path
        if path != "/v1/hooks/":  # It has no token at all, as an address of a source that signs has none.
            assert told["detail"] == wrong["detail"], path
        assert (await ingest.client.get(path)).status_code == 200, path
    signed = headers(native.secret, b"[]")
    assert (await ingest.send(f"{native.hook}/", b"[]", signed)).status_code == 401
    assert (await ingest.counts())["deliveries"] == 0


async def test_an_id_is_the_same_in_capitals_and_percent_encoded(ingest: Ingest, trustpilot: Source):
    token = trustpilot.hook.rsplit("/", 1)[1]
    encoded = "".join(f"%{ord(each):02x}" for each in token)
    for path in (
        f"/v1/hooks/{trustpilot.id.upper()}/{token}",
        f"/v1/hooks/%{ord(trustpilot.id[0]):x}{trustpilot.id[1:]}/{encoded}",
    ):
        assert (await ingest.send(path, json.dumps(CREATED).encode(), {})).status_code == 202, path


async def test_the_token_of_another_source_is_a_401(ingest: Ingest, trustpilot: Source):
    other = await ingest.source(platform="trustpilot")
    stolen = f"/v1/hooks/{trustpilot.id}/{other.hook.rsplit('/', 1)[1]}"
    assert (await ingest.send(stolen, b"{}", {})).status_code == 401


async def test_without_an_id_a_delivery_is_never_a_repetition_but_its_events_are(ingest: Ingest, trustpilot: Source):
    answers = [(await ingest.post(trustpilot, CREATED)).json() for _ in range(2)]
    assert [answer["unchanged"] for answer in answers] == [0, 1]
    assert not any("duplicate" in answer for answer in answers)
    assert await ingest.counts() == {"deliveries": 2, "reviews": 1, "revisions": 1, "outbox": 1}


async def test_an_id_that_proves_nothing_is_kept_among_the_headers(ingest: Ingest, trustpilot: Source):
    await ingest.send(trustpilot.hook, json.dumps(CREATED).encode(), {"webhook-id": "msg_1"})
    [delivery] = await ingest.items("/v1/deliveries")
    assert delivery["sent_id"] is None
    assert (await ingest.get(f"/v1/deliveries/{delivery['id']}")).json()["headers"]["webhook-id"] == "msg_1"


async def test_a_review_lives_from_creation_to_deletion(ingest: Ingest, trustpilot: Source):
    for name, more in (("created", {}), ("updated", {"stars": 5}), ("deleted", {})):
        event = {"eventName": f"service-review-{name}", "eventData": {**REVIEW, **more}}
        assert (await ingest.post(trustpilot, event)).json()["accepted"] == 1
    assert await ingest.items("/v1/reviews") == []
    [review] = await ingest.items("/v1/reviews", removed=True)
    history = (await ingest.get(f"/v1/reviews/{review['id']}")).json()["revisions"]
    assert [revision["type"] for revision in history] == ["review.created", "review.edited", "review.removed"]


async def test_the_token_is_never_logged(ingest: Ingest, trustpilot: Source, capsys: pytest.CaptureFixture[str]):
    await ingest.post(trustpilot, b"{")
    await ingest.send(trustpilot.hook[:-1], b"{}", {})
    said = capsys.readouterr()
    assert "/v1/hooks/{source_id}/{token}" in said.out
    assert trustpilot.hook.rsplit("/", 1)[1][:-1] not in said.out + said.err


async def test_genuine_payloads_are_taken_and_what_is_unknown_in_them_is_quarantined(
    ingest: Ingest, trustpilot: Source
):
    entries = json.loads(shared("vectors", "review_platform_payloads.json").read_text())["entries"]
    payloads = [
        entry["payload"] for entry in entries if entry["platform"] == "Trustpilot" and "webhook" in entry["kind"]
    ]
    assert payloads
    for payload in payloads:
        events = payload.get("events", [payload])
        answer = await ingest.post(trustpilot, payload)
        assert answer.status_code == 202, answer.text
        told = answer.json()
        assert told["accepted"] >= 1
        for item in told["quarantined"]:
            assert "review" not in events[item["index"]]["eventName"], item
