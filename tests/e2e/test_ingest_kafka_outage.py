"""Kafka is gone while reviews come in: nobody outside notices, and everything is published in order afterwards."""

import asyncio
import os
from collections import defaultdict
from itertools import pairwise
from pathlib import Path

import httpx
import pytest

from plaudit_testing import oracle, pipeline
from plaudit_testing.runtime import Log, read_log
from plaudit_testing.servers import restart
from plaudit_testing.shared import shared
from plaudit_testing.stack import Stack, stack
from plaudit_testing.webhooks import Platform

pytestmark = [pytest.mark.e2e, pytest.mark.kafka, pytest.mark.postgres]

OUTAGE_SECONDS = float(os.environ.get("PLAUDIT_TEST_OUTAGE_SECONDS", "10"))
LONG_OUTAGE_SECONDS = 60.0
STREAMS = 4
BATCH = 5
BEFORE_THE_OUTAGE = 0.2
"""Share of the events that is posted before Kafka stops."""


def revisions(log: Log) -> dict[str, list[int]]:
    """Of each review, the revisions in the order in which a consumer applies them."""
    found = defaultdict(list)
    for events in log.applied().values():
        for event in events:
            found[event["data"]["review_id"]].append(event["data"]["revision"])
    return found


def waiting(running: Stack) -> int:
    """Rows of the outbox that are not published."""
    sql = "SELECT count(*) AS n FROM ingest.outbox o, ingest.relay_cursor c WHERE (o.xid, o.id) > (c.xid, c.id)"
    return int(pipeline.rows(running, sql)[0]["n"])


async def post_evenly(platform: Platform, stream: list[dict], seconds: float) -> None:
    """Post a stream's events one after the other, spread over so many seconds."""
    loop = asyncio.get_running_loop()
    started = loop.time()
    async with httpx.AsyncClient(timeout=30) as client:
        for start in range(0, len(stream), BATCH):
            await asyncio.sleep(started + seconds * start / len(stream) - loop.time())
            await platform.post(client, stream[start : start + BATCH])


@pytest.mark.parametrize(
    "outage_seconds",
    [OUTAGE_SECONDS, pytest.param(LONG_OUTAGE_SECONDS, marks=[pytest.mark.soak, pytest.mark.timeout(600)])],
)
async def test_while_kafka_is_gone_every_webhook_is_taken_and_afterwards_all_is_published_in_order(
    outage_seconds, database_url, fresh_kafka, tmp_path: Path
):
    story = oracle.story(shared("data"), seed=4, edits=200, removals=60, restorations=30, moves=40, limit=800)
    streams = oracle.interleaved(story.events, seed=4, streams=STREAMS, twice=False)
    with stack(database_url, fresh_kafka.address, tmp_path) as running:
        running.prepare("ingest", "scoring")
        ingest = running.process("ingest", "all").start()
        scoring = running.process("scoring", "all").start()
        ingest.wait_ready()
        scoring.wait_ready()
        source = pipeline.create_source(running, ingest, "rental")
        platform = Platform(source["hook"], source["secret"])
        cuts = [int(len(stream) * BEFORE_THE_OUTAGE) for stream in streams]
        await platform.post_streams([stream[:cut] for stream, cut in zip(streams, cuts, strict=True)], batch=BATCH)
        published_before = len(platform.acknowledged)

        async with asyncio.TaskGroup() as group:
            group.create_task(asyncio.to_thread(fresh_kafka.stop))
            for stream, cut in zip(streams, cuts, strict=True):
                group.create_task(post_evenly(platform, stream[cut:], outage_seconds))
        assert len(platform.acknowledged) > published_before
        assert platform.unavailable == 0, "a webhook was turned away"
        assert waiting(running) > 0, "there was no outage"
        assert ingest.get("/livez")[0] == scoring.get("/livez")[0] == 200

        await asyncio.to_thread(restart, fresh_kafka)
        await pipeline.applied(running)
        assert pipeline.wrong_scores(running, scoring, story.reviews.values()) == []
        await asyncio.to_thread(ingest.wait_ready)
        await asyncio.to_thread(scoring.wait_ready)
        found = revisions(await read_log(fresh_kafka.address, "reviews.v1"))
        assert all(one < other for each in found.values() for one, other in pairwise(each))
        [outbox] = pipeline.rows(running, "SELECT count(*) AS n FROM ingest.outbox")
        assert sum(map(len, found.values())) == outbox["n"]
