"""Ingest, and the groups of insight and answers on one database, of which what they keep is repaired."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg

from plaudit.common.contracts import REVIEWS
from plaudit.common.db import Database
from plaudit.common.ids import uuid7
from plaudit.scoring.answers.consumer import ANSWERS
from plaudit.scoring.insight.consumer import INSIGHT
from plaudit.scoring.insight.domain.days import COUNTS, TOPIC_NUMBERS
from plaudit.scoring.insight.tables import insight_reviews
from plaudit.scoring.repairs.domain import RepairProgress
from plaudit.scoring.repairs.jobs import Pages, repair
from plaudit_testing.refilled import Bus, World
from plaudit_testing.running_ingest import Ingest, Source, created

_COUNTED = ", ".join(f"coalesce({name}, 0) AS {name}" for name in (*COUNTS, *TOPIC_NUMBERS))
_KEPT = ", ".join(column.name for column in insight_reviews.columns if column.name != "revision")
HELD = {
    # A review that nobody sees need not be there. The feed has revisions of which no event tells, where a platform's
    # version was noted and nothing else.
    "insight_reviews": f"SELECT {_KEPT} FROM scoring.insight_reviews WHERE subject IS NOT NULL",
    "insight_places": "SELECT * FROM scoring.insight_places",
    # A day that has lost its reviews stays, with noughts.
    "insight_days": f"""
        SELECT tenant_id, prefix, persona, day, source_id, {_COUNTED} FROM scoring.insight_days
        WHERE {" + ".join(f"abs({name})" for name in COUNTS)} > 0
    """,
    "answer_reviews": "SELECT * FROM scoring.answer_reviews",
    "answer_places": "SELECT * FROM scoring.answer_places",
}
TABLES = ("insight_reviews", "insight_places", "insight_days", "answer_reviews", "answer_places")
REPAIR_TABLES = ("repairs", "repair_tenants", "repair_reviews")
WORDS = ("The delivery was late again and nobody answered.", "Friendly staff, and the price is fair.", "Broken screen.")
Held = dict[str, list[tuple[Any, ...]]]


async def held(superuser: asyncpg.Connection, tenant: str = "default") -> Held:
    """All that is kept of a tenant's reviews."""
    return {
        table: sorted((tuple(row) for row in await superuser.fetch(sql) if row["tenant_id"] == tenant), key=repr)
        for table, sql in HELD.items()
    }


def nothing(_progress: RepairProgress) -> None:
    pass


@dataclass
class Product:
    """Ingest, both groups, and a process that repairs."""

    ingest: Ingest
    source: Source
    told: Bus
    world: World
    feed: Pages
    worker: Database
    owner: Database
    superuser: asyncpg.Connection
    chance: random.Random
    _count: int = 0

    async def happens(self, times: int) -> None:
        """Reviews come, change and go, and some are answered."""
        await self.world.go_on(times)
        for _ in range(times // 2):
            self._count += 1
            said = created(
                f"w-{self._count}",
                self.chance.choice([1, 2, 5]),
                subject=self.chance.choice(["acme", "acme/berlin"]),
                text=self.chance.choice(WORDS),
                version=1,
            )
            await self._post(said)
            answered = self.chance.randint(1, self._count)
            at = datetime(2026, 3, 1, tzinfo=UTC) + timedelta(hours=self._count)
            answer = {"text": "We are sorry.", "published_at": at.isoformat()}
            await self._post({"type": "review.answered", "data": {"id": f"w-{answered}", "answer": answer}})

    async def go_on(self, times: int) -> None:
        """Things happen, and come to both groups."""
        await self.happens(times)
        await self.carry()

    async def carry(self) -> None:
        """Everything comes to both groups."""
        await self.told.publish()
        for group in (INSIGHT, ANSWERS):
            await self.told.take(group)

    async def miss(self) -> None:
        """What is published goes past both groups, as if the log had lost it."""
        await self.told.publish()
        for partition, told in self.told.told.items():
            await self.superuser.execute(
                "UPDATE scoring.positions SET next_offset = $3, epoch = 1, sequence = $3 "
                "WHERE topic = $1 AND partition = $2",
                *(REVIEWS.name, partition, len(told)),
            )

    async def repair(self, tell: Callable[[RepairProgress], None] = nothing) -> RepairProgress:
        """A process repairs."""
        return await repair(self.worker, self.feed, uuid7(), tell)

    async def expire(self) -> None:
        """A minute goes by since the last step."""
        await self.superuser.execute("UPDATE scoring.repairs SET seen_at = seen_at - interval '61 seconds'")

    async def held(self, tenant: str = "default") -> Held:
        """All that is kept of a tenant's reviews."""
        return await held(self.superuser, tenant)

    async def from_scratch(self, tenant: str = "default") -> Held:
        """What both groups keep that have missed nothing."""
        await self.superuser.execute(f"TRUNCATE {', '.join(f'scoring.{table}' for table in TABLES)}")
        await self.superuser.execute(
            "UPDATE scoring.positions SET next_offset = 0, epoch = 0, sequence = 0 WHERE topic = $1", REVIEWS.name
        )
        await self.carry()
        return await self.held(tenant)

    async def is_over(self) -> None:
        """Nothing is left of a repair."""
        for table in REPAIR_TABLES:
            assert await self.superuser.fetchval(f"SELECT count(*) FROM scoring.{table}") == 0, table

    async def _post(self, event: Any) -> None:
        answer = await self.ingest.post(self.source, event)
        assert answer.status_code == 202, answer.text
