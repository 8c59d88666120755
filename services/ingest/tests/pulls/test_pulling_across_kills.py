"""`kill -9` of the process that asks, at the worst places of a walk: each review once, and nobody else is delayed."""

import asyncio
import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from plaudit_testing.databases import NO_KAFKA
from plaudit_testing.deadlines import DEADLINE_SECONDS
from plaudit_testing.interfaces import APPLE, GOOGLE, GOOGLE_TOKENS, TRUSTPILOT
from plaudit_testing.running_ingest import Ingest, Source
from plaudit_testing.stack import ServiceProcess, Stack, poll_until, stack

pytestmark = [pytest.mark.postgres, pytest.mark.e2e]

REVIEWS = 250
GONE = 5
WINDOWS = (
    "page_told_before_stored=kill@1",
    "after_commit_before_answer=kill@1",
    "page_stored_before_cursor=kill@1",
    "cursor_moved_before_next_page=kill@1",
    "page_stored_before_cursor=kill@2",
    "walk_finished_before_saved=kill@1",
)
CANARIES = ("tp-secret-canary", "tp-token-canary", "gc-secret-canary", "gc-refresh-canary", "gc-token-canary")


def asking(made: Stack, ingest: Ingest, platforms: Any) -> ServiceProcess:
    """A process that asks the test's own interfaces."""
    origins = {origin: platforms.origins[origin] for origin in (TRUSTPILOT, GOOGLE, GOOGLE_TOKENS, APPLE)}
    return made.process("ingest", "jobs", PLAUDIT_INTERFACE_ORIGINS=json.dumps(origins), PLAUDIT_LOG_LEVEL="DEBUG")


def killed(process: ServiceProcess, at: str, trace: Path) -> None:
    """Start it, and wait until it has killed itself there."""
    process.start(at, trace)
    poll_until(lambda: not process.running, f"the process dies at {at}")
    assert trace.read_text().splitlines()[-1].startswith(at.partition("=")[0]), process.log_tail()


async def due(ingest: Ingest, source: Source, more: str = "") -> None:
    """Let a source be asked now, as if the claim of the process that died had ended."""
    await ingest.rows(
        f"UPDATE ingest.pulls SET running_until = NULL, next_at = now() {more} WHERE source_id = $1", source.id
    )


async def test_each_review_is_stored_once_and_the_cursor_is_right_wherever_the_process_dies(
    ingest: Ingest, ingest_url: str, puller: Any, platforms: Any, tmp_path: Path
):
    for number in range(REVIEWS):
        platforms.trustpilot.review(f"r-{number:03}", created=f"2026-05-01T08:{number // 60:02}:{number % 60:02}Z")
    source = await puller.source("trustpilot")
    trace = tmp_path / "trace"
    with stack(ingest_url, NO_KAFKA, tmp_path) as made:
        process, other = asking(made, ingest, platforms), asking(made, ingest, platforms)
        for at in WINDOWS:
            await due(ingest, source)
            await asyncio.to_thread(killed, process, at, trace)

        # The one that died still has its claim. Nobody else waits for it to end.
        platforms.google.review("g-1")
        neighbour = await puller.source("google-business")
        other.start()
        await puller.until(neighbour, lambda state: state["cursor"] is not None)
        state = await puller.state(source)
        assert (state["cursor"], state["state"]) == (None, "walking")

        await due(ingest, source)
        await puller.until(source, lambda state: state["state"] == "waiting" and state["cursor"] is not None)
        counts = await ingest.counts()
        assert (counts["reviews"], counts["revisions"], counts["outbox"]) == (REVIEWS + 1,) * 3
        [[begun, watermark]] = await ingest.rows(
            "SELECT complete_at, watermark FROM ingest.pulls WHERE source_id = $1", source.id
        )
        assert watermark < begun
        assert await ingest.rows("SELECT FROM ingest.pulled_reviews WHERE source_id = $1", source.id) != []
        other.stop()

        for number in range(GONE):
            platforms.trustpilot.reviews.pop(f"r-{number:03}")
        complete = ", complete_at = NULL, walk = NULL"
        await due(ingest, source, complete)
        await asyncio.to_thread(killed, process, "walk_finished_before_saved=kill@1", trace)
        process.start()
        for _ in range(2):
            before = (await puller.state(source))["last_run"]
            await due(ingest, source, complete)
            await puller.until(source, lambda state, before=before: state["last_run"] != before)
        removed = await ingest.items("/v1/reviews", removed=True, limit=50)
        assert sorted(each["external_id"] for each in removed) == [f"r-{number:03}" for number in range(GONE)]
        assert (await ingest.counts())["revisions"] == REVIEWS + 1 + GONE

        await asyncio.to_thread(process.wait_ready)
        async with httpx.AsyncClient(base_url=process.base, timeout=DEADLINE_SECONDS) as client:
            told = (await client.get("/metrics")).text
        process.stop()
        told += process.log.read_text() + other.log.read_text()
        assert "pull" in told
        assert [each for each in CANARIES if each in told] == []
