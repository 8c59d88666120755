"""The mappings of custom sources: stored, refused, replaced, and read by at the hook."""

import hashlib
import hmac
import json
from typing import Any
from uuid import uuid4

import httpx
import pytest

from plaudit_testing.platforms import CUSTOM_MAPPING
from plaudit_testing.running_ingest import Ingest, running_ingest

pytestmark = pytest.mark.postgres

MAPPING = {
    "fields": {"id": "id", "rating": "grade", "published_at": "at", "text": "words"},
    "proof": {"kind": "hmac", "header": "X-House-Sign", "prefix": "sha256=", "id_header": "X-House-Id"},
}
UNSIGNED = {**MAPPING, "proof": {"kind": "path-token"}}
BODY = json.dumps([{"id": 7, "grade": "4,5", "at": 1772445600, "words": "Warm."}, {"id": 8}]).encode()


async def ask(ingest: Ingest, method: str, path: str, **body: Any) -> httpx.Response:
    key = {"authorization": f"Bearer {await ingest.key()}"}
    return await ingest.client.request(method, path, json=body, headers=key)


async def made(ingest: Ingest, mapping: object = None, **wanted: Any) -> httpx.Response:
    source = {"name": "House", "platform": "custom", "subject": "acme", "mapping": mapping or MAPPING, **wanted}
    return await ask(ingest, "POST", "/v1/sources", **source)


async def signed(ingest: Ingest, hook: str, secret: str, sent_id: str = "d-1") -> httpx.Response:
    mac = hmac.new(secret.encode(), BODY, hashlib.sha256).hexdigest()
    return await ingest.send(hook, BODY, {"x-house-sign": f"sha256={mac}", "x-house-id": sent_id})


async def test_a_custom_source_is_proven_and_read_by_its_mapping(ingest: Ingest):
    source = (await made(ingest)).json()
    assert (await signed(ingest, source["hook"], "another-secret")).status_code == 401
    taken = (await signed(ingest, source["hook"], source["secret"])).json()
    assert (taken["accepted"], [event["index"] for event in taken["quarantined"]]) == (1, [1])
    assert taken["quarantined"][0]["reason"] == "rating (grade): is missing"
    [review] = await ingest.items(f"/v1/reviews?source_id={source['id']}")
    assert (review["external_id"], review["rating"], review["text"]) == ("7", 4.5, "Warm.")
    assert (await signed(ingest, source["hook"], source["secret"])).json()["duplicate"] is True


async def test_the_mapping_is_shown_as_it_was_written(ingest: Ingest):
    written = json.loads(CUSTOM_MAPPING)
    source = (await made(ingest, written)).json()
    shown = (await ingest.get(f"/v1/sources/{source['id']}")).json()["mapping"]
    for name in ("events", "words"):
        assert (
            {key: value for key, value in shown[name].items() if value is not None} == written[name]
            if isinstance(shown[name], dict)
            else shown[name] == written[name]
        )
    assert {key: value for key, value in shown["fields"].items() if value is not None} == written["fields"]
    assert shown["proof"]["header"] == written["proof"]["header"]
    assert [each["mapping"] is None for each in await ingest.items("/v1/sources")] == [False]


async def test_a_mapping_that_cannot_be_is_a_422_that_names_each_member(ingest: Ingest):
    broken = {**MAPPING, "fields": {**MAPPING["fields"], "rating": "a[", "title": "&x"}}
    answer = await made(ingest, broken)
    assert (answer.status_code, answer.json()["type"]) == (422, "/problems#invalid-mapping")
    assert [error["pointer"] for error in answer.json()["errors"]] == [
        *("/mapping/fields/rating", "/mapping/fields/title"),
    ]
    for wrong in ({"fields": {}, "proof": {"kind": "path-token"}}, {**MAPPING, "surprise": 1}):
        assert (await made(ingest, wrong)).json()["errors"][0]["pointer"].startswith("/mapping/")
    assert await ingest.items("/v1/sources") == []


async def test_a_custom_source_needs_a_mapping_and_no_other_takes_one(ingest: Ingest):
    without = await ask(ingest, "POST", "/v1/sources", name="House", platform="custom", subject="acme")
    other = await made(ingest, platform="yotpo")
    assert [each.json()["type"] for each in (without, other)] == ["/problems#invalid-mapping"] * 2
    native = await ingest.source()
    replaced = await ask(ingest, "PUT", f"/v1/sources/{native.id}/mapping", mapping=MAPPING)
    assert replaced.json()["type"] == "/problems#invalid-mapping"
    assert (await ask(ingest, "PUT", f"/v1/sources/{uuid4()}/mapping", mapping=MAPPING)).status_code == 404


async def test_a_mapping_is_replaced_and_its_proof_with_it(ingest_url: str):
    async with running_ingest(ingest_url, source_cache_seconds=0) as ingest:
        source = (await made(ingest)).json()
        path = f"/v1/sources/{source['id']}"
        assert (await ask(ingest, "PUT", f"{path}/mapping", mapping=UNSIGNED)).status_code == 200
        revealed = (await ingest.get(f"{path}/secret")).json()
        assert (revealed["secret"], revealed["hook"].startswith(source["hook"] + "/")) == ("", True)
        assert (await signed(ingest, source["hook"], source["secret"])).status_code == 401
        assert (await ingest.send(revealed["hook"], BODY, {})).status_code == 202
        again = {**UNSIGNED, "fields": {**UNSIGNED["fields"], "text": "other"}}
        assert (await ask(ingest, "PUT", f"{path}/mapping", mapping=again)).status_code == 200
        assert (await ingest.get(f"{path}/secret")).json()["hook"] == revealed["hook"]
        assert (await ask(ingest, "PUT", f"{path}/mapping", mapping=MAPPING)).status_code == 200
        assert (await ingest.get(f"{path}/secret")).json()["secret"] == source["secret"]
        assert (await signed(ingest, source["hook"], source["secret"], "d-2")).status_code == 202


async def test_a_secret_that_the_new_proof_cannot_use_is_refused(ingest: Ingest):
    source = (await made(ingest, secret="a-secret-of-theirs")).json()
    standard = {**MAPPING, "proof": {"kind": "standard-webhooks"}}
    refused = await ask(ingest, "PUT", f"/v1/sources/{source['id']}/mapping", mapping=standard)
    assert (refused.status_code, refused.json()["type"]) == (422, "/problems#invalid-source")
    assert (await ingest.get(f"/v1/sources/{source['id']}")).json()["mapping"]["proof"]["kind"] == "hmac"
