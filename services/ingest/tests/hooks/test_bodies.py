"""What may be posted: sizes, JSON, events, and the answers to each."""

import json
from base64 import b64decode
from collections.abc import AsyncIterator
from uuid import UUID

import pytest

from plaudit.ingest.settings import IngestSettings
from plaudit_testing.running_ingest import Ingest, Source, created, running_ingest
from plaudit_testing.webhooks import headers

pytestmark = pytest.mark.postgres

CAP_BYTES = 2_048
NOTHING = {"deliveries": 0, "reviews": 0, "revisions": 0, "outbox": 0}


async def streamed(body: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(body), 500):
        yield body[start : start + 500]


async def test_a_body_over_the_cap_is_a_413_with_its_length_told_and_streamed_without(ingest_url: str):
    async with running_ingest(ingest_url, hook_max_body_bytes=CAP_BYTES) as ingest:
        source = await ingest.source()
        body = json.dumps(created("r-1", text="x" * CAP_BYTES)).encode()
        signed = headers(source.secret, body)
        told = await ingest.send(source.hook, body, signed)
        untold = await ingest.send(source.hook, streamed(body), signed)
        for answer in (told, untold, await ingest.send(source.hook, streamed(body), {})):
            assert (answer.status_code, answer.json()["type"]) == (413, "/problems#body-too-large")
            assert str(CAP_BYTES) in answer.json()["detail"]
        assert await ingest.counts() == NOTHING

        fits = json.dumps(created("r-1")).encode().ljust(CAP_BYTES)
        answers = [
            await ingest.send(source.hook, sent, headers(source.secret, fits)) for sent in (fits, streamed(fits))
        ]
        assert [answer.status_code for answer in answers] == [202, 202]


def test_the_cap_is_four_mebibytes_unless_told_otherwise():
    assert IngestSettings.model_fields["hook_max_body_bytes"].default == 4 * 1024 * 1024


BAD_JSON = {
    "empty": b"",
    "cut off": b'{"type": "review.created", ',
    "not UTF-8": b'{"type": "\xff"}',
    "too deep": b"[" * 40 + b"]" * 40,
    "too many nodes": b"[" + b"0," * 100_000 + b"0]",
    "two documents": b"{}{}",
    "two byte order marks": b"\xef\xbb\xbf" * 2 + b"[]",
    "a raw NUL": b'{"type": "\0"}',
}


async def test_bad_json_is_a_400_and_is_kept_byte_for_byte(ingest: Ingest, source: Source):
    for kind, body in BAD_JSON.items():
        sent_id = kind.replace(" ", "_")
        answer = await ingest.post(source, body, sent_id)
        assert (answer.status_code, answer.json()["type"]) == (400, "/problems#invalid-json"), kind
        [kept] = await ingest.items("/v1/deliveries", quarantined=True, sent_id=sent_id)
        assert kept["id"] in answer.json()["detail"]
        assert (kept["status"], kept["accepted"], kept["body_bytes"]) == (400, 0, len(body))
        assert kept["quarantine_reason"] in answer.json()["detail"]
        read = (await ingest.get(f"/v1/deliveries/{kept['id']}")).json()
        assert b64decode(read["body_base64"]) == body
        assert (read["body"] is None) == (kind == "not UTF-8")
    assert await ingest.counts() == {**NOTHING, "deliveries": len(BAD_JSON)}


@pytest.mark.parametrize("written", ["x" * 262_145, "\\u00e9" * 60_000, "x" * 2_000_000])
async def test_a_text_of_any_length_is_cut_and_costs_neither_its_event_nor_the_others(
    ingest: Ingest, source: Source, written: str
):
    body = json.dumps([created("r-1", text="%"), created("r-2")]).replace("%", written).encode()
    answer = await ingest.post(source, body)
    assert (answer.status_code, answer.json()["accepted"], answer.json()["quarantined"]) == (202, 2, [])
    [long] = await ingest.items("/v1/reviews", external_id="r-1")
    assert long["text"] == json.loads(f'"{written}"')[:20_000]


async def test_a_number_next_to_zero_in_a_field_that_nobody_reads_costs_nothing(ingest: Ingest, source: Source):
    for number in ("5e-324", "1e-400"):
        body = json.dumps(created(f"r-{number}", weight="%")).replace('"%"', number).encode()
        assert (await ingest.post(source, body)).json()["accepted"] == 1


COSTLY = {
    "NaN": '{"rating": NaN}',
    "infinity": '{"rating": -Infinity}',
    "a huge number": '{"rating": 1e131071}',
    "a long number": '{"rating": 1' + "0" * 5_000 + "}",
    "a number that no float holds": '{"rating": 9e308}',
    "a key twice": '{"rating": 1, "rating": 5}',
    "a NUL in the id": '{"id": "a\\u0000b"}',
    "half of a surrogate pair in the id": '{"id": "a\\ud83d"}',
    "off the scale": '{"rating": 6}',
    "too large a version": '{"version": 1e300}',
}


@pytest.mark.parametrize("data", COSTLY.values(), ids=COSTLY)
async def test_one_bad_event_is_quarantined_by_its_index_and_costs_no_other(ingest: Ingest, source: Source, data: str):
    members = json.dumps(created("r-0")["data"])[1:]
    name = data[2 : data.index('"', 2)]
    members = ", ".join(part for part in members.split(", ") if f'"{name}"' not in part).rstrip("}") + "}"
    bad = f'{{"type": "review.created", "data": {data[:-1]}, {members}}}'
    sound = [json.dumps(created(f"r-{number}")) for number in range(1, 5)]
    told = (await ingest.post(source, f"[{', '.join([bad, *sound])}]".encode())).json()
    assert (told["accepted"], [item["index"] for item in told["quarantined"]]) == (4, [0])
    assert {review["external_id"] for review in await ingest.items("/v1/reviews")} == {"r-1", "r-2", "r-3", "r-4"}


@pytest.mark.parametrize("written", ["cut in two \\ud83d", "\\udc00\\ud800", "a\\u0000b"])
async def test_what_is_no_character_is_replaced_in_a_text(ingest: Ingest, source: Source, written: str):
    body = json.dumps([created("r-1", text="%"), created("r-2")]).replace("%", written).encode()
    assert (await ingest.post(source, body)).json()["accepted"] == 2
    [review] = await ingest.items("/v1/reviews", external_id="r-1")
    assert "\ufffd" in review["text"]
    assert len(review["text"]) == len(json.loads(f'"{written}"'))


@pytest.mark.parametrize("platform", ["native", "trustpilot"])
async def test_a_byte_order_mark_is_skipped_after_the_signature_was_checked_over_it(ingest: Ingest, platform: str):
    source = await ingest.source(platform=platform)
    data = {"id": "r-1", "stars": 4, "createdAt": "2026-02-14T10:15:30Z"}
    event = created("r-1") if platform == "native" else {"eventName": "service-review-created", "eventData": data}
    assert (await ingest.post(source, b"\xef\xbb\xbf" + json.dumps(event).encode())).json()["accepted"] == 1


@pytest.mark.parametrize(
    ("platform", "body", "ignored"),
    [
        ("native", {"type": "webhook.test", "data": {}}, [0]),
        ("native", [], []),
        ("native", [{"type": "webhook.test"}, created("r-1")], [0]),
        ("trustpilot", {"events": [{"eventName": "service-review-reply-created", "version": "1"}]}, [0]),
        ("trustpilot", {"events": []}, []),
    ],
)
async def test_what_is_well_formed_and_not_for_us_is_a_202_and_kept(
    ingest: Ingest, platform: str, body: object, ignored: list[int]
):
    answer = await ingest.post(await ingest.source(platform=platform), body)
    assert answer.status_code == 202
    assert [item["index"] for item in answer.json().get("ignored", [])] == ignored
    assert answer.json()["quarantined"] == []
    [kept] = await ingest.items("/v1/deliveries")
    assert (kept["status"], [item["index"] for item in kept["ignored"]]) == (202, ignored)
    assert await ingest.items("/v1/deliveries", quarantined=True) == []


UNUSABLE = {
    "a number": b"5",
    "null": b"null",
    "NaN alone": b"NaN",
    "a lone surrogate": b'"\\ud800"',
    "a key twice": b'{"type": 1, "type": 2}',
    "too many events": json.dumps([created(str(n)) for n in range(1_001)]).encode(),
    "all off their scales": json.dumps([created("r-1", 6), created("r-2", 0)]).encode(),
    "no type": json.dumps({"data": created("r-1")["data"]}).encode(),
}


async def test_nothing_valid_at_all_is_a_422_that_says_why_and_is_kept(ingest: Ingest, source: Source):
    for kind, body in UNUSABLE.items():
        sent_id = kind.replace(" ", "_")
        answer = await ingest.post(source, body, sent_id)
        assert (answer.status_code, answer.json()["type"]) == (422, "/problems#nothing-taken"), kind
        [kept] = await ingest.items("/v1/deliveries", quarantined=True, sent_id=sent_id)
        assert kept["id"] in answer.json()["detail"]
        assert (kept["status"], kept["accepted"]) == (422, 0)
        reasons = [(int(error["pointer"][1:]), error["detail"]) for error in answer.json().get("errors", [])]
        assert [(item["index"], item["reason"]) for item in kept["quarantined"]] == reasons
        assert reasons == [] or kept["quarantine_reason"] == "nothing_valid"
        assert reasons or kept["quarantine_reason"] in answer.json()["detail"]
        assert (await ingest.get(f"/v1/deliveries/{kept['id']}")).json()["body"] == body.decode()
    assert await ingest.counts() == {**NOTHING, "deliveries": len(UNUSABLE)}


async def test_the_answer_names_the_delivery_counts_and_what_was_quarantined(ingest: Ingest, source: Source):
    answer = await ingest.post(source, created("r-1"))
    assert answer.status_code == 202
    assert answer.headers["content-type"] == "application/json"
    told = answer.json()
    assert str(UUID(told["delivery_id"])) == told["delivery_id"]
    assert told == {"delivery_id": told["delivery_id"], "accepted": 1, "unchanged": 0, "quarantined": []}
    [kept] = await ingest.items("/v1/deliveries")
    assert (kept["id"], kept["status"], kept["accepted"]) == (told["delivery_id"], 202, 1)


async def test_an_event_off_its_scale_is_quarantined_and_the_others_of_the_array_are_kept(
    ingest: Ingest, source: Source
):
    events = [created("r-0"), created("r-1", 5.5), created("r-2", 5), "no event", created("r-4", 1)]
    told = (await ingest.post(source, events)).json()
    assert (told["accepted"], [item["index"] for item in told["quarantined"]]) == (3, [1, 3])
    assert told["quarantined"][0]["reason"] == "data: rating 5.5 is off its scale of 1 to 5"
    assert {review["external_id"] for review in await ingest.items("/v1/reviews")} == {"r-0", "r-2", "r-4"}
    [kept] = await ingest.items("/v1/deliveries", quarantined=True)
    assert kept["quarantined"] == told["quarantined"]
    assert (await ingest.get(f"/v1/deliveries/{kept['id']}")).json()["body"] == json.dumps(events)
    assert await ingest.counts() == {"deliveries": 1, "reviews": 3, "revisions": 3, "outbox": 3}


async def test_events_of_one_review_in_one_delivery_are_applied_in_their_order(ingest: Ingest, source: Source):
    edited = {"type": "review.edited", "data": {"id": "r-1", "rating": 1}}
    removed = {"type": "review.removed", "data": {"id": "r-1"}}
    restored = {"type": "review.restored", "data": {"id": "r-1"}}
    told = (await ingest.post(source, [created("r-1", 5), edited, removed, restored])).json()
    assert (told["accepted"], told["unchanged"]) == (4, 0)
    [review] = await ingest.items("/v1/reviews")
    assert (review["rating"], review["revision"], review["removed"]) == (1, 4, False)
    assert await ingest.counts() == {"deliveries": 1, "reviews": 1, "revisions": 4, "outbox": 4}


async def test_a_delivery_of_a_thousand_events_is_taken_whole(ingest: Ingest, source: Source):
    told = (await ingest.post(source, [created(f"r-{n}") for n in range(1_000)])).json()
    assert (told["accepted"], told["quarantined"]) == (1_000, [])
    assert await ingest.counts() == {"deliveries": 1, "reviews": 1_000, "revisions": 1_000, "outbox": 1_000}


async def test_bytes_and_harmless_headers_are_kept_as_they_came_and_secrets_are_not(ingest: Ingest, source: Source):
    body = (
        b' {"data":{"rating":4.0 ,"id":"\\u0072-1",\n"published_at":"2026-02-14T10:15:30Z"},"type":"review.created"} '
    )
    signed = {**headers(source.secret, body, "msg_1"), "user-agent": "shop/1.0", "authorization": "Bearer canary"}
    told = (await ingest.send(source.hook, body, signed)).json()
    read = (await ingest.get(f"/v1/deliveries/{told['delivery_id']}")).json()
    assert b64decode(read["body_base64"]) == body
    assert read["headers"] == {
        name: signed[name] for name in ("content-type", "user-agent", "webhook-id", "webhook-timestamp")
    }


async def test_the_id_that_a_delivery_is_known_by_is_stored_once(ingest: Ingest, source: Source):
    await ingest.post(source, created("r-1"), "msg_1")
    [row] = await ingest.rows("SELECT sent_id, headers ->> 'webhook-id' AS of_headers, id FROM ingest.deliveries")
    assert (row["sent_id"], row["of_headers"]) == ("msg_1", None)
    # As earlier versions stored it.
    await ingest.superuser.execute('UPDATE ingest.deliveries SET headers = \'{"webhook-id": "msg_1"}\'')
    assert (await ingest.get(f"/v1/deliveries/{row['id']}")).json()["headers"] == {"webhook-id": "msg_1"}
