"""Who may post: everything that is not proven gets a 401 that says why, whatever its headers hold."""

import json
import re
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


def detail_of(answer: httpx.Response) -> str:
    detail: str = answer.json()["detail"]
    return detail


async def test_the_problem_tells_what_is_wrong_and_which_headers_were_seen(ingest: Ingest, source: Source):
    now = int(time.time())
    signed = headers(source.secret, BODY)
    seen = "Headers of signatures that were seen: webhook-id, webhook-signature, webhook-timestamp."
    told = {
        "No signature matches. " + seen: headers(OTHER_SECRET, BODY),
        "Webhook-timestamp is in milliseconds; it must be in Unix seconds. " + seen: headers(
            source.secret, BODY, timestamp=now * 1000
        ),
        "Webhook-id and webhook-timestamp and webhook-signature is missing. Headers of signatures that were seen: "
        "x-zendesk-webhook-signature.": {"x-zendesk-webhook-signature": "x"},
        "Webhook-id and webhook-timestamp and webhook-signature is missing. Headers of signatures that were seen: "
        "stripe-signature, svix-signature, x-hub-signature-256, x-shopify-hmac-sha256.": {
            "svix-signature": "v1,x",
            "X-Hub-Signature-256": "sha256=x",
            "Stripe-Signature": "t=1",
            "X-Shopify-Hmac-Sha256": "x",
            "x-secret": "x",
        },
        "Webhook-signature is missing. Headers of signatures that were seen: webhook-id, webhook-timestamp.": {
            name: value for name, value in signed.items() if name != "webhook-signature"
        },
    }
    for detail, sent in told.items():
        for hook in (source.hook, f"/v1/hooks/{uuid4()}"):
            answer = await ingest.send(hook, BODY, sent)
            assert (answer.status_code, detail_of(answer)) == (401, detail)
    old = await ingest.send(source.hook, BODY, headers(source.secret, BODY, timestamp=now - 400))
    assert re.match(r"Webhook-timestamp is [0-9]+ s in the past, at most 300 are taken\.", detail_of(old))
    ahead = await ingest.send(source.hook, BODY, headers(source.secret, BODY, timestamp=now + 9_000))
    assert re.match(r"Webhook-timestamp is [0-9]+ s in the future, at most 300 are taken\.", detail_of(ahead))


async def test_a_source_that_is_none_gets_the_answer_of_a_wrong_token(ingest: Ingest):
    unsigned = await ingest.source(platform="trustpilot")
    wrong = await ingest.send(f"/v1/hooks/{unsigned.id}/{'x' * 43}", BODY, {})
    for path in (f"/v1/hooks/{uuid4()}/{'x' * 43}", f"/v1/hooks/{uuid4()}/x"):
        assert without_request_id(await ingest.send(path, BODY, {})) == without_request_id(wrong)
    none = await ingest.send(f"/v1/hooks/{uuid4()}", BODY, {})
    assert without_request_id(await ingest.send(f"/v1/hooks/{unsigned.id}", BODY, {})) == without_request_id(none)


async def test_get_and_head_are_answered_and_other_methods_are_not(ingest: Ingest, source: Source):
    for path in (source.hook, f"{source.hook}/token", f"/v1/hooks/{uuid4()}"):
        looked = await ingest.client.get(path)
        assert (looked.status_code, looked.text.count("\n")) == (200, 1)
        assert looked.text.startswith("This is the address of a source")
        head = await ingest.client.head(path)
        assert (head.status_code, head.content) == (200, b"")
    for method in ("PUT", "DELETE", "PATCH"):
        answer = await ingest.client.request(method, source.hook)
        assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD, OPTIONS, POST")
