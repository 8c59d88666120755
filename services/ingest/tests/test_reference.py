"""The examples of the API reference are what ingest answers."""

import json

import httpx
import pytest

from plaudit.ingest.hooks.api.openapi import HOOKS, NATIVE_EXAMPLE, TRUSTPILOT_EXAMPLE
from plaudit.ingest.platforms import ADAPTERS
from plaudit_testing.reference import Reference
from plaudit_testing.running_ingest import Ingest
from plaudit_testing.webhooks import headers


@pytest.mark.postgres
async def test_every_operation_answers_as_its_example_says(ingest: Ingest) -> None:
    assert ingest.parts.app is not None
    reference = Reference(ingest.parts.app.openapi())
    api = httpx.AsyncClient(base_url=ingest.client.base_url, headers={"authorization": f"Bearer {await ingest.key()}"})
    async with api:
        source = await reference.check(api, "create_source")
        ids = {"source_id": source["id"]}
        await reference.check(api, "list_sources")
        await reference.check(api, "read_source", ids=ids)
        await reference.check(api, "reveal_secret", ids=ids)
        body = json.dumps(NATIVE_EXAMPLE).encode()
        signed = headers(source["secret"], body, "d-1") | {"content-type": "application/json", "user-agent": "shop/1"}
        posted = await reference.check(api, "post_hook", ids=ids, headers=signed, content=body)
        await reference.check(api, "list_deliveries")
        await reference.check(api, "read_delivery", ids={"delivery_id": posted["delivery_id"]})
        reviews = await reference.check(api, "list_reviews")
        await reference.check(api, "read_review", ids={"review_id": reviews["items"][0]["id"]})
        await reference.check(api, "set_rules")
        await reference.check(api, "read_rules")
        await reference.check(api, "preview_rules")
        trustpilot = await ingest.source(platform="trustpilot")
        token = trustpilot.hook.rpartition("/")[2]
        await reference.check(
            api,
            "post_hook_with_token",
            ids={"source_id": trustpilot.id, "token": token},
            content=json.dumps(TRUSTPILOT_EXAMPLE).encode(),
        )
    reference.assert_all_are_checked()


@pytest.mark.parametrize("platform", ADAPTERS)
def test_the_bodies_of_every_platform_are_described(platform: str) -> None:
    name = f"{platform.title().replace('-', '')}Delivery"
    assert name in json.dumps(HOOKS["paths"])
    assert HOOKS["schemas"][name]["anyOf"]
