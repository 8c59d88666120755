"""PostgreSQL is gone, or silent, while reviews come in: 503 in time, recovery by itself, and no 2xx is lost."""

import asyncio
import itertools
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from plaudit_local.servers.postgres import Postgres
from plaudit_testing import pipeline
from plaudit_testing.databases import NO_KAFKA, migrated
from plaudit_testing.servers import pause, restart, resume
from plaudit_testing.stack import AS_SHIPPED, ServiceProcess, Stack, eventually, stack
from plaudit_testing.webhooks import Platform

pytestmark = [pytest.mark.e2e, pytest.mark.postgres]

ANSWER_SECONDS = 2.0
"""In which whoever posts is told to come again: the requirement, not a guess of this test."""
STREAMS = 4
TAKEN = 40
REFUSED = 3 * STREAMS
GETS = ("/v1/reviews", "/v1/deliveries", "/v1/sources")


@asynccontextmanager
async def ingest_api(postgres: Postgres, folder: Path) -> AsyncIterator[tuple[Stack, ServiceProcess]]:
    """Ingest's API as a process on this server; nothing of it needs Kafka."""
    migrated(postgres.dsn, "ingest")
    with stack(postgres.dsn, NO_KAFKA, folder, **AS_SHIPPED) as running:
        running.key = running.new_key("default")
        ingest = running.process("ingest", "api").start()
        await asyncio.to_thread(ingest.wait_ready)
        yield running, ingest


@asynccontextmanager
async def reviews_coming_in(platform: Platform) -> AsyncIterator[None]:
    """New reviews from several senders at once, each sent until it is taken, for the length of the block."""
    enough = asyncio.Event()
    numbers = itertools.count()

    async def send(client: httpx.AsyncClient) -> None:
        while not enough.is_set():
            data = {"id": f"r-{next(numbers)}", "rating": 4, "published_at": "2026-02-14T10:15:30Z"}
            await platform.post(client, [{"type": "review.created", "data": data}])

    async with httpx.AsyncClient(timeout=30) as client, asyncio.TaskGroup() as group:
        for _ in range(STREAMS):
            group.create_task(send(client))
        try:
            yield
        finally:
            enough.set()


async def taken(platform: Platform) -> None:
    goal = len(platform.acknowledged) + TAKEN
    await eventually(lambda: len(platform.acknowledged) >= goal, "reviews are taken")


async def refused(platform: Platform) -> None:
    goal = len(platform.refusals) + REFUSED
    await eventually(lambda: len(platform.refusals) >= goal, "reviews are turned away")


async def assert_teams_are_told_in_time(running: Stack, ingest: ServiceProcess) -> None:
    headers = {"authorization": f"Bearer {running.key}"}
    async with httpx.AsyncClient(base_url=ingest.base, timeout=30, headers=headers) as client:

        async def ask(path: str) -> None:
            started = time.monotonic()
            answer = await client.get(path)
            assert (answer.status_code, time.monotonic() - started <= ANSWER_SECONDS) == (503, True), path
            assert int(answer.headers["retry-after"]) >= 1

        await asyncio.gather(*map(ask, GETS))


OUTAGES: dict[str, tuple[Callable[[Postgres], None], Callable[[Postgres], None]]] = {
    "stopped": (Postgres.stop, restart),
    "killed": (lambda server: server.process.kill(), restart),
    "silent": (pause, resume),
}


async def test_while_postgresql_is_gone_or_silent_every_webhook_is_answered_503_in_time_and_no_2xx_is_lost(
    fresh_postgres, tmp_path: Path
):
    async with ingest_api(fresh_postgres, tmp_path) as (running, ingest):
        source = await asyncio.to_thread(pipeline.create_source, running, ingest, "acme")
        platform = Platform(source["hook"], source["secret"])
        async with reviews_coming_in(platform):
            await taken(platform)
            for begin, end in OUTAGES.values():
                await asyncio.to_thread(begin, fresh_postgres)
                await refused(platform)
                await assert_teams_are_told_in_time(running, ingest)
                # Readiness is asked of the database once a second at most, and the answer before may be that young.
                await eventually(lambda: ingest.get("/readyz")[0] == 503, "the process is not ready")
                assert (await asyncio.to_thread(ingest.get, "/livez"))[0] == 200
                await asyncio.to_thread(end, fresh_postgres)
                await taken(platform)
        assert ingest.running
        await asyncio.to_thread(ingest.wait_ready)

        assert len(platform.refusals) == platform.unavailable, "a connection was cut instead"
        assert max(seconds for _, seconds in platform.refusals) <= ANSWER_SECONDS
        deliveries = pipeline.rows(running, "SELECT sent_id, accepted FROM ingest.deliveries")
        assert platform.acknowledged.keys() <= {row["sent_id"] for row in deliveries}, "a 2xx without a durable row"
        assert len(deliveries) == len({row["sent_id"] for row in deliveries})
        [counts] = pipeline.rows(
            running,
            "SELECT (SELECT count(*) FROM ingest.reviews) AS reviews, (SELECT count(*) FROM ingest.revisions) AS "
            "revisions, (SELECT count(*) FROM ingest.outbox) AS events",
        )
        assert dict(counts) == dict.fromkeys(("reviews", "revisions", "events"), len(deliveries))
