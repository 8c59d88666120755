"""Kafka has lost its data and the database has not: said by whoever is concerned, and nothing goes on in silence."""

import asyncio
from pathlib import Path
from typing import Any

import httpx
import pytest

from plaudit_testing import pipeline
from plaudit_testing.deadlines import DEADLINE_SECONDS
from plaudit_testing.runtime import read_log
from plaudit_testing.servers import restart, wipe
from plaudit_testing.stack import ServiceProcess, Stack, eventually, stack
from plaudit_testing.webhooks import Platform

pytestmark = [pytest.mark.e2e, pytest.mark.kafka, pytest.mark.postgres]

REVIEWS = 100
BATCH = 10
TOPIC = "reviews.v1"
MADE_ANEW = "was made anew"
GROUPS = ("scoring-live", "scoring-history", "scoring-insight", "scoring-answers")
"""Those that read the topic; each keeps where it stands."""


def reviews(prefix: str) -> list[dict[str, Any]]:
    return [
        {
            "type": "review.created",
            "data": {"id": f"{prefix}-{n}", "rating": 4, "subject": "acme", "published_at": "2026-02-14T10:15:30Z"},
        }
        for n in range(REVIEWS)
    ]


def kept(running: Stack) -> dict[str, Any]:
    """Where the relay and the consumers stand, as the database has it."""
    cursor = "SELECT xid::text, id, epoch, numbers::text, topic_ids::text FROM ingest.relay_cursor"
    positions = (
        "SELECT consumer_group, topic, partition, topic_id, next_offset, epoch, sequence FROM scoring.positions "
        "ORDER BY consumer_group, topic, partition"
    )
    return {
        "cursor": [dict(row) for row in pipeline.rows(running, cursor)],
        "positions": [dict(row) for row in pipeline.rows(running, positions)],
        "letters": [dict(row) for row in pipeline.rows(running, "SELECT reason FROM scoring.dead_letters")],
    }


def unready(process: ServiceProcess) -> dict[str, str]:
    """What a process says is in its way, by check; empty while it is ready or cannot be reached."""
    status, answer = process.get("/readyz")
    return {check["name"]: check["detail"] for check in answer["checks"] if not check["ok"]} if status == 503 else {}


async def said(process: ServiceProcess, check: str, *words: str) -> None:
    """Wait until the process says one of these of the topic, on `/readyz` and in its log."""

    def on_readyz() -> bool:
        detail = unready(process).get(check, "")
        return TOPIC in detail and any(each in detail for each in words)

    await eventually(on_readyz, f"{check} says {words} on /readyz")
    await eventually(lambda: any(each in process.log.read_text() for each in words), f"{check} logs {words}")


async def test_a_kafka_that_lost_its_data_is_said_and_nothing_is_skipped_or_published(
    database_url, fresh_kafka, tmp_path: Path
):
    with stack(database_url, fresh_kafka.address, tmp_path) as running:
        running.prepare("ingest", "scoring")
        ingest = running.process("ingest", "all").start()
        scoring = running.process("scoring", "all").start()
        for process in (ingest, scoring):
            await asyncio.to_thread(process.wait_ready)
        source = await asyncio.to_thread(pipeline.create_source, running, ingest, "acme")
        platform = Platform(source["hook"], source["secret"])
        await platform.post_streams([reviews("before")], batch=BATCH)
        for group in GROUPS:
            await pipeline.applied(running, group)
        before = await asyncio.to_thread(kept, running)

        await asyncio.to_thread(fresh_kafka.stop)
        await asyncio.to_thread(wipe, fresh_kafka)
        await asyncio.to_thread(restart, fresh_kafka)
        await said(ingest, "relay-ingest", "has gone", "has lost its data")
        for group in GROUPS:
            await said(scoring, f"consumer-{group}", "does not exist")

        running.make_topics()
        await platform.post_streams([reviews("after")], batch=BATCH)
        assert platform.unavailable == 0
        for again in (False, True):
            if again:  # what a process has seen itself, its successor must see too
                await asyncio.gather(*(asyncio.to_thread(process.stop) for process in (ingest, scoring)))
                for process in (ingest, scoring):
                    process.log.write_text("")
                    process.start()
            await said(ingest, "relay-ingest", MADE_ANEW)
            for group in GROUPS:
                await said(scoring, f"consumer-{group}", MADE_ANEW)
            assert (await read_log(fresh_kafka.address, TOPIC)).records == 0
            assert await asyncio.to_thread(kept, running) == before

        headers = {"authorization": f"Bearer {running.key}"}
        async with httpx.AsyncClient(base_url=scoring.base, timeout=DEADLINE_SECONDS, headers=headers) as client:
            assert (await client.get("/v1/scores/acme")).json()["count"] == REVIEWS
