"""Real reviews through ingest, Kafka and the database: every figure equals one computed from scratch."""

from pathlib import Path

import pytest

from plaudit_testing import oracle, pipeline
from plaudit_testing.shared import shared
from plaudit_testing.stack import stack
from plaudit_testing.webhooks import Platform

pytestmark = [pytest.mark.e2e, pytest.mark.kafka, pytest.mark.postgres]

STREAMS = 4


@pytest.fixture
def story():
    return oracle.story(shared("data"), seed=20261122, edits=500, removals=200, restorations=100, moves=100)


async def test_every_prefix_equals_a_computation_from_scratch(story, database_url, fresh_kafka, tmp_path: Path):
    with stack(database_url, fresh_kafka.address, tmp_path) as running:
        running.prepare("ingest", "scoring")
        ingest = running.process("ingest", "all").start()
        scoring = running.process("scoring", "all").start()
        ingest.wait_ready()
        scoring.wait_ready()
        source = pipeline.create_source(running, ingest, "rental")
        platform = Platform(source["hook"], source["secret"])

        streams = oracle.interleaved(story.events, seed=1, streams=STREAMS, twice=False)
        await platform.post_streams(streams, batch=50)
        await pipeline.applied(running)
        assert pipeline.wrong_scores(running, scoring, story.reviews.values()) == []

        again = oracle.interleaved(story.events, seed=2, streams=STREAMS, twice=True)
        await platform.post_streams(again, batch=100)
        await pipeline.applied(running)
        assert pipeline.wrong_scores(running, scoring, story.reviews.values()) == []

        ledger = pipeline.rows(
            running, "SELECT sum(sign) AS n FROM scoring.ledger"
        )  # history is a group of its own and may still be on its way
        assert ledger[0]["n"] is None or ledger[0]["n"] <= len(story.reviews)
        await pipeline.applied(running, "scoring-history")
        published = sum(truth.published for truth in story.reviews.values())
        assert pipeline.rows(running, "SELECT sum(sign) AS n FROM scoring.ledger")[0]["n"] == published


async def test_posting_everything_twice_and_shuffled_gives_the_same(story, database_url, fresh_kafka, tmp_path: Path):
    with stack(database_url, fresh_kafka.address, tmp_path) as running:
        running.prepare("ingest", "scoring")
        ingest = running.process("ingest", "all").start()
        scoring = running.process("scoring", "all").start()
        ingest.wait_ready()
        scoring.wait_ready()
        source = pipeline.create_source(running, ingest, "rental")

        streams = oracle.interleaved(story.events, seed=7, streams=STREAMS, twice=True)
        await Platform(source["hook"], source["secret"]).post_streams(streams, batch=37)
        await pipeline.applied(running)
        assert pipeline.wrong_scores(running, scoring, story.reviews.values()) == []
