"""The examples of the API reference are what ingest answers."""

import asyncio
import json

import httpx
import pytest

from plaudit.ingest.hooks.api.openapi import HOOKS, NATIVE_EXAMPLE, TRUSTPILOT_EXAMPLE
from plaudit.ingest.imports.schemas import EXAMPLE_FILE
from plaudit.ingest.platforms import ADAPTERS
from plaudit.ingest.platforms.proofs import NoDeliveries
from plaudit_testing.deadlines import DEADLINE_SECONDS
from plaudit_testing.reference import Reference
from plaudit_testing.running_ingest import Ingest
from plaudit_testing.webhooks import headers

FILE_MAP = ["id=id", "rating=stars", "published_at=date", "text=text"]


async def is_logged(ingest: Ingest, source_id: str) -> None:
    """Wait until the failed attempt is in the log of the source."""
    async with asyncio.timeout(DEADLINE_SECONDS):
        while True:
            if await ingest.items(f"/v1/sources/{source_id}/failed-attempts"):
                return
            await asyncio.sleep(0.1)


@pytest.mark.postgres
async def test_every_operation_answers_as_its_example_says(ingest: Ingest) -> None:
    assert ingest.parts.app is not None
    reference = Reference(ingest.parts.app.openapi())
    key = {"authorization": f"Bearer {await ingest.key()}"}
    api = httpx.AsyncClient(base_url=ingest.client.base_url, headers=key, timeout=ingest.client.timeout)
    async with api:
        source = await reference.check(api, "create_source")
        ids = {"source_id": source["id"]}
        await reference.check(api, "list_sources")
        await reference.check(api, "read_source", ids=ids)
        await reference.check(api, "reveal_secret", ids=ids)
        body = json.dumps(NATIVE_EXAMPLE).encode()
        signed = headers(source["secret"], body, "d-1") | {"content-type": "application/json", "user-agent": "shop/1"}
        posted = await reference.check(api, "post_hook", ids=ids, headers=signed, content=body)
        await reference.check(api, "try_delivery", ids=ids)
        await reference.check(api, "list_deliveries")
        replay = await reference.check(api, "request_replay", ids={"delivery_id": posted["delivery_id"]})
        await reference.check(api, "list_replays")
        await reference.check(api, "read_replay", ids={"replay_id": replay["id"]})
        await reference.check(api, "read_delivery", ids={"delivery_id": posted["delivery_id"]})
        reviews = await reference.check(api, "list_reviews")
        await reference.check(api, "read_review", ids={"review_id": reviews["items"][0]["id"]})
        review = {"review_id": reviews["items"][0]["id"]}
        await reference.check(api, "answer_review", ids=review)
        await reference.check(api, "read_answer", ids=review)
        await reference.check(api, "list_answers")
        await reference.check(api, "note_answer_published", ids=review)
        await reference.check(api, "settle_review", ids=review)
        await reference.check(api, "read_resolution", ids=review)
        await reference.check(api, "report_review", ids=review)
        await reference.check(api, "list_reports_of_review", ids=review)
        await reference.check(api, "list_platform_reports")
        await reference.check(api, "decide_report", ids=review)
        wrong = json.dumps([{**NATIVE_EXAMPLE, "data": {**NATIVE_EXAMPLE["data"], "rating": "four"}}]).encode()
        await ingest.send(f"/v1/hooks/{source['id']}", wrong, headers(source["secret"], wrong, "d-2"))
        await reference.check(api, "list_quarantined_events")
        await reference.check(api, "replace_secrets", ids=ids)
        fields = {"id": "id", "rating": "rating", "published_at": "at"}
        mapping = {"fields": fields, "proof": {"kind": "path-token"}}
        wanted = {"name": "House", "platform": "custom", "subject": "acme", "mapping": mapping}
        custom = (await api.post("/v1/sources", json=wanted)).json()
        await reference.check(api, "guess_mapping")
        await reference.check(api, "preview_mapping")
        await reference.check(api, "replace_mapping", ids={"source_id": custom["id"]})
        content, as_csv = EXAMPLE_FILE.encode(), {"content-type": "text/csv"}
        of_source = {"source_id": source["id"], "map": FILE_MAP}
        imported = await reference.check(api, "import_file", headers=as_csv, params=of_source, content=content)
        of_file = {"map": FILE_MAP}
        await reference.check(api, "preview_import", headers=as_csv, params=of_file, content=content)
        await reference.check(api, "list_imports")
        of_import = {"import_id": imported["id"]}
        await reference.check(api, "read_import", ids=of_import)
        await reference.check(api, "read_rejects", ids=of_import)
        await reference.check(api, "cancel_import", ids=of_import)
        for operation in ("change_source", "rotate_secret", "delete_source"):
            of_new = {"source_id": (await reference.check(api, "create_source"))["id"]}
            await reference.check(api, operation, ids=of_new)
        await ingest.send(f"/v1/hooks/{source['id']}", body, headers("whsec_" + "A" * 43 + "=", body))
        await is_logged(ingest, source["id"])
        await reference.check(api, "list_failed_attempts", ids=ids)
        contact = await reference.check(api, "set_contact")
        await reference.check(api, "read_contact", ids={"person": contact["person"]})
        await reference.check(api, "tell_customer_events")
        erasure = await reference.check(api, "request_erasure")
        await reference.check(api, "list_erasures")
        await reference.check(api, "read_erasure", ids={"erasure_id": erasure["id"]})
        await ingest.superuser.execute(
            "UPDATE ingest.relay_cursor SET xid = o.xid, id = o.id, numbers = jsonb_build_object('reviews.v1/5', 1) "
            "FROM ingest.outbox o"
        )
        await reference.check(api, "read_revisions")
        await reference.check(api, "read_figured_revisions")
        await reference.check(api, "export_reviews")
        survey = await reference.check(api, "create_survey")
        await reference.check(api, "list_surveys")
        of_survey = {"survey_id": survey["id"]}
        await reference.check(api, "read_survey", ids=of_survey)
        await reference.check(api, "change_survey", ids=of_survey)
        await reference.check(api, "invite_to_survey", ids=of_survey)
        await reference.check(api, "list_survey_templates")
        await reference.check(api, "set_rules")
        await reference.check(api, "read_rules")
        await reference.check(api, "preview_rules")
        run = await reference.check(api, "apply_rules")
        await reference.check(api, "list_runs")
        await reference.check(api, "read_run", ids={"run_id": run["id"]})
        trustpilot = await ingest.source(platform="trustpilot")
        token = trustpilot.hook.rpartition("/")[2]
        await reference.check(api, "set_answering_credentials", ids={"source_id": trustpilot.id})
        await reference.check(
            api,
            "post_hook_with_token",
            ids={"source_id": trustpilot.id, "token": token},
            content=json.dumps(TRUSTPILOT_EXAMPLE).encode(),
        )
        await reference.check(api, "look_at_hook", ids={"source_id": source["id"]})
        await reference.check(api, "look_at_hook_with_token", ids={"source_id": trustpilot.id, "token": token})
        for operation in ("set_source_credentials", "read_pulls", "pull_now"):
            await reference.check(api, operation, ids={"source_id": trustpilot.id})
        held = {"since": "2026-01-01T00:00:00Z", "listing": 1, "missing": 180, "visible": 200}
        await ingest.superuser.execute("UPDATE ingest.pulls SET held_removals = $1", json.dumps(held))
        await reference.check(api, "apply_held_removals", ids={"source_id": trustpilot.id})
        early = {"type": "review.answered", "data": {"id": "r-1", "version": 2, "answer": {"text": "Thanks."}}}
        assert (await ingest.post(await ingest.source(), early)).status_code == 202
        await reference.check(api, "list_held_events")
    reference.assert_all_are_checked()


POSTING = [name for name, adapter in ADAPTERS.items() if not isinstance(adapter.proof, NoDeliveries)]


@pytest.mark.parametrize("platform", POSTING)
def test_the_bodies_of_every_platform_are_described(platform: str) -> None:
    name = f"{platform.title().replace('-', '')}Delivery"
    assert name in json.dumps(HOOKS["paths"])
    assert HOOKS["schemas"][name]["anyOf"]
