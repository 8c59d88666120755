"""The reply to a commit is lost: the platform comes again, and there is no second effect anywhere."""

import asyncio
import json
from pathlib import Path

import pytest

from plaudit_testing import oracle, pipeline
from plaudit_testing.runtime import read_log
from plaudit_testing.shared import shared
from plaudit_testing.stack import eventually, stack
from plaudit_testing.tcp_proxy import TcpProxy, proxy_for, through
from plaudit_testing.webhooks import Platform

pytestmark = [pytest.mark.e2e, pytest.mark.kafka, pytest.mark.postgres]

LOST_REPLIES = 12
STREAMS = 4
BATCH = 4
LONG_SECONDS = "3600"


async def lose_replies(proxy: TcpProxy, platform: Platform) -> None:
    """Lose the reply to a commit again and again, with some that arrive in between."""
    for number in range(1, LOST_REPLIES + 1):
        goal = len(platform.acknowledged) + 5
        await eventually(lambda goal=goal: len(platform.acknowledged) >= goal, "deliveries are taken")
        proxy.swallow_reply(b"COMMIT")
        await eventually(lambda number=number: proxy.swallowed >= number, "a reply is lost")


async def test_a_delivery_whose_commit_was_not_confirmed_is_repeated_and_counts_once(
    database_url, fresh_kafka, tmp_path: Path
):
    story = oracle.story(shared("data"), seed=6, edits=150, removals=50, restorations=25, moves=25, limit=600)
    with stack(database_url, fresh_kafka.address, tmp_path) as running:
        running.prepare("ingest", "scoring")
        async with proxy_for(database_url) as proxy:
            # Its sources are known for long, so that every commit is that of a group of deliveries.
            ingest = running.process(
                "ingest",
                "api",
                PLAUDIT_DATABASE_URL=through(proxy, database_url),
                PLAUDIT_SOURCE_CACHE_SECONDS=LONG_SECONDS,
            ).start()
            relay = running.process("ingest", "relay").start()
            scoring = running.process("scoring", "all").start()
            for process in (ingest, relay, scoring):
                await asyncio.to_thread(process.wait_ready)
            source = await asyncio.to_thread(pipeline.create_source, running, ingest, "rental")
            platform = Platform(source["hook"], source["secret"])

            streams = oracle.interleaved(story.events, seed=6, streams=STREAMS, twice=False)
            async with asyncio.TaskGroup() as group:
                group.create_task(platform.post_streams(streams, batch=BATCH))
                group.create_task(lose_replies(proxy, platform))
            assert proxy.swallowed == LOST_REPLIES
            assert ingest.running

            refused = {message_id for message_id, _ in platform.refusals}
            repeated = {each for each, answer in platform.acknowledged.items() if answer.get("duplicate")}
            assert len(platform.refusals) >= LOST_REPLIES
            assert repeated
            assert repeated <= refused
            [stored] = pipeline.rows(running, "SELECT count(*) AS n FROM ingest.deliveries")
            assert stored["n"] == len(platform.acknowledged)
            await pipeline.applied(running)
            assert pipeline.wrong_scores(running, scoring, story.reviews.values()) == []

        changes = pipeline.rows(running, "SELECT envelope FROM ingest.outbox")
        written = [json.loads(row["envelope"])["data"] for row in changes]
        revisions = {(change["review_id"], change["revision"]) for change in written}
        assert len(revisions) == len(written) == len(story.events)
        assert (await read_log(fresh_kafka.address, "reviews.v1")).records == len(written)
