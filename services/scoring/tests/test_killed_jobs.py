"""Whatever makes cells, changes and sums anew is killed in the middle, and afterwards all is what the ledger says."""

import asyncio
import os
import random
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import msgspec
import pytest

from plaudit.common.contracts import REVIEWS, ReviewState
from plaudit.common.db import Database
from plaudit.common.ids import uuid7
from plaudit.common.kafka.consumer import ConsumerLoop
from plaudit.common.process import Resources
from plaudit.scoring.cells import store as cells
from plaudit.scoring.history.consumer import HISTORY
from plaudit.scoring.live.consumer import LIVE
from plaudit.scoring.moves.commands import end_of_settled
from plaudit.scoring.reconciliation.jobs import reconcile, reconcile_large
from plaudit.scoring.reconciliation.store.celled import Celled
from plaudit.scoring.settings import ScoringSettings
from plaudit_testing import oracle
from plaudit_testing.draining import drain
from plaudit_testing.feed import Feed, feeding
from plaudit_testing.review_events import pending_envelope, review_state
from plaudit_testing.runtime import running, until
from plaudit_testing.stack import KILLED, ServiceProcess, stack

pytestmark = [pytest.mark.e2e, pytest.mark.postgres, pytest.mark.kafka]

PARTITIONS = 2
NOW = datetime.now(UTC).replace(microsecond=0)
LARGE = [Celled("default", prefix) for prefix in ("acme", "acme/berlin")]
COMMAND = Path(sys.executable).with_name("plaudit")


@pytest.fixture
def more_settings(kafka_server: Any) -> dict[str, Any]:
    return {"kafka_bootstrap_servers": kafka_server.bootstrap, "partitions": PARTITIONS}


@pytest.fixture
async def feed(resources: Resources[ScoringSettings], kafka_topics: Any) -> AsyncIterator[Feed]:
    """The topic's one writer, as ingest's relay is."""
    await kafka_topics.recreate({REVIEWS.name: PARTITIONS})
    async with feeding(resources.settings, REVIEWS) as opened:
        yield opened


class Lives:
    """Reviews of three hundred days that come, are edited, move and go, in their order; and which of them stand."""

    def __init__(self, feed: Feed, seed: int) -> None:
        self._feed, self._chance = feed, random.Random(seed)
        self._standing: dict[str, ReviewState] = {}
        self._at = NOW - timedelta(days=300)

    async def tell(self, changes: int, *, step: timedelta = timedelta(hours=20)) -> None:
        chance = self._chance
        for _ in range(changes):
            self._at = min(self._at + step * chance.random(), NOW)
            review_id, before = str(uuid7()), None
            after: ReviewState | None = review_state(
                chance.choice([1.0, 3.5, 5.0]),
                chance.choice(["acme", "acme/berlin", "globex"]),
                rated_at=self._at - timedelta(days=chance.choice([0, 0, 7, 4_000])),
            )
            if self._standing and chance.random() < 0.4:
                review_id = chance.choice(sorted(self._standing))
                before = self._standing.pop(review_id)
                rated_anew = msgspec.structs.replace(before, rating=2.5, rated_at=self._at)
                after = chance.choice([None, rated_anew, msgspec.structs.replace(before, subject="globex/paris")])
            if after is not None:
                self._standing[review_id] = after
            told = pending_envelope(before, after, review_id=review_id, time=self._at)
            # All of one review come by one partition, as their key has it.
            await self._feed.numbered(int(review_id[-1], 16) % PARTITIONS, told)

    @property
    def truths(self) -> list[oracle.Truth]:
        """What stands, for the oracle."""
        return [
            oracle.Truth(each.subject, each.rating, each.published_at, each.rated_at, text="", version=1)
            for each in self._standing.values()
        ]


async def apply_all(resources: Resources[ScoringSettings], worker: Database) -> None:
    """Let both groups apply everything that the topic holds now."""
    loops = [ConsumerLoop(each, worker, resources.outbox.append, resources.settings) for each in (LIVE, HISTORY)]
    async with running(*loops):
        for loop in loops:
            await drain(loop)


async def assert_figures(api: httpx.AsyncClient, truths: list[oracle.Truth]) -> None:
    """Every score is what an oracle makes of the reviews that stand."""
    for prefix in sorted({prefix for truth in truths for prefix in oracle.prefixes(truth.subject)}):
        answer = (await api.get(f"/v1/scores/{prefix}")).raise_for_status().json()
        wanted = oracle.expected(truths, prefix, oracle.instant(answer["at"]))
        assert (answer["count"], answer["distribution"]) == (wanted["count"], wanted["distribution"])
        assert answer["score"] == pytest.approx(wanted["score"], abs=1e-9)


def kills(trace: Path, step: str = "") -> int:
    """How often processes were killed, in a step or in any."""
    return trace.read_text().count(f"{step} kill ")


async def die_at(process: ServiceProcess, step: str, hit: int, trace: Path) -> None:
    """Start a process, and wait until it was killed in a step."""
    process.start(f"{step}=kill@{hit}", trace)
    await until(lambda: not process.running, f"the process has been killed at {step}")
    assert kills(trace, step) > 0, process.log_tail()


async def is_made(worker: Database, superuser: asyncpg.Connection) -> bool:
    """Whether cells and changes hold everything that they are to hold."""
    summed = await superuser.fetch("SELECT next_day FROM scoring.summed_prefixes")
    changed = await superuser.fetchval("SELECT count(*) FROM scoring.changed_days")
    # Not of when the module was read: midnight may have passed since.
    end = end_of_settled(datetime.now(UTC))
    is_summed = len(summed) == len(LARGE) and all(row["next_day"] == end for row in summed)
    return is_summed and not changed and not await worker.holds(cells.HAS_WORK)


async def test_jobs_that_are_killed_in_every_step_leave_all_as_the_ledger_says(
    api: httpx.AsyncClient,
    feed: Feed,
    resources: Resources[ScoringSettings],
    worker: Database,
    superuser: asyncpg.Connection,
    kafka_server: Any,
    tmp_path: Path,
) -> None:
    lives, trace = Lives(feed, seed=8), tmp_path / "trace"
    await lives.tell(250)
    await apply_all(resources, worker)
    await superuser.executemany("INSERT INTO scoring.celled_prefixes (tenant_id, prefix) VALUES ($1, $2)", LARGE)
    url = resources.settings.database_url.get_secret_value()
    with stack(url, kafka_server.bootstrap, tmp_path, PLAUDIT_PARTITIONS=str(PARTITIONS)) as processes:
        jobs = processes.process("scoring", "jobs")
        await die_at(jobs, "cells_before_commit", 1, trace)
        await die_at(jobs, "cells_before_commit", 1, trace)
        await die_at(jobs, "moves_before_commit", 1, trace)
        await lives.tell(80)
        await apply_all(resources, worker)
        await superuser.execute("UPDATE scoring.sums SET n5 = n5 + 1, trust_w5 = 2 * trust_w5")
        await superuser.execute("DELETE FROM scoring.reconciliations")
        await die_at(jobs, "reconciliation_repair_before_commit", 1, trace)
        jobs.start()
        await until(lambda: is_made(worker, superuser), "cells and changes are made")
        jobs.kill()
        await superuser.execute("UPDATE scoring.rated_cells SET n = n + 1")
        await superuser.execute("UPDATE scoring.moves SET trust_a = 2 * trust_a")
        await superuser.execute("DELETE FROM scoring.reconciliations")
        await die_at(jobs, "reconciliation_fill_again_before_commit", 1, trace)
        await die_at(jobs, "reconciliation_sum_again_before_commit", 1, trace)
        jobs.start()
        night = "SELECT EXISTS (SELECT FROM scoring.reconciliations WHERE finished_at IS NOT NULL)"
        await until(lambda: superuser.fetchval(night), "all has been compared")
        await until(lambda: is_made(worker, superuser), "cells and changes are made again")
        assert await asyncio.to_thread(jobs.stop) == 0, jobs.log_tail()

    assert kills(trace) == 6
    for large in LARGE:
        outcome = await reconcile_large(worker, large, whole=True)
        assert (outcome.skipped, outcome.differing, outcome.rounded, outcome.celled) == (0, 0, 0, 1)
    for root in ("acme", "globex"):
        outcome = await reconcile(worker, "default", root)
        assert (outcome.skipped, outcome.differing, outcome.rounded) == (0, 0, 0)
    await assert_figures(api, lives.truths)


async def rebuild(url: str, failpoints: str, trace: Path) -> int:
    """Run the command that makes all sums anew, as an operator does; return how it ended."""
    command = await asyncio.create_subprocess_exec(
        *(str(COMMAND), "score", "rebuild"),
        env={
            **os.environ,
            "PLAUDIT_DATABASE_URL": url,
            "PLAUDIT_FAILPOINTS": failpoints,
            "PLAUDIT_FAILPOINTS_TRACE": str(trace),
        },
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    return await command.wait()


async def test_a_rebuild_that_is_killed_in_a_step_and_in_the_switch_changes_nothing_and_goes_on(
    api: httpx.AsyncClient,
    feed: Feed,
    resources: Resources[ScoringSettings],
    worker: Database,
    superuser: asyncpg.Connection,
    kafka_server: Any,
    tmp_path: Path,
) -> None:
    lives, trace = Lives(feed, seed=9), tmp_path / "trace"
    url = resources.settings.database_url.get_secret_value()
    with stack(url, kafka_server.bootstrap, tmp_path, PLAUDIT_PARTITIONS=str(PARTITIONS)) as processes:
        consumers = processes.process("scoring", "consume").start()
        await asyncio.to_thread(consumers.wait_ready)
        old = await superuser.fetchval("SELECT 'scoring.sums'::regclass::oid")
        for step in ("rebuild_step_before_commit", "rebuild_switch_before_commit"):
            await lives.tell(60)
            assert await rebuild(url, f"{step}=kill@1", trace) == -(KILLED - 128)
            assert kills(trace, step) == 1
            assert await superuser.fetchval("SELECT 'scoring.sums'::regclass::oid") == old
        await lives.tell(60)
        assert await rebuild(url, "", trace) == 0
        assert await superuser.fetchval("SELECT 'scoring.sums'::regclass::oid") != old
        await lives.tell(60)
        consumers.kill()

    await apply_all(resources, worker)
    await assert_figures(api, lives.truths)
    for root in ("acme", "globex"):
        outcome = await reconcile(worker, "default", root)
        assert (outcome.skipped, outcome.differing, outcome.rounded) == (0, 0, 0)
