"""What a delivery says is sorted in its one revision and its one event, by the tenant's rules."""

import json
from typing import Any

import pytest

from plaudit.common.db import Role
from plaudit.common.vault import vault_of
from plaudit.ingest.hooks.api.source_cache import SourceCache
from plaudit.ingest.sorting.domain.rules import SHIPPED
from plaudit_testing.running_ingest import Ingest, Source, created

GERMAN = "Die Lieferung kam leider viel zu spät an."


async def told(ingest: Ingest) -> list[dict[str, Any]]:
    rows = await ingest.rows("SELECT envelope FROM ingest.outbox ORDER BY id")
    return [json.loads(row["envelope"]) for row in rows]


@pytest.mark.postgres
async def test_one_revision_and_one_event_hold_all_that_the_words_say(ingest: Ingest, source: Source) -> None:
    text = "They stole my deposit. I am a loyal customer and never again!"
    await ingest.post(source, created("r-1", 1, text=text, language="en"))
    [review] = await ingest.items("/v1/reviews")
    assert (review["revision"], review["severity"], review["check"], review["leave"]) == (1, "drastic", False, True)
    assert (review["topics"], review["personas"]) == (["billing_refund"], ["long_time"])
    assert review["said"] == [{"category": "fraud", "words": "stole my deposit"}]
    [event] = await told(ingest)
    after = event["data"]["after"]
    assert {name: after[name] for name in ("severity", "topics", "personas", "leave")} == {
        "severity": "drastic",
        "topics": ["billing_refund"],
        "personas": ["long_time"],
        "leave": True,
    }
    assert "check" not in after


@pytest.mark.postgres
async def test_a_language_that_the_text_tells_is_marked_as_that(ingest: Ingest, source: Source) -> None:
    assert (await ingest.post(source, created("r-1", 2, text=GERMAN))).status_code == 202
    await ingest.post(source, [created("r-2", 2, text=GERMAN, language="fr"), created("r-3", 2, text="Top!")])
    found = {each["external_id"]: each for each in await ingest.items("/v1/reviews")}
    assert {name: (each["language"], each["language_from_text"]) for name, each in found.items()} == {
        "r-1": ("de", True),
        "r-2": ("fr", False),
        "r-3": (None, False),
    }
    assert [each["external_id"] for each in await ingest.items("/v1/reviews", language="de")] == ["r-1"]
    after = (await told(ingest))[0]["data"]["after"]
    assert (after["language"], after["language_from_text"]) == ("de", True)


@pytest.mark.postgres
async def test_an_edit_sorts_the_words_again_and_a_repetition_changes_nothing(ingest: Ingest, source: Source) -> None:
    first = created("r-1", 1, text="They stole my deposit.", language="en")
    await ingest.post(source, first)
    assert (await ingest.post(source, first)).json()["unchanged"] == 1
    await ingest.post(source, {"type": "review.edited", "data": {"id": "r-1", "text": "Slow, but they paid."}})
    [review] = await ingest.items("/v1/reviews")
    assert (review["revision"], review["severity"], review["said"]) == (2, "negative", [])
    await ingest.post(source, {"type": "review.edited", "data": {"id": "r-1", "rating": 5}})
    [review] = await ingest.items("/v1/reviews")
    assert review["severity"] == "normal"


@pytest.mark.postgres
async def test_rules_are_read_with_the_source_and_compiled_once_until_they_change(
    ingest: Ingest, source: Source
) -> None:
    clock = [0.0]
    resources = ingest.resources
    cache = SourceCache(resources.database(Role.HOOK), vault_of(resources.settings), 5.0, lambda: clock[0])

    async def rules() -> Any:
        clock[0] += 6.0
        found = await cache.find(source.id, 60.0)
        assert found is not None
        return found.rules

    async def put(body: object) -> None:
        headers = {"authorization": f"Bearer {await ingest.key()}"}
        answer = await ingest.client.put("/v1/sorting-rules", json=body, headers=headers)
        assert answer.status_code == 200, answer.text

    assert await rules() is SHIPPED
    await put({"more_drastic": {"safety": "zebra"}})
    compiled = await rules()
    assert compiled is not SHIPPED
    assert await rules() is compiled
    await put({})
    assert await rules() is SHIPPED


@pytest.mark.postgres
async def test_each_tenant_is_sorted_by_its_own_rules(ingest: Ingest) -> None:
    headers = {"authorization": f"Bearer {await ingest.key('other')}"}
    rules = {"more_drastic": {"safety": "zebra"}, "hidden_topics": ["delivery"]}
    await ingest.client.put("/v1/sorting-rules", json=rules, headers=headers)
    for tenant, severity, topics in (("default", "negative", ["delivery"]), ("other", "drastic", [])):
        source = await ingest.source(tenant)
        await ingest.post(source, created("r-1", 1, text="The zebra ate the delivery.", language="en"))
        [review] = await ingest.items("/v1/reviews", tenant)
        assert (review["severity"], review["topics"]) == (severity, topics)
