"""A rebuild from the feed is killed at each of its steps, while reviews come and both groups read a real broker.

What is there afterwards is held against all events of the topic, from scratch.
"""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from signal import SIGKILL
from typing import Any
from uuid import UUID

import asyncpg
import httpx
import msgspec
import pytest

from plaudit.common.contracts import REVIEWS, SCORES
from plaudit.common.contracts.topics import TOPICS
from plaudit.common.db import Database, Role
from plaudit.common.jobs import Loop
from plaudit.common.kafka.consumer import ConsumerLoop
from plaudit.common.outbox.relay import RelayLoop
from plaudit.common.process import Resources
from plaudit.scoring.answers.consumer import ANSWERS
from plaudit.scoring.cells.jobs import CellsJob
from plaudit.scoring.history.consumer import HISTORY
from plaudit.scoring.history.domain import ERASED_TYPE, LedgerEntry, RevisedChange, ToldChange, entries
from plaudit.scoring.live.consumer import LIVE
from plaudit.scoring.publishing.jobs import PublishingJob
from plaudit.scoring.reconciliation.domain import Outcome
from plaudit.scoring.reconciliation.jobs import ReconciliationJob, reconcile, reconcile_large
from plaudit.scoring.reconciliation.store.celled import Celled
from plaudit.scoring.settings import ScoringSettings
from plaudit.scoring.topics.domain import ERASED
from plaudit_testing import oracle
from plaudit_testing.draining import drain
from plaudit_testing.refill_process import RefillProcess
from plaudit_testing.running_ingest import Ingest, Source, created, running_ingest
from plaudit_testing.runtime import read_log, running, until

pytestmark = [pytest.mark.postgres, pytest.mark.kafka, pytest.mark.e2e]

PARTITIONS = 2
SUBJECTS = ["acme", "acme/berlin", "acme/berlin/shop-3", "acme/paris"]
WHERE_IT_DIES = (
    ("refill_page_before_commit", 2),
    ("refill_page_before_commit", 3),
    ("refill_erased_before_commit", 1),
    ("refill_copy_before_commit", 2),
    ("refill_index_before_commit", 3),
    ("refill_sum_before_commit", 4),
    ("refill_cells_before_commit", 2),
    ("refill_last_before_commit", 1),
    ("refill_before_switch", 1),
    ("refill_switch_before_commit", 1),
    ("refill_switched", 1),
)
DAMAGE = """
DELETE FROM scoring.ledger WHERE sequence % 3 = 0 AND {others};
UPDATE scoring.ledger SET rating = 1, known_at = known_at + interval '1 hour' WHERE sequence % 3 = 1 AND {others}
"""
TRAFFIC_PAUSE_SECONDS = 0.05


@pytest.fixture
def more_settings(kafka_server: Any) -> dict[str, Any]:
    return {"kafka_bootstrap_servers": kafka_server.bootstrap, "partitions": PARTITIONS}


@pytest.fixture
async def ingest(scoring_url: str, kafka_server: Any, kafka_topics: Any) -> AsyncIterator[Ingest]:
    """Ingest's API, at an address, and its topic."""
    written = [topic.name for topic in TOPICS.values() if topic.writer in {"ingest", "scoring"}]
    await kafka_topics.recreate(dict.fromkeys(written, PARTITIONS))
    async with running_ingest(
        scoring_url, kafka_bootstrap_servers=kafka_server.bootstrap, partitions=PARTITIONS
    ) as opened:
        yield opened


@dataclass
class Traffic:
    """Reviews that come, change and go at a platform, and some that are erased."""

    ingest: Ingest
    source: Source
    world: Any
    erase: Callable[[str], Awaitable[None]]
    doomed: int = 0
    erased: int = 0

    async def doom(self, count: int) -> None:
        """More reviews that will be erased, of which some change before."""
        for _ in range(count):
            await self.ingest.post(self.source, created(f"d-{self.doomed}", 1, subject="acme/paris", version=1))
            if self.doomed % 2:
                edited = {"id": f"d-{self.doomed}", "version": 2, "rating": 3}
                await self.ingest.post(self.source, {"type": "review.edited", "data": edited})
            self.doomed += 1

    async def erase_one(self) -> None:
        """The oldest of these is erased, and another one comes."""
        await self.erase(f"d-{self.erased}")
        self.erased += 1
        await self.doom(1)

    @asynccontextmanager
    async def flowing(self) -> AsyncIterator[None]:
        """Things happen for the length of the block, one after the other."""
        is_over = asyncio.Event()

        async def flow() -> None:
            times = 0
            while not is_over.is_set():
                await self.world.go_on(2)
                times += 1
                if times % 8 == 0:
                    await self.erase_one()
                await asyncio.sleep(TRAFFIC_PAUSE_SECONDS)

        flowing = asyncio.create_task(flow())
        try:
            yield
        finally:
            is_over.set()
            await flowing


@dataclass
class Told:
    """All that the topic tells, and what follows from it."""

    events: Mapping[int, list[Mapping[str, Any]]]

    @property
    def erased(self) -> set[str]:
        """The reviews that were erased."""
        return {
            event["data"]["review_id"]
            for told in self.events.values()
            for event in told
            if event["type"] == ERASED_TYPE
        }

    def entries(self) -> list[LedgerEntry]:
        """What a ledger of all events has."""
        found = []
        for partition, told in self.events.items():
            changes = [
                ToldChange(
                    tenant_id=event["tenant"],
                    type=event["type"],
                    partition=partition,
                    epoch=1,
                    sequence=int(event["sequence"]),
                    known_at=oracle.instant(event["time"]),
                    change=msgspec.convert(event["data"], RevisedChange),
                )
                for event in told
            ]
            found += list(entries(changes, {}))
        return found

    def ledger(self) -> list[tuple[Any, ...]]:
        """The same, in the words of the fixture `ledger`."""
        gone = self.erased
        return sorted((_in_words(each, gone) for each in self.entries()), key=repr)

    def truths(self) -> list[oracle.Truth]:
        """The reviews that stand."""
        standing: dict[str, Any] = {}
        for told in self.events.values():
            for event in told:
                standing[event["data"]["review_id"]] = event["data"]["after"]
        return [
            oracle.Truth(
                state["subject"], state["rating"], oracle.instant(state["published_at"]),
                oracle.instant(state["rated_at"]), text="", version=1,
            )
            for state in standing.values() if state is not None
        ]  # fmt: skip


def _in_words(entry: LedgerEntry, erased: set[str]) -> tuple[Any, ...]:
    told, review = entry.told, entry.review
    return (
        *(told.tenant_id, told.partition, entry.sign, UUID(told.change.review_id), told.change.revision),
        *(review.subject, UUID(review.source.id), entry.traits, review.rating, review.rated_at, entry.valid_at),
        *(told.known_at, entry.happened, entry.other_star, entry.other_traits, entry.other_subject),
        ERASED if told.change.review_id in erased else entry.topics,
    )


@dataclass
class Product:
    """Ingest and scoring on a broker, and a process that makes the ledger anew."""

    resources: Resources[ScoringSettings]
    ingest: Ingest
    traffic: Traffic
    worker: Database
    superuser: asyncpg.Connection
    api: httpx.AsyncClient
    ledger: Callable[[], Awaitable[list[tuple[Any, ...]]]]
    folder: Path
    bootstrap: str
    key_file: Path
    groups: list[ConsumerLoop[Any]]

    @property
    def trace(self) -> Path:
        """The failpoints that have fired."""
        return self.folder / "trace"

    def loops(self) -> list[Loop]:
        """All that runs beside: both relays, the groups, and what publishes."""
        ingest = self.ingest.resources
        return [
            RelayLoop("ingest", ingest.database(Role.WORKER), ingest.settings, ingest.outbox.written),
            RelayLoop("scoring", self.worker, self.resources.settings, self.resources.outbox.written),
            PublishingJob(self.resources),
            *self.groups,
        ]

    async def process(self, failpoints: str = "") -> RefillProcess:
        """Run a process until it ends, however it does; a minute goes by before."""
        await self.superuser.execute("UPDATE scoring.refills SET seen_at = seen_at - interval '61 seconds'")
        url = self.resources.settings.database_url.get_secret_value()
        address = str(self.ingest.client.base_url)
        process = RefillProcess(url, address, self.key_file, self.folder / "log", failpoints, self.trace)
        try:
            await until(lambda: process.exit_code is not None, "the process has ended")
        finally:
            process.kill()
        return process

    async def come_to_rest(self) -> None:
        """All that has happened is read, counted and told."""

        async def is_published(service: str) -> bool:
            found: bool = await self.superuser.fetchval(
                f"SELECT NOT EXISTS (SELECT FROM {service}.outbox o, {service}.relay_cursor c "
                "WHERE (o.xid, o.id) > (c.xid, c.id))"
            )
            return found

        await until(lambda: is_published("ingest"), "all of ingest's events are published")
        for group in self.groups:
            await drain(group)
        await until(lambda: self.worker.holds("SELECT NOT EXISTS (SELECT FROM marks)"), "no score is marked")
        await until(lambda: is_published("scoring"), "all scores are published")

    async def told(self) -> Told:
        """All that the topic tells."""
        return Told((await read_log(self.bootstrap, REVIEWS.name)).applied())

    async def is_right(self) -> None:
        """Ledger, sums, cells, figures of now and of the past, and what was published, by all events from scratch."""
        told = await self.told()
        assert await self.ledger() == told.ledger()
        job = ReconciliationJob(self.worker)
        while await job.sum_rounded_anew():
            pass
        outcome = await reconcile(self.worker, "default", "acme")
        assert outcome == Outcome(compared=outcome.compared)
        assert outcome.compared > 4
        named = await self.superuser.fetch("SELECT prefix, is_filled FROM scoring.celled_prefixes")
        assert {(row["prefix"], row["is_filled"]) for row in named} == {("acme", True), ("acme/berlin", True)}
        for row in named:
            outcome = await reconcile_large(self.worker, Celled("default", row["prefix"]))
            assert outcome == Outcome(compared=outcome.compared, celled=1)
            assert outcome.compared > 30
        await self._scores_are_right(told)
        await self._past_is_right(told.entries())
        await self._topic_is_right()

    async def _scores_are_right(self, told: Told) -> None:
        items = (await self.api.get("/v1/scores")).json()["items"]
        assert {item["subject"] for item in items} == set(SUBJECTS)
        for item in items:
            wanted = oracle.expected(told.truths(), item["subject"], oracle.instant(item["at"]))
            figures = (await self.api.get(f"/v1/score-figures/{item['subject']}")).json()
            assert (item["count"], item["distribution"]) == (wanted["count"], wanted["distribution"])
            assert item["score"] == (None if wanted["score"] is None else pytest.approx(wanted["score"], rel=1e-9))
            assert figures["distribution"] == wanted["distribution"]

    async def _past_is_right(self, found: list[LedgerEntry]) -> None:
        """Scores at random instants, of what was known at others."""
        chance = random.Random(len(found))
        first = min(each.told.known_at for each in found)
        for _ in range(12):
            subject = chance.choice(SUBJECTS)
            known_at = first + (datetime.now(UTC) - first) * chance.random()
            at = known_at - timedelta(days=chance.choice([0, 1, 300]))
            counted = [
                each
                for each in found
                if each.valid_at <= at
                and each.told.known_at <= known_at
                and f"{each.review.subject}/".startswith(f"{subject}/")
            ]
            params = {"at": at.isoformat(), "known_at": known_at.isoformat()}
            answer = (await self.api.get(f"/v1/scores/{subject}", params=params)).json()
            if not counted:
                continue  # the answer is that there is no such subject, or that there are no reviews
            weights = [
                each.sign * 0.5 ** ((at - each.review.rated_at) / timedelta(microseconds=oracle.HALF_LIFE_US))
                for each in counted
            ]
            total = sum(weight * each.review.rating for weight, each in zip(weights, counted, strict=True))
            prior = oracle.PRIOR_WEIGHT * oracle.PRIOR_VALUE
            assert answer["count"] == sum(each.sign for each in counted)
            if answer["count"]:
                assert answer["score"] == pytest.approx(
                    (prior + total) / (oracle.PRIOR_WEIGHT + sum(weights)), rel=1e-9
                )

    async def published(self) -> list[Mapping[str, Any]]:
        """All that was told of scores."""
        return [event for told in (await read_log(self.bootstrap, SCORES.name)).applied().values() for event in told]

    async def _topic_is_right(self) -> None:
        """What is told of a subject is in order, and the last of it is what the API says."""
        newest: dict[str, Mapping[str, Any]] = {}
        for event in await self.published():
            before = newest.get(event["subject"])
            assert before is None or event["data"]["number"] > before["number"]
            newest[event["subject"]] = event["data"]
        for item in (await self.api.get("/v1/scores")).json()["items"]:
            told = newest[item["subject"]]["profiles"]["trust"]
            assert (told["count"], told["distribution"]) == (item["count"], item["distribution"])


@pytest.fixture
async def product(
    ingest: Ingest, source: Source, resources: Resources[ScoringSettings], worker: Database,
    superuser: asyncpg.Connection, client_of: Any, ledger: Any, world_of: Any, erase: Any, tmp_path: Path,
    kafka_server: Any,
) -> Product:  # fmt: skip
    """All of it, at rest."""
    key_file = tmp_path / "keys.txt"
    key_file.write_text(await ingest.key("default", "reviews:read"))
    groups = [
        ConsumerLoop(each, worker, resources.outbox.append, resources.settings) for each in (LIVE, HISTORY, ANSWERS)
    ]
    traffic = Traffic(ingest, source, world_of(source, 11), erase)
    return Product(
        resources, ingest, traffic, worker, superuser, await client_of(), ledger, tmp_path, kafka_server.bootstrap,
        key_file, groups,
    )  # fmt: skip


async def damage(product: Product) -> None:
    """The ledger loses entries, and others are wrong; of what will be erased nothing else knows."""
    found = await product.ingest.rows("SELECT id FROM ingest.reviews WHERE external_id LIKE 'd-%'")
    listed = ", ".join(f"'{row['id']}'" for row in found)
    await product.superuser.execute(DAMAGE.format(others=f"review_id NOT IN ({listed})"))


async def make_cells(product: Product) -> None:
    """Two subjects are as if they were large."""
    await product.superuser.execute(
        "INSERT INTO scoring.celled_prefixes (tenant_id, prefix) VALUES ('default', 'acme'), ('default', 'acme/berlin')"
    )
    job = CellsJob(product.worker)
    while await job.has_work():
        await job.turn()


async def test_it_is_killed_at_each_step_under_traffic_and_all_is_as_the_events_tell_from_scratch(
    product: Product,
) -> None:
    traffic = product.traffic
    await traffic.world.go_on(90)
    await traffic.doom(6)
    await traffic.erase_one()
    async with running(*product.loops()):
        await product.come_to_rest()
        await make_cells(product)
        await damage(product)

        async with traffic.flowing():
            for point, hit in WHERE_IT_DIES:
                process = await product.process(f"{point}=kill@{hit}")
                assert process.exit_code == 128 + SIGKILL, (point, process.log.read_text())
        fired = [line.split()[0] for line in product.trace.read_text().splitlines()]
        assert fired == [point for point, _ in WHERE_IT_DIES]
        await product.come_to_rest()
        await product.is_right()

        async with traffic.flowing():
            process = await product.process()
        assert process.exit_code == 0, process.log.read_text()
        await product.come_to_rest()
        await product.is_right()


async def test_nothing_is_told_of_what_has_not_changed_and_once_of_what_has(product: Product) -> None:
    await product.traffic.world.go_on(40)
    await product.traffic.doom(2)
    await product.traffic.erase_one()
    async with running(*product.loops()):
        await product.come_to_rest()
        await make_cells(product)
        before = await product.published()

        assert (await product.process()).exit_code == 0
        await product.come_to_rest()
        assert await product.published() == before

        await product.superuser.execute(
            "UPDATE scoring.sums SET n5 = n5 + 1 "
            "WHERE id = (SELECT min(id) FROM scoring.sums WHERE prefix = 'acme/paris')"
        )
        assert (await product.process()).exit_code == 0
        await product.come_to_rest()
        told = await product.published()
        assert [each for each in told if each not in before] == [
            each for each in told if each["subject"] == "acme/paris"
        ][-1:]
        await product.is_right()
