"""Ingest and scoring on one database: what ingest writes comes to both groups when a test says so."""

import random
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import msgspec
import pytest

from plaudit.common import failpoints
from plaudit.common.contracts import REVIEWS
from plaudit.common.db import Database, Role
from plaudit.common.kafka import positions
from plaudit.common.kafka.positions import Move, Place
from plaudit.common.kafka.subscription import Handler, StaleMemoryError, Subscription
from plaudit.common.vault import vault_of
from plaudit.ingest.erasure.jobs import ErasureJob
from plaudit.ingest.main import SERVICE as INGEST
from plaudit.scoring.history.consumer import HISTORY
from plaudit.scoring.history.domain import Happened
from plaudit.scoring.live.consumer import LIVE
from plaudit.scoring.main import SERVICE
from plaudit.scoring.refills.jobs.feed import Feed
from plaudit_testing.databases import migrated
from plaudit_testing.review_events import record_of
from plaudit_testing.running_ingest import Ingest, Source, created, running_ingest
from plaudit_testing.servers import PostgresServer

TOPIC_ID = UUID(int=7)
SUBJECTS = ["acme", "acme/berlin", "acme/berlin/shop-3", "acme/paris"]
ENTRY = (
    *("tenant_id", "partition", "sign", "review_id", "revision", "subject", "source_id", "traits", "rating"),
    *("rated_at", "valid_at", "known_at", "happened", "other_star", "other_traits", "other_subject"),
)
"""What an entry says; its number says where it came from."""
TOPICS = f"""
CASE
    WHEN review_id IN (SELECT review_id FROM scoring.ledger WHERE happened = {Happened.ERASED:d}) THEN -1
    ELSE topics
END
"""
"""What the ledger says of topics once the job of erasures has gone through it."""


@pytest.fixture
def scoring_url(postgres_server: PostgresServer, request: pytest.FixtureRequest) -> Iterator[str]:
    """The DSN of a database with the schemas of both services, and nothing in them."""
    names = (INGEST.name, SERVICE.name)
    template = postgres_server.template("-and-".join(names), lambda dsn: migrated(dsn, *names))
    dsn = postgres_server.create_database(template, name=request.node.name)
    yield dsn
    postgres_server.drop_database(dsn)


@pytest.fixture
def more_settings(more_settings: dict[str, Any]) -> dict[str, Any]:
    """A clock that a test may move."""
    return {**more_settings, "test_clock": True}


@pytest.fixture
def move_clock(superuser: asyncpg.Connection) -> Callable[[timedelta], Awaitable[None]]:
    """Lets time have moved by so much altogether."""

    async def move(by: timedelta) -> None:
        await superuser.execute(
            "INSERT INTO common.clock_offset (moved_by) VALUES ($1) ON CONFLICT (one) DO UPDATE SET moved_by = $1", by
        )

    return move


@pytest.fixture
async def ingest(scoring_url: str) -> AsyncIterator[Ingest]:
    """Ingest's API, at an address."""
    async with running_ingest(scoring_url, test_clock=True) as opened:
        yield opened


@pytest.fixture
def owner(resources: Any) -> Database:
    """Connections of the owner of the tables."""
    return resources.database(Role.OWNER)


@pytest.fixture(autouse=True)
def small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages and steps so small that a short history takes many, and no long waiting."""
    for name, value in {
        "refills.jobs.feed.PAGE_ITEMS": 7,
        "refills.jobs.feed.RETRY_SECONDS": 0.0,
        "refills.jobs.steps.MAX_WAIT_SECONDS": 0.3,
        "refills.jobs.steps.POLL_SECONDS": 0.05,
        "refills.jobs.steps.RETRY_SECONDS": 0.0,
        "refills.jobs.reading.MAX_STEP_PAGES": 2,
        "refills.commands.STEP_ENTRIES": 5,
        "refills.commands.SUMMED_ENTRIES": 6,
        "refills.commands.FEW_RECORDS": 0,
        "cells.commands.FILLED_ENTRIES": 12,
        "refills.commands.FILLED_ENTRIES": 12,
        "cells.commands.MAX_RECORDS": 3,
        "moves.commands.SUMMED_ENTRIES": 9,
    }.items():
        monkeypatch.setattr(f"plaudit.scoring.{name}", value)


class Bus:
    """Carries what ingest has written to both groups, as the relay and the runner do."""

    def __init__(self, superuser: asyncpg.Connection, worker: Database, partitions: int) -> None:
        self._superuser, self._worker, self._partitions = superuser, worker, partitions
        self._told: dict[int, list[bytes]] = defaultdict(list)
        self._handlers: dict[str, Handler[Any]] = {}

    async def begin(self) -> None:
        """Both groups begin to read all partitions."""
        async with self._worker.transaction() as tx:
            for subscription in (LIVE, HISTORY):
                starts = dict.fromkeys(range(self._partitions), 0)
                await positions.begin(tx, subscription.group, REVIEWS.name, TOPIC_ID, starts)

    async def publish(self, most: int = 1_000_000) -> None:
        """Move the relay's cursor behind so many further events."""
        rows = await self._superuser.fetch(
            """SELECT o.xid::text AS xid, o.id, o.topic, o.partition, o.envelope
            FROM ingest.outbox o, ingest.relay_cursor c
            WHERE (o.xid, o.id) > (c.xid, c.id) ORDER BY o.xid, o.id LIMIT $1""",
            most,
        )
        for row in rows:
            if row["topic"] == REVIEWS.name:
                self._told[row["partition"]].append(row["envelope"])
        if rows:
            await self._superuser.execute(
                """UPDATE ingest.relay_cursor SET xid = $1::text::xid8, id = $2, numbers = $3::text::jsonb""",
                rows[-1]["xid"],
                rows[-1]["id"],
                msgspec.json.encode(
                    {f"{REVIEWS.name}/{partition}": len(told) for partition, told in self._told.items()}
                ).decode(),
            )

    async def take(self, subscription: Subscription[Any], most: int = 1_000_000) -> None:
        """A group applies what is published of each partition, as the runner does."""
        for partition, told in self._told.items():
            async with self._worker.driver_transaction() as tx:
                at = (await positions.load(tx, subscription.group, REVIEWS.name, [partition]))[partition].place
            pending = told[at.next_offset : at.next_offset + most]
            if not pending:
                continue
            records = [record_of(subscription, each, at.sequence + n, partition) for n, each in enumerate(pending, 1)]
            move = Move(partition, at, Place(at.next_offset + len(pending), 1, at.sequence + len(pending)))
            try:
                await self._apply(subscription, move, records)
            except StaleMemoryError:
                # The runner drops what a handler remembers, and gives it the batch again.
                self._handlers.pop(subscription.group)
                await self._apply(subscription, move, records)

    async def _apply(self, subscription: Subscription[Any], move: Move, records: list[Any]) -> None:
        handle = self._handlers.setdefault(subscription.group, subscription.handler())
        async with self._worker.driver_transaction() as tx:
            await positions.advance(tx, subscription.group, REVIEWS.name, [move])
            await handle(tx, records)

    async def carry(self) -> None:
        """Everything comes to both groups."""
        await self.publish()
        for subscription in (LIVE, HISTORY):
            await self.take(subscription)

    def standing(self) -> dict[str, Mapping[str, Any]]:
        """Review → its tenant and state, as the events tell it to anybody who follows them."""
        found: dict[str, Mapping[str, Any]] = {}
        for told in self._told.values():
            for envelope in told:
                event = msgspec.json.decode(envelope)
                if event["data"]["after"] is None:
                    found.pop(event["data"]["review_id"], None)
                else:
                    found[event["data"]["review_id"]] = {**event["data"]["after"], "tenant": event["tenant"]}
        return found


class World:
    """Reviews that come, change, move, go and come back at a platform, at random."""

    def __init__(self, ingest: Ingest, source: Source, chance: random.Random) -> None:
        self._ingest, self._source, self._chance = ingest, source, chance
        self._versions: dict[str, int] = {}
        self._removed: set[str] = set()

    async def go_on(self, times: int) -> None:
        """Things happen."""
        for _ in range(times):
            answer = await self._ingest.post(self._source, self._next())
            assert answer.status_code == 202, answer.text

    def _next(self) -> dict[str, Any]:
        chance = self._chance
        if not self._versions or chance.random() < 0.45:
            external_id = f"r-{len(self._versions)}"
            self._versions[external_id] = 1
            published_at = datetime(2026, 2, 14, tzinfo=UTC) - timedelta(minutes=chance.randrange(2_000_000))
            return created(
                external_id,
                chance.choice([1, 2, 4, 5]),
                subject=chance.choice(SUBJECTS),
                version=1,
                published_at=published_at.isoformat(),
            )
        external_id = chance.choice(sorted(self._versions))
        self._versions[external_id] += 1
        more: dict[str, Any] = {}
        if external_id in self._removed:
            kind = "restored"
            self._removed.discard(external_id)
        else:
            kind = chance.choice(["edited", "edited", "moved", "reworded", "removed"])
            if kind == "removed":
                self._removed.add(external_id)
            more = {
                "edited": {"rating": chance.choice([1, 3, 5])},
                "moved": {"subject": chance.choice(SUBJECTS)},
                "reworded": {"text": f"Words {chance.random()}."},
                "removed": {},
            }[kind]
            kind = kind if kind == "removed" else "edited"
        return {
            "type": f"review.{kind}",
            "data": {"id": external_id, "version": self._versions[external_id], **more},
        }


@pytest.fixture
async def told(superuser: asyncpg.Connection, worker: Database, resources: Any) -> Bus:
    """Carries events to both groups, which have begun to read."""
    bus = Bus(superuser, worker, resources.settings.partitions)
    await bus.begin()
    return bus


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
def ledger(superuser: asyncpg.Connection) -> Callable[[], Awaitable[list[tuple[Any, ...]]]]:
    """Says what the ledger says, in an order that does not depend on numbers."""

    async def read() -> list[tuple[Any, ...]]:
        found = await superuser.fetch(f"SELECT {', '.join(ENTRY)}, {TOPICS} FROM scoring.ledger")
        return sorted((tuple(row) for row in found), key=repr)

    return read


@pytest.fixture
def armed(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Arms a failpoint."""

    def arm(spec: str) -> None:
        monkeypatch.setattr(failpoints, "_armed", failpoints._parse(spec))

    return arm
