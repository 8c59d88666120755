"""Of a deleted source nothing is told any more: lists, exports, pages and events say the same of answers."""

import json
from typing import Any

import asyncpg
import httpx
import pytest

from plaudit_testing.databases import migrated
from plaudit_testing.running_ingest import Ingest, Source, created, running_ingest

pytestmark = pytest.mark.postgres

OURS = {"sec-fetch-site": "same-origin", "accept": "text/html"}
OF_BEFORE = (
    "DROP TABLE ingest.deleted_sources",
    # Its index goes with the column.
    "ALTER TABLE ingest.revisions DROP COLUMN traits",
    "CREATE INDEX revisions_changes ON ingest.revisions (tenant_id, xid, review_id, revision)",
    "UPDATE ingest.alembic_version SET version_num = '0022'",
)
"""What makes a database one of before it was kept which sources were deleted."""


async def ask(ingest: Ingest, method: str, path: str, body: Any = None) -> httpx.Response:
    answer = await ingest.client.request(
        method, path, json=body, headers={"authorization": f"Bearer {await ingest.key()}"}
    )
    assert answer.is_success, answer.text
    return answer


async def listed(ingest: Ingest, answered: str) -> list[str]:
    return [review["external_id"] for review in await ingest.items("/v1/reviews", answered=answered)]


async def exported(ingest: Ingest, answered: str) -> list[str]:
    lines = (await ingest.get("/v1/reviews/export", answered=answered)).text.splitlines()
    return [json.loads(line)["external_id"] for line in lines]


async def page(ingest: Ingest) -> str:
    form = {"key": await ingest.key("default", "reviews:read")}
    await ingest.client.post("/sign-in", data=form, headers=OURS)
    shown = await ingest.client.get("/console/reviews", headers=OURS)
    assert shown.status_code == 200, shown.text
    return "untold" if "answers are not told here" in shown.text else "told" if "not answered" in shown.text else ""


async def event(ingest: Ingest) -> str:
    """What an event of the review says that is written now."""
    [review] = await ingest.items("/v1/reviews")
    for outcome in ("refunded", "explained"):
        resolution = {"disposition": "justified", "outcome": outcome}
        await ask(ingest, "PUT", f"/v1/reviews/{review['id']}/resolution", resolution)
    [row] = await ingest.rows("SELECT envelope FROM ingest.outbox ORDER BY id DESC LIMIT 1")
    said: str = json.loads(row["envelope"])["data"].get("answers", "told")
    return said


async def said(ingest: Ingest) -> dict[str, Any]:
    """What each place says of the answers to the one review."""
    return {
        "lists": {answered: await listed(ingest, answered) for answered in ("unknown", "false")},
        "exports": {answered: await exported(ingest, answered) for answered in ("unknown", "false")},
        "page": await page(ingest),
        "event": await event(ingest),
    }


TOLD = {"unknown": [], "false": ["r-1"]}
UNTOLD = {"unknown": ["r-1"], "false": []}


async def test_lists_exports_the_page_and_events_agree_before_and_after_the_deletion(ingest: Ingest, source: Source):
    await ingest.post(source, created("r-1", 1))
    assert await said(ingest) == {"lists": TOLD, "exports": TOLD, "page": "told", "event": "told"}
    await ask(ingest, "DELETE", f"/v1/sources/{source.id}")
    assert await said(ingest) == {"lists": UNTOLD, "exports": UNTOLD, "page": "untold", "event": "untold"}


async def test_they_agree_of_sources_that_were_deleted_before_it_was_kept(ingest_url: str):
    async with running_ingest(ingest_url) as ingest:
        gone, other, stays = [await ingest.source(tenant) for tenant in ("default", "other", "other")]
        for each in (gone, other, stays):
            await ingest.post(each, created("r-1", 1))
        await ingest.rows("DELETE FROM ingest.sources WHERE id = ANY($1)", [gone.id, other.id])
    connection = await asyncpg.connect(ingest_url)
    for statement in OF_BEFORE:
        await connection.execute(statement)
    await connection.close()

    migrated(ingest_url, "ingest")

    async with running_ingest(ingest_url) as ingest:
        assert await said(ingest) == {"lists": UNTOLD, "exports": UNTOLD, "page": "untold", "event": "untold"}
        kept = await ingest.rows("SELECT tenant_id, source_id::text FROM ingest.deleted_sources")
        assert {tuple(row) for row in kept} == {("default", gone.id), ("other", other.id)}
        for answered, expected in (("unknown", [other.id]), ("false", [stays.id])):
            found = await ingest.items("/v1/reviews", "other", answered=answered)
            assert [review["source_id"] for review in found] == expected
