"""Several consumers and several publishing processes at once, some of which fail: the end is the truth."""

import asyncio
import random
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import msgspec
import pytest

from plaudit.common.contracts import Kind, ReviewState
from plaudit.common.db import Database
from plaudit.common.failpoints import FailpointError
from plaudit.scoring.live.consumer import LIVE
from plaudit.scoring.profiles.domain import BUILT_IN
from plaudit.scoring.publishing import commands, domain, jobs, store
from plaudit.scoring.publishing.domain import ScoreKey
from plaudit.scoring.publishing.jobs import PublishingJob
from plaudit.scoring.scores.domain import read_for
from plaudit.scoring.sums.domain.decay import unix_us
from plaudit_testing.review_events import pending_envelope, record_of, review_state
from plaudit_testing.runtime import short_and_long

pytestmark = pytest.mark.postgres

PARTITIONS = 3
CHANGES = 30
FAILURES = 0.15
SUBJECTS = ("acme", "acme/berlin", "acme/berlin/shop-3", "acme/hamburg", "globex/lisbon")


def life(draw: random.Random) -> Iterator[tuple[ReviewState | None, ReviewState | None]]:
    """The changes of one review."""
    before: ReviewState | None = None
    for _ in range(draw.randint(1, 4)):
        after = None
        if before is None or draw.random() < 0.7:
            after = review_state(
                float(draw.randint(1, 5)),
                draw.choice(SUBJECTS),
                kind=draw.choice([Kind.STARS, Kind.STARS, Kind.STARS, Kind.NPS]),
                rated_at=datetime.now(UTC) - timedelta(days=draw.choice([0, 1, 40, 700, 3_000])),
            )
        yield before, after
        before = after


async def count(worker: Database, partition: int, draw: random.Random) -> None:
    """One partition's consumer, with batches of a few changes."""
    handle, sequence = LIVE.handler(), 0
    waiting = [each for _ in range(CHANGES // 3) for each in life(draw)]
    while waiting:
        size = draw.randint(1, 4)
        batch, waiting = waiting[:size], waiting[size:]
        records = []
        for change in batch:
            sequence += 1
            records.append(record_of(LIVE, pending_envelope(*change), sequence, partition))
        async with worker.transaction() as tx:
            await handle(tx, records)


def failing(draw: random.Random) -> Callable[[str], None]:
    def failpoint(name: str) -> None:
        if draw.random() < FAILURES:
            raise FailpointError(name)

    return failpoint


async def publish(job: PublishingJob, is_over: asyncio.Event) -> None:
    """One process: when it fails, it starts again."""
    while True:
        was_over = is_over.is_set()
        try:
            if not await job.has_work():
                if was_over:
                    return
                await asyncio.sleep(0)
                continue
            await job.turn()
        except FailpointError:
            pass


@pytest.mark.parametrize("seeds", short_and_long(3, 200))
async def test_the_last_events_are_the_merged_truth(
    resources,
    worker: Database,
    publisher,
    api: httpx.AsyncClient,
    monkeypatch: pytest.MonkeyPatch,
    superuser,
    seeds: int,
) -> None:
    monkeypatch.setattr(domain, "MIN_INTERVAL", timedelta(milliseconds=30))
    for seed in range(seeds):
        draw = random.Random(seed)
        for module in (commands, jobs):
            monkeypatch.setattr(module, "failpoint", failing(draw))
        is_over = asyncio.Event()
        async with asyncio.TaskGroup() as processes:
            for _ in range(3):
                processes.create_task(publish(PublishingJob(resources), is_over))
            async with asyncio.TaskGroup() as consumers:
                for partition in range(PARTITIONS):
                    consumers.create_task(count(worker, partition, random.Random(f"{seed} {partition}")))
            is_over.set()
        await assert_truth(worker, publisher, api, superuser)
        await superuser.execute("TRUNCATE scoring.sums, scoring.published_scores, scoring.outbox")


async def assert_truth(worker: Database, publisher, api: httpx.AsyncClient, superuser: Any) -> None:
    assert await publisher.marks() == []
    newest: dict[str, Any] = {}
    for event in await publisher.events():
        before = newest.get(event["subject"])
        assert before is None or event["data"]["number"] > before["number"]
        assert before is None or event["data"]["as_of"] >= before["as_of"]
        newest[event["subject"]] = event["data"]
    rows = await superuser.fetch("SELECT prefix, data FROM scoring.published_scores")
    assert {row["prefix"]: msgspec.json.decode(row["data"]) for row in rows} == newest
    items = (await api.get("/v1/scores", params={"profile": "lifetime"})).json()["items"]
    assert {item["subject"] for item in items} == newest.keys()
    for item in items:
        told = newest[item["subject"]]
        lifetime = told["profiles"]["lifetime"]
        assert (lifetime["count"], lifetime["distribution"]) == (item["count"], item["distribution"])
        key = ScoreKey("default", item["subject"])
        async with worker.transaction() as tx:
            kept = (await store.sums_of(tx, [key]))[key]
        as_of_us = unix_us(datetime.fromisoformat(told["as_of"]))
        for name, profile in BUILT_IN.items():
            score = read_for(profile, kept, as_of_us)
            assert told["profiles"][name]["score"] == (score.score and pytest.approx(score.score, rel=1e-12))
            assert told["profiles"][name]["count"] == score.count
