"""Who may post: everything that is not proven gets the one 401, whatever its headers hold."""

import json
import time
from uuid import uuid4

import httpx
import pytest

from plaudit_testing.running_ingest import Ingest, Source, created
from plaudit_testing.webhooks import headers, signature

pytestmark = pytest.mark.postgres

BODY = json.dumps(created("r-1")).encode()
OTHER_SECRET = "whsec_" + "A" * 43 + "="
OLDEST_SECONDS = 300
OF_ONE_ANSWER = {"x-request-id", "content-length", "date"}


def without_request_id(answer: httpx.Response) -> tuple[bytes, dict[str, str]]:
    """An answer's bytes and headers without the request's id, by which alone two of them may differ."""
    own = answer.headers["x-request-id"].encode()
    assert answer.content.count(own) == 1
    kept = {name: value for name, value in answer.headers.items() if name not in OF_ONE_ANSWER}
    return answer.content.replace(own, b""), kept


async def assert_not_proven(ingest: Ingest, answer: httpx.Response) -> None:
    assert answer.status_code == 401, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["type"] == "/problems#invalid-signature"
    assert await ingest.counts() == {"deliveries": 0, "reviews": 0, "revisions": 0, "outbox": 0}


async def test_a_right_signature_opens_the_door(ingest: Ingest, source: Source):
    answer = await ingest.send(source.hook, BODY, headers(source.secret, BODY))
    assert answer.status_code == 202


async def test_a_signature_of_a_clock_that_is_off_by_less_than_five_minutes_is_taken(ingest: Ingest, source: Source):
    for skew_seconds in (-OLDEST_SECONDS + 30, OLDEST_SECONDS - 30):
        signed = headers(source.secret, BODY, timestamp=int(time.time()) + skew_seconds)
        assert (await ingest.send(source.hook, BODY, signed)).status_code == 202


async def test_an_old_or_early_signature_is_a_401(ingest: Ingest, source: Source):
    for skew_seconds in (-OLDEST_SECONDS - 30, OLDEST_SECONDS + 30, -(10**9), 10**9):
        signed = headers(source.secret, BODY, timestamp=int(time.time()) + skew_seconds)
        await assert_not_proven(ingest, await ingest.send(source.hook, BODY, signed))


async def test_a_missing_header_is_a_401(ingest: Ingest, source: Source):
    for missing in HOSTILE:
        signed = headers(source.secret, BODY)
        del signed[missing]
        await assert_not_proven(ingest, await ingest.send(source.hook, BODY, signed))
    await assert_not_proven(ingest, await ingest.send(source.hook, BODY, {}))


async def test_another_secret_another_body_and_another_id_are_401(ingest: Ingest, source: Source):
    await assert_not_proven(ingest, await ingest.send(source.hook, BODY, headers(OTHER_SECRET, BODY)))
    await assert_not_proven(ingest, await ingest.send(source.hook, BODY + b" ", headers(source.secret, BODY)))
    moved = {**headers(source.secret, BODY), "webhook-id": "msg_another"}
    await assert_not_proven(ingest, await ingest.send(source.hook, BODY, moved))


async def test_the_secret_of_another_source_is_a_401(ingest: Ingest, source: Source):
    other = await ingest.source(subject="globex")
    await assert_not_proven(ingest, await ingest.send(source.hook, BODY, headers(other.secret, BODY)))


NO_HTTP = b"\x00"
HOSTILE = {
    "webhook-id": [b"", b" ", b"a.b", b"\xff\xfe", b"a b", b"x" * 257, b"\x00", b"msg\xc3\xa9"],
    "webhook-timestamp": [
        *(b"", b"-1", b"+1", b"1e9", b"0x10", b" 1", b"1.0", b"NaN", b"9" * 15, b"9" * 5_000, b"\xd9\xa1", b"\xff"),
        *(b"now", b"1_000", b"\x00"),
    ],
    "webhook-signature": [
        *(b"", b"v1", b"v1,", b",", b"v1,!!!!", b"v2,AAAA", b"v1a,AAAA", b"\xff" * 44, b"v1," + b"=" * 44, b"\x00"),
        *(b" ", b" ".join([b"v1,AAAA"] * 11), b"v1," + b"A" * 30_000),
    ],
}


@pytest.mark.parametrize("name", HOSTILE)
async def test_a_malformed_header_is_a_401_and_never_a_500(ingest: Ingest, source: Source, name: str):
    right = {key.encode(): text.encode() for key, text in headers(source.secret, BODY).items()}
    for value in HOSTILE[name]:
        answer = await ingest.send_as_is(source.hook, BODY, {**right, name.encode(): value})
        if value == NO_HTTP:
            assert (answer.status_code, answer.json()["type"]) == (400, "/problems#malformed-http")
        else:
            await assert_not_proven(ingest, answer)


async def test_a_signature_longer_than_a_head_may_be_is_a_431(ingest: Ingest, source: Source):
    right = {key.encode(): text.encode() for key, text in headers(source.secret, BODY).items()}
    long = {**right, b"webhook-signature": b"v1," + b"A" * 100_000}
    answer = await ingest.send_as_is(source.hook, BODY, long)
    assert (answer.status_code, answer.json()["type"]) == (431, "/problems#head-too-large")


async def test_a_header_that_stands_twice_is_a_401(ingest: Ingest, source: Source):
    signed = headers(source.secret, BODY)
    for name in ("webhook-id", "webhook-timestamp", "webhook-signature"):
        answer = await ingest.client.post(source.hook, content=BODY, headers=[*signed.items(), (name, signed[name])])
        await assert_not_proven(ingest, answer)


async def test_hostile_headers_beside_the_signature_do_no_harm(ingest: Ingest, source: Source):
    beside = {
        b"traceparent": b"\xff\xff-not-a-trace",
        b"x-request-id": b"\xc3\xa9<script>",
        b"user-agent": b"\xff\xfe'\"; DROP TABLE deliveries",
        b"content-type": b"application/\xff",
    }
    signed = {key.encode(): text.encode() for key, text in headers(source.secret, BODY).items()}
    answer = await ingest.send_as_is(source.hook, BODY, {**signed, **beside})
    assert answer.status_code == 202, answer.text
    [kept] = await ingest.items("/v1/deliveries")
    assert kept["accepted"] == 1


async def test_an_event_continues_the_trace_of_its_delivery_with_its_state(ingest: Ingest, source: Source):
    trace, span = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
    with_trace = [("traceparent", f"00-{trace}-{span}-01"), ("tracestate", "foo=1"), ("tracestate", "bar=2")]
    signed = [*headers(source.secret, BODY).items(), *with_trace]
    assert (await ingest.client.post(source.hook, content=BODY, headers=signed)).status_code == 202
    [event] = [json.loads(row["envelope"]) for row in await ingest.rows("SELECT envelope FROM ingest.outbox")][-1:]
    assert event["traceparent"].startswith(f"00-{trace}-")
    assert event["tracestate"] == "foo=1,bar=2"


async def test_one_right_signature_among_others_is_enough(ingest: Ingest, source: Source):
    now = int(time.time())
    both = f"v1,AAAA {signature(OTHER_SECRET, 'm', now, BODY)} {signature(source.secret, 'm', now, BODY)}"
    signed = {"webhook-id": "m", "webhook-timestamp": str(now), "webhook-signature": both}
    assert (await ingest.send(source.hook, BODY, signed)).status_code == 202


async def test_a_source_that_is_none_gets_the_same_401_as_a_wrong_signature(ingest: Ingest, source: Source):
    wrong = await ingest.send(source.hook, BODY, headers(OTHER_SECRET, BODY))
    unknown = str(uuid4())
    for address in (unknown, f"{{{unknown}}}", "not-a-uuid", "1", "%00", "%ff", "é", "x" * 5_000, "'; --", "%2e%2e"):
        none = await ingest.send(f"/v1/hooks/{address}", BODY, headers(source.secret, BODY))
        await assert_not_proven(ingest, none)
        assert without_request_id(none) == without_request_id(wrong)


async def test_a_token_after_a_source_that_signs_is_a_401(ingest: Ingest, source: Source):
    await assert_not_proven(ingest, await ingest.send(f"{source.hook}/token", BODY, headers(source.secret, BODY)))


async def test_the_problem_tells_nothing_of_what_was_wrong(ingest: Ingest, source: Source):
    kinds = [
        await ingest.send(source.hook, BODY, {}),
        await ingest.send(source.hook, BODY, headers(OTHER_SECRET, BODY)),
        await ingest.send(source.hook, BODY, headers(source.secret, BODY, timestamp=1)),
        await ingest.send(f"/v1/hooks/{uuid4()}", BODY, headers(source.secret, BODY)),
    ]
    assert len({without_request_id(kind)[0] for kind in kinds}) == 1


async def test_only_post_is_a_method_of_the_hook(ingest: Ingest, source: Source):
    for method in ("GET", "PUT", "DELETE", "PATCH", "HEAD"):
        answer = await ingest.client.request(method, source.hook)
        assert (answer.status_code, answer.headers["allow"]) == (405, "OPTIONS, POST")
