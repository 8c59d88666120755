"""A repair is killed at each of its steps, while reviews come and both groups read a real broker.

What is kept afterwards is held against what both groups keep that read all of the topic from the first record.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from signal import SIGKILL
from typing import Any

import asyncpg
import pytest

from plaudit.common.contracts import REVIEWS
from plaudit.common.contracts.topics import TOPICS
from plaudit.common.db import Database, Role
from plaudit.common.kafka.consumer import ConsumerLoop
from plaudit.common.outbox.relay import RelayLoop
from plaudit.common.process import Resources
from plaudit.scoring.answers.consumer import ANSWERS
from plaudit.scoring.insight.consumer import INSIGHT
from plaudit.scoring.settings import ScoringSettings
from plaudit_testing.draining import drain
from plaudit_testing.refill_process import RefillProcess
from plaudit_testing.refilled import World
from plaudit_testing.repaired import TABLES, Held, held
from plaudit_testing.running_ingest import Ingest, Source, running_ingest
from plaudit_testing.runtime import read_log, running, until

pytestmark = [pytest.mark.postgres, pytest.mark.kafka, pytest.mark.e2e]

PARTITIONS = 2
WHERE_IT_DIES = (
    ("repair_note_before_commit", 1),
    ("repair_note_before_commit", 3),
    ("repair_page_before_commit", 1),
    ("repair_page_before_commit", 4),
    ("repair_clear_before_commit", 2),
    ("repair_before_end", 1),
)
UNKNOWN = """
INSERT INTO scoring.answer_reviews SELECT tenant_id, gen_random_uuid(), life FROM scoring.answer_reviews LIMIT 5
"""
TRAFFIC_PAUSE_SECONDS = 0.05


@pytest.fixture
def more_settings(kafka_server: Any) -> dict[str, Any]:
    return {"kafka_bootstrap_servers": kafka_server.bootstrap, "partitions": PARTITIONS}


@pytest.fixture
async def ingest(scoring_url: str, kafka_server: Any, kafka_topics: Any) -> AsyncIterator[Ingest]:
    """Ingest's API, at an address, and its topic."""
    written = [topic.name for topic in TOPICS.values() if topic.writer == "ingest"]
    await kafka_topics.recreate(dict.fromkeys(written, PARTITIONS))
    async with running_ingest(
        scoring_url, kafka_bootstrap_servers=kafka_server.bootstrap, partitions=PARTITIONS
    ) as opened:
        yield opened


@dataclass
class Product:
    """Ingest and both groups on a broker, and a process that repairs."""

    resources: Resources[ScoringSettings]
    ingest: Ingest
    world: World
    worker: Database
    superuser: asyncpg.Connection
    folder: Path
    bootstrap: str
    key_file: Path

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[list[ConsumerLoop[Any]]]:
        """Both groups read for the length of the block, and ingest publishes."""
        groups = [
            ConsumerLoop(each, self.worker, self.resources.outbox.append, self.resources.settings)
            for each in (INSIGHT, ANSWERS)
        ]
        async with running(self.relay(), *groups):
            yield groups

    def relay(self) -> RelayLoop:
        """What publishes ingest's events."""
        ingest = self.ingest.resources
        return RelayLoop("ingest", ingest.database(Role.WORKER), ingest.settings, ingest.outbox.written)

    async def miss(self, times: int) -> None:
        """Things happen whose records both groups never see: they go on behind them, as the runbook says."""
        await self.world.go_on(times)
        async with running(self.relay()):
            await self.published()
        for partition, told in (await read_log(self.bootstrap, REVIEWS.name)).applied().items():
            await self.superuser.execute(
                "UPDATE scoring.positions SET next_offset = $3, epoch = 0, sequence = 0 "
                "WHERE topic = $1 AND partition = $2",
                *(REVIEWS.name, partition, len(told)),
            )

    async def published(self) -> None:
        """Whatever ingest has told is on the topic."""

        async def is_published() -> bool:
            found: bool = await self.superuser.fetchval(
                "SELECT NOT EXISTS (SELECT FROM ingest.outbox o, ingest.relay_cursor c "
                "WHERE (o.xid, o.id) > (c.xid, c.id))"
            )
            return found

        await until(is_published, "all of ingest's events are published")

    async def come_to_rest(self, groups: list[ConsumerLoop[Any]]) -> None:
        """All that has happened is kept."""
        await self.published()
        for group in groups:
            await drain(group)

    @asynccontextmanager
    async def flowing(self) -> AsyncIterator[None]:
        """Things happen for the length of the block, one after the other."""
        is_over = asyncio.Event()

        async def flow() -> None:
            while not is_over.is_set():
                await self.world.go_on(2)
                await asyncio.sleep(TRAFFIC_PAUSE_SECONDS)

        flowing = asyncio.create_task(flow())
        try:
            yield
        finally:
            is_over.set()
            await flowing

    async def process(self, failpoints: str = "") -> RefillProcess:
        """Run a process until it ends, however it does; a minute goes by before."""
        await self.superuser.execute("UPDATE scoring.repairs SET seen_at = seen_at - interval '61 seconds'")
        process = RefillProcess(
            self.resources.settings.database_url.get_secret_value(), str(self.ingest.client.base_url), self.key_file,
            self.folder / "log", failpoints, self.folder / "trace", "repair",
        )  # fmt: skip
        try:
            await until(lambda: process.exit_code is not None, "the process has ended")
        finally:
            process.kill()
        return process

    async def from_scratch(self) -> Held:
        """What both groups keep that have read all of the topic."""
        await self.superuser.execute(f"TRUNCATE {', '.join(f'scoring.{table}' for table in TABLES)}")
        await self.superuser.execute(
            "UPDATE scoring.positions SET next_offset = 0, epoch = 0, sequence = 0 WHERE topic = $1", REVIEWS.name
        )
        async with self.reading() as groups:
            await self.come_to_rest(groups)
        return await held(self.superuser)


@pytest.fixture
async def product(
    ingest: Ingest, source: Source, resources: Resources[ScoringSettings], worker: Database,
    superuser: asyncpg.Connection, world_of: Callable[[Source, int], World], tmp_path: Path, kafka_server: Any,
) -> Product:  # fmt: skip
    """All of it, at rest."""
    key_file = tmp_path / "keys.txt"
    key_file.write_text(await ingest.key("default", "reviews:read"))
    world = world_of(source, 13)
    return Product(resources, ingest, world, worker, superuser, tmp_path, kafka_server.bootstrap, key_file)


async def test_it_is_killed_at_each_step_under_traffic_and_all_is_kept_as_by_groups_that_missed_nothing(
    product: Product,
) -> None:
    await product.world.go_on(60)
    async with product.reading() as groups:
        await product.come_to_rest(groups)
    await product.miss(40)
    gapped = await held(product.superuser)
    await product.superuser.execute(UNKNOWN)

    async with product.reading() as groups:
        async with product.flowing():
            for point, hit in WHERE_IT_DIES:
                process = await product.process(f"{point}=kill@{hit}")
                assert process.exit_code == 128 + SIGKILL, (point, process.log.read_text())
            process = await product.process()
        assert process.exit_code == 0, process.log.read_text()
        await product.come_to_rest(groups)

    fired = [line.split()[0] for line in (product.folder / "trace").read_text().splitlines()]
    assert fired == [point for point, _ in WHERE_IT_DIES]
    repaired = await held(product.superuser)
    assert "5 reviews that ingest does not know were taken away" in process.log.read_text()
    assert repaired == await product.from_scratch()
    # These reviews have no words, so that none has a place in insight.
    assert {table for table in TABLES if gapped[table] != repaired[table]} == {*TABLES} - {"insight_places"}
