"""Guesses and previews over HTTP: nothing is stored, and what cannot be is a 422."""

import json
from typing import Any

import httpx
import pytest

from plaudit.ingest.platforms.mapping import FIELDS
from plaudit.ingest.sources.schemas import FieldsIn
from plaudit_testing.running_ingest import Ingest

pytestmark = pytest.mark.postgres

MAPPING = {
    "fields": {"id": "id", "rating": "rating", "published_at": "created_at", "scale_min": "`0`", "scale_max": "`10`"},
    "proof": {"kind": "path-token"},
}
PAYLOAD = json.dumps([{"id": 7, "rating": 8, "created_at": "2026-03-02T10:00:00Z"}, {"id": 8}])


async def ask(ingest: Ingest, path: str, **body: Any) -> httpx.Response:
    key = {"authorization": f"Bearer {await ingest.key()}"}
    return await ingest.client.post(f"/v1/mappings/{path}", json=body, headers=key)


def test_the_api_has_the_fields_that_mappings_have():
    assert sorted(FieldsIn.model_fields) == sorted(FIELDS)


async def test_a_guess_can_be_completed_previewed_and_used(ingest: Ingest):
    guessed = (await ask(ingest, "guess", payload=PAYLOAD)).json()
    assert {"proof", "scale_max"} <= {each["field"] for each in guessed["unclear"]}
    fields = {**guessed["fields"], "scale_min": "`0`", "scale_max": "`10`"}
    mapping = {"events": guessed["events"], "fields": fields, "proof": {"kind": "path-token"}}
    shown = (await ask(ingest, "preview", mapping=mapping, payload=PAYLOAD)).json()["events"]
    assert [each["happened"] for each in shown] == ["created", "quarantined"]
    assert (shown[0]["review"]["external_id"], shown[0]["review"]["rating"]) == ("7", pytest.approx(4.2))
    assert [error["field"] for error in shown[1]["errors"]] == ["rating", "published_at"]
    assert await ingest.items("/v1/reviews") == []
    key = {"authorization": f"Bearer {await ingest.key()}"}
    wanted = {"name": "House", "platform": "custom", "subject": "acme", "mapping": mapping}
    source = (await ingest.client.post("/v1/sources", json=wanted, headers=key)).json()
    assert (await ingest.send(source["hook"], PAYLOAD.encode(), {})).json()["accepted"] == 1


@pytest.mark.parametrize("payload", ["{", "x", '{"a": 1}', "[" * 100])
async def test_a_payload_that_cannot_be_used_is_a_422(ingest: Ingest, payload: str):
    mapping = {**MAPPING, "events": "items"}
    answer = await ask(ingest, "preview", mapping=mapping, payload=payload)
    assert (answer.status_code, answer.json()["type"]) == (422, "/problems#unusable-payload")


async def test_a_mapping_or_a_zone_that_cannot_be_is_a_422(ingest: Ingest):
    broken = {**MAPPING, "fields": {**MAPPING["fields"], "text": "&x"}}
    answer = await ask(ingest, "preview", mapping=broken, payload=PAYLOAD)
    assert [error["pointer"] for error in answer.json()["errors"]] == ["/mapping/fields/text"]
    nowhere = await ask(ingest, "preview", mapping=MAPPING, payload=PAYLOAD, time_zone="Mars/Olympus")
    assert nowhere.json()["type"] == "/problems#invalid-source"
    assert (await ask(ingest, "guess", payload="{")).json()["type"] == "/problems#unusable-payload"


async def test_a_key_without_the_scope_is_refused(ingest: Ingest):
    assert (await ingest.client.post("/v1/mappings/guess", json={"payload": "{}"})).status_code == 401
