"""Cadences on the real runner: events by Kafka, occurrences by the job, and what waits in Kafka when it comes back."""

import asyncio
from collections import Counter

import msgspec
import pytest

from plaudit.alerting.cadences.consumer import SUBSCRIPTIONS
from plaudit.alerting.cadences.jobs.cadence_job import CadenceJob
from plaudit.common.contracts.envelope import CONTENT_TYPE
from plaudit.common.kafka import clients
from plaudit.common.kafka.consumer import ConsumerLoop
from plaudit_testing.cadences import on, state
from plaudit_testing.runtime import running, until

pytestmark = [pytest.mark.postgres, pytest.mark.kafka]
TOPICS = ("customers.v1", "reviews.v1", "scores.v1", "board.v1")


@pytest.fixture
async def settings(settings, kafka_server, kafka_topics):
    await kafka_topics.recreate(dict.fromkeys(TOPICS, 8))
    return settings.model_copy(update={"kafka_bootstrap_servers": kafka_server.bootstrap, "cadence_poll_seconds": 0.02})


async def publish(producer, topic, record, sequences=Counter()):  # noqa: B006 - one numbering for the whole test
    sequences[topic] += 1
    event = msgspec.structs.replace(record.event, sequence=f"{sequences[topic]:020d}")
    headers = [("content-type", CONTENT_TYPE.encode())]
    await producer.send_and_wait(topic, msgspec.json.encode(event), key=b"default/k", partition=0, headers=headers)


async def test_each_topic_is_read_and_what_is_due_fires_once(cadence, stage, settings):
    loops = [ConsumerLoop(each, stage.worker, stage.resources.outbox.append, settings) for each in SUBSCRIPTIONS]
    async with clients.producer(settings, "test") as producer, running(*loops, CadenceJob(stage.resources)):
        await publish(producer, "customers.v1", cadence.customer("stage_entered", on(0), stage="new"))
        await publish(producer, "customers.v1", cadence.customer("purchased", on(0)))
        await publish(producer, "reviews.v1", cadence.review(state(on(1), topics=("price",)), on(1)))
        await publish(producer, "scores.v1", cadence.score("acme", 1, 4.5))
        await publish(producer, "board.v1", cadence.request("r-1", "open", 3))
        for table in ("cadence_persons WHERE reviewed_at IS NOT NULL", "digest_scores", "digest_requests"):
            await until(lambda table=table: has_row(stage, table), table)
        await stage.move_to(on(9))
        await until(lambda: has_row(stage, "digests"), "the digest")
        await until(lambda: has_row(stage, "touchpoints WHERE why = 'responded'"), "the invitation that is withheld")
        await asyncio.gather(*(loop.turn() for loop in (CadenceJob(stage.resources), CadenceJob(stage.resources))))
    rows = await stage.rows("SELECT rule, step, local_date, count(*) AS n FROM touchpoints GROUP BY 1, 2, 3")
    assert {row["n"] for row in rows} == {1}


async def has_row(stage, table):
    return bool(await stage.rows(f"SELECT * FROM {table} LIMIT 1"))
