"""Several consumers and several publishing processes at once, some of which fail: the end is the truth."""

import asyncio
import random
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import msgspec
import pytest

from plaudit.common.contracts import Kind, Origin, ReviewState
from plaudit.common.db import Database, Role
from plaudit.common.failpoints import FailpointError
from plaudit.scoring.live.consumer import LIVE
from plaudit.scoring.profiles.domain import BUILT_IN
from plaudit.scoring.publishing import commands, domain, jobs, store
from plaudit.scoring.publishing.domain import ScoreKey
from plaudit.scoring.publishing.jobs import ProfilesJob, PublishingJob
from plaudit.scoring.sums.domain.decay import unix_us
from plaudit_testing.own_profiles import from_scratch, own, set_profile
from plaudit_testing.review_events import pending_envelope, record_of, review_state
from plaudit_testing.runtime import short_and_long
from plaudit_testing.scored import read_for

pytestmark = pytest.mark.postgres

PARTITIONS = 3
CHANGES = 30
FAILURES = 0.15
OWN = (
    own("fast", 3.0),
    own("weighed", 3.0, origin_weights={"invited": 0.5}, unverified_weight=0.25, prior_weight=1.0),
    own("late", 182.5, unverified_weight=0.5),
)
"""The last one is set while reviews come."""
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
                origin=draw.choice([Origin.ORGANIC, Origin.INVITED]),
                verified=draw.random() < 0.5,
                rated_at=datetime.now(UTC) - timedelta(days=draw.choice([0, 1, 40, 700, 3_000])),
            )
        yield before, after
        before = after


async def count(worker: Database, partition: int, draw: random.Random, standing: list[ReviewState]) -> None:
    """One partition's consumer, with batches of a few changes; `standing` gets the reviews that stand at the end."""
    handle, sequence = LIVE.handler(), 0
    lives = [[*life(draw)] for _ in range(CHANGES // 3)]
    standing += [after for *_, (_, after) in lives if after is not None]
    waiting = [change for each in lives for change in each]
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


async def tell_profiles(job: ProfilesJob, is_over: asyncio.Event) -> None:
    """The process that tells what profiles there are now; when it fails, it starts again.

    A turn that has looked at none has not come to its end: where the first subject is in another process's hand, it
    gives way.
    """
    while True:
        was_over = is_over.is_set()
        try:
            if await job.has_work():
                await job.turn()
            elif was_over:
                return
        except FailpointError:
            continue
        await asyncio.sleep(0)


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
        standing: list[ReviewState] = []
        for profile in OWN[:2]:
            await set_profile(superuser, profile)
        async with asyncio.TaskGroup() as processes:
            for _ in range(2):
                processes.create_task(tell_profiles(ProfilesJob(resources), is_over))
            for _ in range(3):
                processes.create_task(publish(PublishingJob(resources), is_over))
            async with asyncio.TaskGroup() as consumers:
                for partition in range(PARTITIONS):
                    consumers.create_task(count(worker, partition, random.Random(f"{seed} {partition}"), standing))
                consumers.create_task(set_profile(superuser, OWN[2]))
            is_over.set()
        # The walk of a job that has just started ends where everything is told with the profiles that there are.
        assert await told_anew(resources) == 0
        await assert_truth(worker, publisher, api, superuser, standing)
        await superuser.execute(
            """TRUNCATE scoring.sums, scoring.tenant_sums, scoring.published_scores, scoring.outbox,
            scoring.profile_revisions, scoring.half_lives, scoring.half_life_partitions"""
        )


async def told_anew(resources) -> int:
    """How many scores a walk over all subjects finds to be told with other profiles than there are."""
    async with resources.database(Role.WORKER).transaction() as tx:
        walked = await store.walk(tx, ScoreKey("", ""), 1_000)
    return sum(walked.values())


async def assert_truth(
    worker: Database, publisher, api: httpx.AsyncClient, superuser: Any, standing: list[ReviewState]
) -> None:
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
            kept = (await store.sums_of(tx, [key], {}))[key].kept
        as_of_us = unix_us(datetime.fromisoformat(told["as_of"]))
        for name, profile in BUILT_IN.items():
            score = read_for(profile, kept, as_of_us)
            assert told["profiles"][name]["score"] == (score.score and pytest.approx(score.score, rel=1e-12))
            assert told["profiles"][name]["count"] == score.count
        assert told["profiles"].keys() == {*BUILT_IN, *(profile.name for profile in OWN)}
        for profile in OWN:
            wanted, distribution = from_scratch(
                profile, standing, item["subject"], datetime.fromisoformat(told["as_of"])
            )
            figures = told["profiles"][profile.name]
            assert figures["distribution"] == distribution
            assert figures["score"] == (wanted and pytest.approx(wanted, rel=1e-9))
