"""The console's pages of custom sources: from a pasted payload to the first event, and a mapping that is changed."""

import json
import re
from html import unescape
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.async_api import expect

from plaudit_testing.accessibility import faults_of
from plaudit_testing.browser import browsing, needs_browser
from plaudit_testing.running_ingest import Ingest, Source

pytestmark = pytest.mark.postgres
NEW = "/console/sources/new/custom"
WRITER = ("sources:read", "sources:write", "deliveries:read")
OURS = {"sec-fetch-site": "same-origin", "accept": "text/html"}
PAYLOAD = {
    "items": [
        {"uuid": "r-1", "score": 8, "posted_on": "2026-02-14T10:15:30Z", "body": "Warm <b>."},
        {"uuid": "r-2", "score": "ten", "posted_on": "2026-02-15T10:15:30Z", "body": "Cold."},
    ]
}
FORM = {
    "payload": json.dumps(PAYLOAD),
    "events": "items",
    "fields.id": "uuid",
    "fields.rating": "score",
    "fields.published_at": "posted_on",
    "fields.scale_min": "`0`",
    "fields.scale_max": "`10`",
    "words.rating": "ten = 10",
    "proof.kind": "path-token",
    "name": "Our <shop>",
    "subject": "acme/shop",
    "once": "one",
}


async def signed_in(ingest: Ingest, *scopes: str, tenant: str = "default") -> httpx.AsyncClient:
    answer = await ingest.client.post("/sign-in", data={"key": await ingest.key(tenant, *scopes)}, headers=OURS)
    assert answer.status_code == 303, answer.text
    ingest.client.cookies.update(answer.cookies)
    ingest.client.headers.update(OURS)
    return ingest.client


async def sent(staff: httpx.AsyncClient, action: str, path: str = NEW, **changed: str) -> tuple[int, str]:
    answer = await staff.post(path, data={**FORM, "do": action, **changed})
    return answer.status_code, unescape(answer.text)


def errors(page: str) -> dict[str, str]:
    return dict(re.findall(r'id="([\w-]+)-error">(.*?)</p>', page))


async def made(ingest: Ingest, **changed: Any) -> dict[str, Any]:
    mapping = {
        "events": "items",
        "fields": {"id": "uuid", "rating": "score", "published_at": "posted_on"},
        "proof": {"kind": "path-token"},
    }
    body = {"name": "Ours", "platform": "custom", "subject": "acme", "mapping": {**mapping, **changed}}
    key = {"authorization": f"Bearer {await ingest.key()}"}
    answer = await ingest.client.post("/v1/sources", json=body, headers=key)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


async def test_a_pasted_payload_becomes_a_source_that_takes_its_first_event(ingest: Ingest):
    staff = await signed_in(ingest, *WRITER)
    assert f'href="{NEW}"' in (await staff.get("/console/sources/new")).text
    assert "Guess the mapping" in (await staff.get(NEW)).text
    payload = json.dumps({"items": PAYLOAD["items"][:1]})
    guessed = await staff.post(NEW, data={"payload": payload, "do": "guess"})
    assert guessed.status_code == 200
    page = unescape(guessed.text)
    assert re.search(r'name="fields.id"[^>]*value="uuid"', page)
    assert "What the payload does not tell" in page
    assert "see how the platform signs" in page
    status, tried = await sent(staff, "preview", **{"proof.kind": ""})
    assert (status, errors(tried)) == (200, {})
    assert "4.2 of 5 (given: 8)" in tried
    assert await ingest.items("/v1/sources") == []
    answer = await staff.post(NEW, data={**FORM, "do": "make"})
    assert answer.status_code == 303, answer.text
    again = await staff.post(NEW, data={**FORM, "do": "make"})
    assert again.headers["location"] == answer.headers["location"]
    [source] = await ingest.items("/v1/sources")
    assert answer.headers["location"] == f"/console/sources/{source['id']}"
    assert "Waiting for the first event" in (await staff.get(answer.headers["location"])).text
    shown = (await ingest.get(f"/v1/sources/{source['id']}/secret")).json()
    assert (await ingest.post(Source(source["id"], "", shown["hook"]), PAYLOAD)).status_code == 202
    assert sorted(each["rating"] for each in await ingest.items("/v1/reviews")) == [4.2, 5.0]


async def test_a_payload_with_no_known_name_is_mapped_by_hand(ingest: Ingest):
    staff = await signed_in(ingest, *WRITER)
    payload = json.dumps({"arviot": [{"numero": "a-1", "tähdet": 2}]})
    guessed = await staff.post(NEW, data={"payload": payload, "do": "guess"})
    assert guessed.status_code == 200
    page = unescape(guessed.text)
    assert "no member has a name that says so" in page
    assert re.search(r'name="events"[^>]*value="arviot"', page)
    assert 'name="fields.id"' in page


@pytest.mark.parametrize(
    ("changed", "field", "words"),
    [
        ({"fields.id": ""}, "fields-id", "Say where it stands."),
        ({"fields.text": "body ["}, "fields-text", "It is no JMESPath expression"),
        ({"fields.text": "map(&a, b)"}, "fields-text", "which mappings do not have"),
        ({"fields.scale_max": ""}, "fields-scale_max", "It is missing: scale_min is of no use without it."),
        ({"words.rating": "ten"}, "words-rating", "Line 1 is not written as"),
        ({"proof.kind": ""}, "proof-kind", "Choose what proves it."),
        ({"proof.kind": "hmac"}, "proof-header", "It is missing."),
        ({"proof.kind": "hmac", "proof.header": "X Sign"}, "proof-header", "It has characters that it cannot have."),
        ({"name": ""}, "name", "Give it a name of 1 to 200 characters."),
        ({"subject": "Not a subject"}, "subject", ""),
        ({"time_zone": "Mars/Base"}, "time_zone", "There is no zone"),
        ({"proof.kind": "hmac", "proof.header": "X-Sign", "secret": "short"}, "secret", "8 to 512"),
    ],
)
async def test_what_is_refused_is_said_beside_its_field_and_nothing_is_lost(
    ingest: Ingest, changed: dict[str, str], field: str, words: str
):
    staff = await signed_in(ingest, *WRITER)
    status, page = await sent(staff, "make", **changed)
    assert status == 422
    assert words in errors(page)[field]
    assert "Our <shop>" in page or "name" in changed
    assert json.dumps(PAYLOAD) in page
    assert await ingest.items("/v1/sources") == []


async def test_all_that_is_wrong_is_said_at_once_with_links_to_its_fields(ingest: Ingest):
    staff = await signed_in(ingest, *WRITER)
    wrong = {"fields.id": "", "fields.text": "body [", "events": "[", "words.rating": "ten", "name": ""}
    wrong |= {"proof.kind": "", "subject": "Not a subject", "time_zone": "Mars/Base", "allowed_addresses": "here"}
    status, page = await sent(staff, "make", **wrong)
    assert status == 422
    assert sorted(errors(page)) == sorted(path.replace(".", "-") for path in wrong)
    [summary] = re.findall(r'<div class="problems".*?</div>', page, re.DOTALL)
    assert sorted(re.findall(r'<a href="#([\w-]+)">', summary)) == sorted(errors(page))
    status, page = await sent(staff, "make", **{"proof.kind": "standard-webhooks", "secret": "not base64!", "name": ""})
    assert (status, sorted(errors(page))) == (422, ["name", "secret"])


async def test_trying_says_what_cannot_be_read_beside_the_field_it_was_read_by(ingest: Ingest):
    staff = await signed_in(ingest, *WRITER)
    status, page = await sent(staff, "preview", **{"words.rating": ""})
    assert status == 200
    assert errors(page)["fields-rating"].startswith("Event 2: rating (score)")
    assert "cannot be read" in page
    for payload, words in (("", "Paste a payload"), ("{", "This is no JSON"), ("x" * 100_001, "at most 100,000")):
        status, page = await sent(staff, "preview", payload=payload)
        assert status == 422 or payload == "{"
        assert words in errors(page)["payload"]
    _, page = await sent(staff, "preview", events="nothing.here")
    assert "events" in errors(page)


async def test_a_mapping_is_changed_with_a_look_at_a_stored_delivery(ingest: Ingest):
    source = await made(ingest)
    await ingest.post(Source(source["id"], "", source["hook"]), PAYLOAD)
    staff = await signed_in(ingest, *WRITER)
    path = f"/console/sources/{source['id']}/mapping"
    assert f'href="{path}"' in (await staff.get(path.removesuffix("/mapping"))).text
    page = unescape((await staff.get(path)).text)
    assert json.dumps(PAYLOAD) in page
    assert "cannot be read" in page
    [delivery] = await ingest.items("/v1/deliveries")
    status, page = await sent(staff, "load", path, payload="", delivery=delivery["id"])
    assert status == 200
    assert json.dumps(PAYLOAD) in page
    assert "4.2 of 5 (given: 8)" in page
    changed = {**FORM, "do": "save", "seen": str(source["revision"])}
    assert (await staff.post(path, data=changed)).status_code == 303
    stored = json.loads((await ingest.rows("SELECT mapping::text FROM ingest.sources"))[0]["mapping"])
    assert stored["words"] == {"rating": {"ten": 10.0}}
    late = await staff.post(path, data=changed)
    assert late.status_code == 422
    assert "Nothing is saved" in late.text


async def test_only_those_who_may_see_and_change(ingest: Ingest):
    source = await made(ingest)
    await ingest.post(Source(source["id"], "", source["hook"]), PAYLOAD)
    path = f"/console/sources/{source['id']}/mapping"
    native = await ingest.source()
    staff = await signed_in(ingest, "sources:read", "sources:write")
    assert "Warm" not in (await staff.get(path)).text, "bodies are for those who may read deliveries"
    assert (await staff.get(f"/console/sources/{native.id}/mapping")).status_code == 404
    staff = await signed_in(ingest, "sources:read", "deliveries:read")
    for each in (NEW, path):
        assert (await staff.get(each)).status_code == 403
        assert (await staff.post(each, data=FORM)).status_code == 403
    staff = await signed_in(ingest, *WRITER, tenant="other")
    assert (await staff.get(path)).status_code == 404
    assert (await staff.post(path, data={**FORM, "do": "save"})).status_code == 404
    cross = await staff.post(NEW, data={**FORM, "do": "make"}, headers={"sec-fetch-site": "cross-site"})
    assert cross.status_code == 403


@needs_browser
async def test_the_pages_are_usable_by_everybody_on_every_screen(ingest: Ingest, tmp_path: Path):
    assert ingest.parts.app is not None
    async with browsing(ingest.parts.app, tmp_path, path=NEW) as page:
        await page.get_by_label("API key").fill(await ingest.key())
        await page.get_by_role("button", name="Sign in").click()
        await expect(page.get_by_role("heading", level=1)).to_have_text("Make a custom source")
        await page.get_by_label("The body").fill(json.dumps(PAYLOAD))
        await page.get_by_role("button", name="Guess the mapping").click()
        await expect(page.get_by_role("heading", name="What the payload does not tell")).to_be_visible()
        assert await faults_of(page) == []
        await page.get_by_role("textbox", name="Rating", exact=True).fill("score")
        await page.get_by_role("textbox", name="Words of “Rating”").fill("ten = 10")
        await page.get_by_role("textbox", name="When it was published").fill("posted_on")
        await page.get_by_text("Its scale").click()
        await page.get_by_role("textbox", name="Worst rating").fill("`0`")
        await page.get_by_role("textbox", name="Best rating").fill("`10`")
        await page.get_by_label("Name", exact=True).fill("Our shop")
        await page.get_by_label("Subject", exact=True).fill("acme/shop")
        await page.get_by_label("What the sender sends").select_option("path-token")
        await page.get_by_role("button", name="Make the source").click()
        await expect(page.get_by_role("heading", name="Waiting for the first event …")).to_be_visible()
        await page.get_by_role("link", name="Mapping").click()
        await expect(page.get_by_role("heading", level=1)).to_contain_text("Mapping of")
        await page.get_by_label("The body").fill(json.dumps(PAYLOAD))
        await page.get_by_role("button", name="Try it").first.click()
        await expect(page.get_by_text("a review", exact=True).first).to_be_visible()
        assert await faults_of(page) == []
        await page.get_by_role("button", name="Save the mapping").click()
        await expect(page.get_by_role("status")).to_contain_text("The mapping is saved.")
