"""Fixtures of ingest and scoring on one database, for what reads ingest's feed. A `conftest.py` imports them."""

import random
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any

import pytest

from plaudit.common import failpoints
from plaudit.common.db import Role
from plaudit.common.vault import vault_of
from plaudit.ingest.erasure.jobs import ErasureJob
from plaudit.ingest.main import SERVICE as INGEST
from plaudit.scoring.main import SERVICE
from plaudit.scoring.refills.jobs.feed import Feed
from plaudit_testing.databases import NO_KAFKA, migrated
from plaudit_testing.refilled import World
from plaudit_testing.running_ingest import Ingest, Source, running_ingest
from plaudit_testing.servers import PostgresServer


@pytest.fixture
def scoring_url(postgres_server: PostgresServer, request: pytest.FixtureRequest) -> Iterator[str]:
    """The DSN of a database with the schemas of both services, and nothing in them."""
    names = (INGEST.name, SERVICE.name)
    template = postgres_server.template("-and-".join(names), lambda dsn: migrated(dsn, *names))
    dsn = postgres_server.create_database(template, name=request.node.name)
    yield dsn
    postgres_server.drop_database(dsn)


@pytest.fixture
def more_settings() -> dict[str, Any]:
    """A clock that a test may move."""
    return {"kafka_bootstrap_servers": NO_KAFKA, "test_clock": True}


@pytest.fixture
async def ingest(scoring_url: str) -> AsyncIterator[Ingest]:
    """Ingest's API, at an address."""
    async with running_ingest(scoring_url, test_clock=True) as opened:
        yield opened


@pytest.fixture
async def source(ingest: Ingest) -> Source:
    """A native source of the tenant `default`, about `acme`."""
    return await ingest.source()


@pytest.fixture
def world_of(ingest: Ingest) -> Callable[[Source, int], World]:
    """Makes platforms at which reviews come, change and go at random, by a seed."""
    return lambda source, seed: World(ingest, source, random.Random(seed))


@pytest.fixture
async def feed_at() -> AsyncIterator[Callable[[str, dict[str, str]], Feed]]:
    """Makes feeds at an address, by tenant and key."""
    made: list[Feed] = []

    def make(address: str, keys: dict[str, str]) -> Feed:
        made.append(Feed(address, keys))
        return made[-1]

    yield make
    for feed in made:
        await feed.close()


@pytest.fixture
def feed_of(ingest: Ingest, feed_at: Callable[[str, dict[str, str]], Feed]) -> Callable[..., Awaitable[Feed]]:
    """Makes feeds of tenants."""

    async def make(*tenants: str) -> Feed:
        keys = {tenant: await ingest.key(tenant, "reviews:read") for tenant in tenants or ("default",)}
        return feed_at(str(ingest.client.base_url), keys)

    return make


@pytest.fixture
def erase(ingest: Ingest) -> Callable[[str], Awaitable[None]]:
    """Has ingest erase a review, given its id on the platform."""
    resources = ingest.resources
    job = ErasureJob(
        resources.database(Role.WORKER),
        resources.outbox,
        resources.ids,
        vault_of(resources.settings),
        settling_seconds=0,
    )

    async def carry_out(external_id: str) -> None:
        [found] = await ingest.rows("SELECT id FROM ingest.reviews WHERE external_id = $1", external_id)
        headers = {"authorization": f"Bearer {await ingest.key()}"}
        asked = await ingest.client.post("/v1/erasures", json={"review_id": str(found["id"])}, headers=headers)
        assert asked.status_code == 202, asked.text
        while await job.has_work():
            await job.turn()

    return carry_out


@pytest.fixture
def armed(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Arms a failpoint."""

    def arm(spec: str) -> None:
        monkeypatch.setattr(failpoints, "_armed", failpoints._parse(spec))

    return arm
