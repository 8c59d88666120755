"""Scores on a real topic: whoever starts late has all of them as they stand, whatever died while they were told."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from plaudit.common.contracts import REVIEWS, SCORES
from plaudit.common.db import Database
from plaudit.common.kafka.consumer import ConsumerLoop
from plaudit.common.kafka.topics import make_topics
from plaudit.common.outbox.relay import RelayLoop
from plaudit.common.process import Resources
from plaudit.scoring.live.consumer import LIVE
from plaudit.scoring.profiles.domain import BUILT_IN
from plaudit.scoring.publishing.jobs import PublishingJob
from plaudit.scoring.settings import ScoringSettings
from plaudit_testing.draining import drain
from plaudit_testing.feed import Feed, feeding
from plaudit_testing.playing import Story
from plaudit_testing.runtime import Log, read_log, running, until
from plaudit_testing.stack import stack

pytestmark = [pytest.mark.postgres, pytest.mark.kafka]

PARTITIONS = 2
SUBJECTS = ("acme", "acme/berlin", "acme/berlin/shop-3", "acme/hamburg", "globex/lisbon")
SOON = {"segment.ms": "100", "min.cleanable.dirty.ratio": "0.01", "max.compaction.lag.ms": "1000"}
"""So that the broker compacts within seconds what it else compacts within days."""


@pytest.fixture
def more_settings(kafka_server) -> dict[str, Any]:
    return {"kafka_bootstrap_servers": kafka_server.bootstrap, "partitions": PARTITIONS}


@pytest.fixture
async def feed(resources: Resources[ScoringSettings], kafka_topics) -> AsyncIterator[Feed]:
    """The topic's one writer, as ingest's relay is; the topic of scores is as the product makes it."""
    await kafka_topics.recreate({REVIEWS.name: PARTITIONS})
    await kafka_topics.delete(SCORES.name)
    await make_topics(resources.settings, [SCORES])
    async with feeding(resources.settings, REVIEWS) as opened:
        yield opened


@contextlib.asynccontextmanager
async def admin_of(bootstrap: str) -> AsyncIterator[AIOKafkaAdminClient]:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        yield admin
    finally:
        await admin.close()


async def all_is_told(worker: Database) -> None:
    """Wait until nothing is marked, and the relay has published every row."""

    async def is_all() -> bool:
        return await worker.holds(
            "SELECT NOT EXISTS (SELECT FROM marks) AND NOT EXISTS ("
            "SELECT FROM outbox o, relay_cursor c WHERE (o.xid, o.id) > (c.xid, c.id))"
        )

    await until(is_all, "all scores are told")


async def assert_each_last_event_is_what_the_api_says(api: httpx.AsyncClient, log: Log) -> None:
    """Of each subject, the record that comes last has the scores of all profiles as they stand."""
    last = {event["subject"]: event["data"] for events in log.partitions.values() for event in events}
    for profile in BUILT_IN:
        items = (await api.get("/v1/scores", params={"profile": profile})).json()["items"]
        assert {item["subject"] for item in items} == last.keys()
        for item in items:
            at = {"profile": profile, "at": last[item["subject"]]["as_of"]}
            told = last[item["subject"]]["profiles"][profile]
            assert (told["count"], told["distribution"]) == (item["count"], item["distribution"])
            assert (told["stars"], told["prior"]) == (item["stars"], item["prior"]), at
            # The API reads a moment later.
            assert told["score"] == (item["score"] and pytest.approx(item["score"], abs=1e-5))


async def test_the_topic_is_compacted_and_a_consumer_that_starts_late_has_all_scores_as_they_stand(
    api: httpx.AsyncClient, feed: Feed, resources: Resources[ScoringSettings], worker: Database, kafka_server
) -> None:
    async with admin_of(kafka_server.bootstrap) as admin:
        [answer] = await admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, SCORES.name)])
        [(_, _, _, _, entries)] = answer.resources
        assert {entry[0]: entry[1] for entry in entries}["cleanup.policy"] == "compact"
        await admin.alter_configs(
            [ConfigResource(ConfigResourceType.TOPIC, SCORES.name, configs={"cleanup.policy": "compact", **SOON})]
        )
    story = Story(feed, 60, 34, SUBJECTS, PARTITIONS)
    group = ConsumerLoop(LIVE, worker, resources.outbox.append, resources.settings)
    relay = RelayLoop("scoring", worker, resources.settings, resources.outbox.written)
    async with running(group, PublishingJob(resources), relay):
        while story.left:
            await story.go_on(min(story.left, 30))
            await drain(group)
            await all_is_told(worker)
        numbers = await worker_numbers(worker)

        async def is_compacted() -> bool:
            return (await read_log(kafka_server.bootstrap, SCORES.name)).records < sum(numbers)

        await until(is_compacted, "the broker has compacted the topic")

    await assert_each_last_event_is_what_the_api_says(api, await read_log(kafka_server.bootstrap, SCORES.name))


async def worker_numbers(worker: Database) -> list[int]:
    """How many records the relay has published, by partition."""
    async with worker.transaction() as tx:
        return [row["n"] for row in await tx.raw.fetch("SELECT count(*) AS n FROM outbox GROUP BY partition")]


@pytest.mark.e2e
async def test_two_publishers_and_a_relay_that_die_between_commit_and_topic_end_with_the_merged_truth(
    api: httpx.AsyncClient,
    feed: Feed,
    resources: Resources[ScoringSettings],
    worker: Database,
    kafka_server,
    tmp_path: Path,
) -> None:
    story, trace = Story(feed, 60, 35, SUBJECTS, PARTITIONS), tmp_path / "trace"
    group = ConsumerLoop(LIVE, worker, resources.outbox.append, resources.settings)
    url = resources.settings.database_url.get_secret_value()
    with stack(url, kafka_server.bootstrap, tmp_path, PLAUDIT_PARTITIONS=str(PARTITIONS)) as processes:
        dying, other = (processes.process("scoring", "jobs") for _ in range(2))
        relay = processes.process("scoring", "relay")
        other.start()
        async with running(group):
            for of_jobs, of_relay in (
                ("publishing_before_commit=kill@3", "between_sends=kill@1"),
                ("publishing_after_outbox=kill@2", "after_ack_before_cursor=kill@1"),
            ):
                dying.start(of_jobs, trace)
                await story.go_on(min(story.left, 40))
                await drain(group)
                relay.start(of_relay, trace)
                await until(lambda: not relay.running, "the relay has been killed by its failpoint")
                dying.kill()
            other.kill()
            await story.go_on(story.left)
            await drain(group)
            for process in (dying, other, relay):
                process.start()
            await all_is_told(worker)
        for process in (dying, other, relay):
            assert await asyncio.to_thread(process.stop) == 0, process.log_tail()
    assert trace.read_text().count("after_ack_before_cursor kill") == 1
    assert trace.read_text().count("between_sends kill") == 1

    log = await read_log(kafka_server.bootstrap, SCORES.name)
    log.applied()  # nothing is missing, and a repeat is the same record
    await assert_each_last_event_is_what_the_api_says(api, log)
