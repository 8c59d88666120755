"""`kill -9` of every process of the pipeline, at the worst places, while real reviews run through it."""

import asyncio
import os
import random
from pathlib import Path

import pytest

from plaudit_testing import oracle, pipeline
from plaudit_testing.killing import Windows
from plaudit_testing.shared import shared
from plaudit_testing.stack import stack
from plaudit_testing.webhooks import Platform

pytestmark = [pytest.mark.e2e, pytest.mark.kafka, pytest.mark.postgres]

SEED = int(os.environ.get("PLAUDIT_TEST_SEED", "3"))
STREAMS = 4


async def _post_until_all_have_died(
    platform: Platform, story: oracle.Story, watchers: list[asyncio.Task[None]]
) -> None:
    await platform.post_streams(oracle.interleaved(story.events, seed=SEED, streams=STREAMS, twice=False), batch=10)
    rounds = 0
    while not all(watcher.done() for watcher in watchers):
        rounds += 1
        news = oracle.go_on(story, SEED + rounds, edits=20)
        await platform.post_streams(oracle.interleaved(news, seed=SEED, streams=STREAMS, twice=True), batch=3)


@pytest.mark.parametrize("deaths", [3, pytest.param(25, marks=[pytest.mark.soak, pytest.mark.timeout(3600)])])
async def test_figures_and_answers_survive_a_kill_in_every_window(deaths, database_url, fresh_kafka, tmp_path: Path):
    story = oracle.story(shared("data"), seed=SEED, edits=300, removals=100, restorations=50, moves=50, limit=1_500)
    chance = random.Random(SEED)
    with stack(database_url, fresh_kafka.address, tmp_path) as running:
        running.prepare("ingest", "scoring")
        ingest = running.process("ingest", "api")
        relay = running.process("ingest", "relay")
        live = running.process("scoring", "consume")
        scoring = running.process("scoring", "api").start()
        ingest.start().wait_ready()
        source = pipeline.create_source(running, ingest, "rental")
        ingest.kill()

        windows = [
            Windows(
                ingest,
                ("after_flush_before_commit", "after_commit_before_answer"),
                deaths,
                chance,
                tmp_path / "ingest",
            ),
            Windows(relay, ("after_ack_before_cursor",), deaths, chance, tmp_path / "relay"),
            Windows(live, ("after_cas_before_commit",), deaths, chance, tmp_path / "live"),
        ]
        for window in windows:
            window.start_next()
        watchers = [asyncio.create_task(window.watch()) for window in windows]
        platform = Platform(source["hook"], source["secret"])
        await _post_until_all_have_died(platform, story, watchers)
        await asyncio.gather(*watchers)

        for window in windows:
            for name in window.names:
                assert window.hits(name) >= deaths, f"{name} was not hit"
        await pipeline.applied(running)
        scoring.wait_ready()
        assert pipeline.wrong_scores(running, scoring, story.reviews.values()) == []

        stored = {row["sent_id"] for row in pipeline.rows(running, "SELECT sent_id FROM ingest.deliveries")}
        assert platform.acknowledged.keys() <= stored, "a 2xx without a durable row"
