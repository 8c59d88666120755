"""Trying a delivery out: the same verdict as the hook's, and nothing is stored."""

import base64
import json
from typing import Any
from uuid import uuid4

import httpx
import pytest

from plaudit.ingest.platforms import ADAPTERS, fixtures
from plaudit.ingest.platforms.proofs import AsymmetricStandardWebhooks, NoDeliveries, OidcBearer
from plaudit_testing.running_ingest import Ingest, Source, created
from plaudit_testing.webhooks import headers

pytestmark = pytest.mark.postgres

STORED = ("deliveries", "reviews", "revisions", "outbox", "held_events", "failed_attempts")


async def tried(ingest: Ingest, source: Source, body: Any, tenant: str = "default", **more: Any) -> dict[str, Any]:
    text = body if isinstance(body, str) else json.dumps(body)
    answer = await ingest.client.post(
        f"/v1/sources/{source.id}/test",
        json={"body": text, **more},
        headers={"authorization": f"Bearer {await ingest.key(tenant)}"},
    )
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def stored(ingest: Ingest) -> list[int]:
    return [(await ingest.rows(f"SELECT count(*) FROM ingest.{table}"))[0][0] for table in STORED]


async def test_it_says_what_the_hook_says_and_stores_nothing(ingest: Ingest, source: Source):
    await ingest.post(source, created("known", 2, text="So-so"), "msg_0")
    bodies = [
        created("new"),
        created("known"),
        [created("new", 9), created("other")],
        created("bad", 9),
        {"type": "review.removed", "data": {"id": "early"}},
        {"type": "ping", "data": {}},
        {"type": "review.edited", "data": {"id": "known", "rating": 5}},
        "{",
        "[1]",
    ]
    before = await stored(ingest)
    told = [await tried(ingest, source, body, sign=True) for body in bodies]
    assert await stored(ingest) == before
    for number, (body, trial) in enumerate(zip(bodies, told, strict=True)):
        raw = body.encode() if isinstance(body, str) else json.dumps(body).encode()
        answer = await ingest.post(source, raw, f"msg_{number + 1}")
        assert answer.status_code == trial["status"], (body, answer.text)
        [item] = await ingest.items("/v1/deliveries", sent_id=f"msg_{number + 1}")
        kept = (await ingest.get(f"/v1/deliveries/{item['id']}")).json()
        same = [(each["index"], each["type"], each["external_id"], each["reason"]) for each in trial["events"]]
        assert same == [(each["index"], each["type"], each["external_id"], each["reason"]) for each in kept["events"]]
        if body != bodies[1]:  # which the first of the posted has made
            assert [each["verdict"] for each in trial["events"]] == [each["verdict"] for each in kept["events"]]
    edit = told[6]["events"][0]
    assert (edit["before"]["rating"], edit["after"]["rating"], edit["after"]["text"]) == (2, 5, "So-so")
    assert told[3]["events"][0]["pointer"] == "/data"


async def test_a_pasted_signature_is_checked_and_its_mistake_named(ingest: Ingest, source: Source):
    body = json.dumps(created("r-1"))
    right = headers(source.secret, body.encode(), "msg_1")
    good = await tried(ingest, source, body, headers=right)
    assert (good["status"], good["signature"]["hint"]) == (202, None)
    assert right["webhook-signature"] in good["signature"]["expected"]
    signed = base64.b64decode(good["signature"]["signed_base64"])
    assert signed == f"msg_1.{right['webhook-timestamp']}.{body}".encode()
    bad = await tried(ingest, source, body + "\n", headers=right)
    assert (bad["status"], bad["signature"]["hint"]) == (
        401,
        "It was made over the body without the line end after it.",
    )
    assert bad["events"], "what comes after the signature is shown too"
    missing = await tried(ingest, source, body)
    assert missing["status"] == 401
    assert missing["steps"][0]["state"] == "wrong"


async def test_a_repeated_id_and_a_paused_source_are_said(ingest: Ingest, source: Source):
    first, other = json.dumps(created("r-1")), json.dumps(created("r-2"))
    await ingest.send(source.hook, first.encode(), headers(source.secret, first.encode(), "msg_1"))

    async def steps(body: str) -> dict[str, str]:
        signed = headers(source.secret, body.encode(), "msg_1")
        found = await tried(ingest, source, body, headers=signed)
        assert found["status"] == 202
        return {step["name"]: step["state"] for step in found["steps"]}

    assert (await steps(first))["repetition"] == "unknown"
    assert (await steps(other))["repetition"] == "wrong"
    await ingest.superuser.execute("UPDATE ingest.sources SET paused_at = now()")
    assert (await steps(first))["source"] == "wrong"


SIGNING = [
    name
    for name, adapter in ADAPTERS.items()
    if name != "custom" and not isinstance(adapter.proof, (AsymmetricStandardWebhooks, NoDeliveries, OidcBearer))
]


@pytest.mark.parametrize("platform", SIGNING)
async def test_every_fixture_of_a_platform_can_be_tried(ingest: Ingest, platform: str):
    source = await ingest.source(platform=platform, subject="harbourlight")
    await ingest.superuser.execute("UPDATE ingest.sources SET time_zone = 'UTC'")
    for name in fixtures.names(platform):
        found = await tried(ingest, source, fixtures.stored(platform, name).decode(), sign=True)
        assert found["status"] in {202, 422}, (name, found)
        assert all(
            step["state"] == "ok" for step in found["steps"] if step["name"] in {"headers", "signature", "address"}
        )
    assert await stored(ingest) == [0] * len(STORED)


async def test_only_whoever_may_know_the_secret_may_try(ingest: Ingest, source: Source):
    async def status(tenant: str, *scopes: str, **body: Any) -> int:
        authorization = {"authorization": f"Bearer {await ingest.key(tenant, *scopes)}"}
        sent = {"body": "{}", **body}
        answer = await ingest.client.post(f"/v1/sources/{source.id}/test", json=sent, headers=authorization)
        return answer.status_code

    assert await status("default", "sources:read", "deliveries:read") == 403
    assert await status("globex") == 404
    assert await status("default", "sources:write") == 200
    assert await status("default", body_base64="e30=") == 422
    assert await status("default", body=None, body_base64="no base64") == 422
    assert await status("default", body=None, body_base64="//4=") == 200
    assert await status("default", headers={"a b": "c"}) == 422
    assert await status("default", headers={"a": "c\n"}) == 422


PAGE_HEADERS = {"sec-fetch-site": "same-origin", "accept": "text/html"}


async def signed_in(ingest: Ingest, *scopes: str) -> httpx.AsyncClient:
    key = await ingest.key("default", *scopes)
    answer = await ingest.client.post("/sign-in", data={"key": key}, headers=PAGE_HEADERS)
    assert answer.status_code == 303
    ingest.client.cookies.update(answer.cookies)
    ingest.client.headers.update(PAGE_HEADERS)
    return ingest.client


async def test_the_page_shows_each_step_of_what_was_pasted(ingest: Ingest, source: Source):
    staff = await signed_in(ingest)
    path = f"/console/sources/{source.id}/test"
    empty = await staff.get(path)
    assert empty.status_code == 200
    assert "fixture=single" in empty.text
    picked = (await staff.get(path, params={"fixture": "single"})).text
    assert "review.created" in picked
    body = json.dumps(created("r-1", text="<i>fine</i>"), indent=1)
    right = headers(source.secret, body.encode(), "msg_1")
    pasted = "".join(f"{name}: {value}\r\n" for name, value in right.items())
    form = {"body": body.replace("\n", "\r\n"), "headers": pasted, "line_ends": "lf"}
    page = (await staff.post(path, data=form)).text
    assert "It would be accepted (202)." in page
    assert "&lt;i&gt;fine&lt;/i&gt;" in page
    assert right["webhook-signature"].replace("+", "&#43;") in page or right["webhook-signature"] in page
    wrong = (await staff.post(path, data={**form, "line_ends": "crlf"})).text
    assert "It would be refused (401)." in wrong
    assert "It was made over the body with other line ends (LF)." in wrong
    signed = (await staff.post(path, data={"body": body, "sign": "yes"})).text
    assert "It would be accepted (202)." in signed
    kept = (await staff.post(path, data={**form, "headers": pasted.replace("v1,", "v1,x"), "sign": "yes"})).text
    assert "It would be refused (401)." in kept, "a signature that was pasted is not replaced by ours"
    timed = f"webhook-timestamp: {right['webhook-timestamp']}"
    assert "(202)" in (await staff.post(path, data={**form, "headers": timed, "sign": "yes"})).text
    refused = await staff.post(path, data={"body": "{}", "headers": "nonsense"})
    assert (refused.status_code, 'aria-invalid="true"' in refused.text) == (422, True)
    assert (await staff.get(f"/console/sources/{uuid4()}/test")).status_code == 404
    assert (await ingest.counts())["deliveries"] == 0


async def test_the_page_begins_with_a_delivery_of_the_log(ingest: Ingest, source: Source):
    answer = await ingest.post(source, created("r-1", 9, text="so much"), "msg_1")
    assert answer.status_code == 422
    [[delivery_id]] = await ingest.rows("SELECT id FROM ingest.deliveries")
    staff = await signed_in(ingest)
    page = (await staff.get(f"/console/sources/{source.id}/test", params={"delivery": str(delivery_id)})).text
    assert "so much" in page
    other = await ingest.source(subject="globex")
    wrong = await staff.get(f"/console/sources/{other.id}/test", params={"delivery": str(delivery_id)})
    assert wrong.status_code == 404
