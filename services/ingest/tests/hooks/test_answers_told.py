"""Each event of a review says whether answers are told at its source, whatever has caused it."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from plaudit.ingest.platforms import trustpilot
from plaudit_testing.running_ingest import Ingest, Source, created, running_ingest

pytestmark = pytest.mark.postgres

FIELDS = {"id": "id", "rating": "rating", "published_at": "at"}
CREDENTIALS = {"api_key": "key", "api_secret": "secret", "business_unit_id": "unit"}
TRUSTPILOT = (Path(trustpilot.__file__).parent / "fixtures" / "created.json").read_bytes()
CUSTOM = {"id": "r-1", "rating": 1, "at": "2026-03-02T10:00:00Z"}


async def ask(ingest: Ingest, method: str, path: str, body: Any) -> Any:
    answer = await ingest.client.request(
        method, path, json=body, headers={"authorization": f"Bearer {await ingest.key()}"}
    )
    assert answer.is_success, answer.text
    return answer.json()


async def custom(ingest: Ingest, **fields: str) -> Source:
    mapping = {"fields": {**FIELDS, **fields}, "proof": {"kind": "path-token"}}
    wanted = {"name": "Kiosk", "platform": "custom", "subject": "acme", "mapping": mapping}
    made = await ask(ingest, "POST", "/v1/sources", wanted)
    return Source(made["id"], "", made["hook"])


async def told(ingest: Ingest) -> list[tuple[str, str | None]]:
    """Of each event its type, and what it says of answers."""
    rows = await ingest.rows("SELECT envelope FROM ingest.outbox ORDER BY id")
    events = [json.loads(row["envelope"]) for row in rows]
    return [(event["type"], event["data"].get("answers")) for event in events]


async def test_a_platform_that_posts_answers_says_nothing_of_it(ingest: Ingest, source: Source):
    await ingest.post(source, created("r-1"))
    assert await told(ingest) == [("review.created", None)]


async def test_a_custom_source_tells_them_where_its_mapping_finds_them(ingest: Ingest):
    for fields in ({}, {"answer": "reply"}):
        assert (await ingest.post(await custom(ingest, **fields), CUSTOM)).status_code == 202
    assert await told(ingest) == [("review.created", "untold"), ("review.created", None)]


async def test_a_source_tells_them_once_its_platform_was_asked_for_all_it_has(ingest_url: str):
    async with running_ingest(ingest_url, source_cache_seconds=0) as ingest:
        source = await ingest.source(platform="trustpilot")
        steps = (
            (lambda: asyncio.sleep(0), "untold"),
            (
                lambda: ask(ingest, "PUT", f"/v1/sources/{source.id}/credentials", {"credentials": CREDENTIALS}),
                "untold",
            ),
            (lambda: ingest.rows("UPDATE ingest.pulls SET watermark = now()"), "polled"),
        )
        for number, (step, answers) in enumerate(steps):
            await step()
            body = TRUSTPILOT.replace(b"6a1f0c2d9b3e4f5a6b7c8db1", b"%024x" % number)
            assert (await ingest.post(source, body)).status_code == 202
            assert (await told(ingest))[number:] == [("review.created", answers)]


async def test_what_is_answered_and_settled_here_says_the_same(ingest: Ingest, source: Source):
    await ingest.post(source, created("r-1"))
    await answered_and_settled(ingest, source)
    assert (await told(ingest))[1:] == [("review.answered", None), ("review.resolved", None)]
    untold = await custom(ingest)
    await ingest.post(untold, CUSTOM)
    await answered_and_settled(ingest, untold)
    assert (await told(ingest))[4:] == [("review.answered", "untold"), ("review.resolved", "untold")]


async def answered_and_settled(ingest: Ingest, source: Source) -> None:
    """Record an answer to the one review of a source, and what was found."""
    [found] = await ingest.items("/v1/reviews", source_id=source.id)
    path = f"/v1/reviews/{found['id']}"
    elsewhere = {"text": "Sorry.", "via": "elsewhere", "published_at": "2026-03-02T11:00:00Z"}
    await ask(ingest, "POST", f"{path}/answer", elsewhere)
    await ask(ingest, "PUT", f"{path}/resolution", {"disposition": "justified", "outcome": "refunded"})
