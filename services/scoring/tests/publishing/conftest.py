"""Publishing on a database: what the outbox holds, and a clock that tests move."""

import json
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest

from plaudit.common.db import Database
from plaudit.common.outbox import UnitOfWork
from plaudit.common.process import Resources
from plaudit.scoring.publishing import commands
from plaudit.scoring.settings import ScoringSettings


class Publisher:
    """What a publishing process does, step by step."""

    def __init__(self, resources: Resources[ScoringSettings], worker: Database, superuser: Any) -> None:
        self._resources = resources
        self._worker = worker
        self._superuser = superuser

    async def run(self, command: Callable[..., Awaitable[commands.Done]], *arguments: Any) -> set[str]:
        """One transaction; return the subjects that were published."""
        async with self._worker.transaction() as tx:
            done = await command(self.work(tx), *arguments)
        return {key.prefix for key in done.published}

    async def marked(self) -> set[str]:
        """Publish what is marked, whenever it was published last."""
        await self.wait_out()
        return await self.run(commands.publish_marked)

    async def wait_out(self) -> None:
        """Let the time pass in which nothing is published again."""
        await self._superuser.execute("UPDATE scoring.published_scores SET published_at = published_at - interval '1h'")

    def work(self, tx: Any) -> UnitOfWork:
        """The open transaction as a unit of work."""
        return UnitOfWork(tx, self._resources.outbox, self._resources.ids)

    async def events(self) -> list[dict[str, Any]]:
        """All events in the order in which the relay publishes them."""
        rows = await self._superuser.fetch("SELECT partition, key, envelope FROM scoring.outbox ORDER BY xid, id")
        return [json.loads(row["envelope"]) for row in rows]

    async def marks(self) -> list[list[int]]:
        """The rows of each mark."""
        return [row["row_ids"] for row in await self._superuser.fetch("SELECT row_ids FROM scoring.marks ORDER BY id")]

    async def move_clock(self, by: timedelta) -> None:
        """Let time have moved by so much altogether."""
        await self._superuser.execute(
            "INSERT INTO common.clock_offset (moved_by) VALUES ($1) ON CONFLICT (one) DO UPDATE SET moved_by = $1", by
        )


@pytest.fixture
def more_settings(more_settings: dict[str, Any]) -> dict[str, Any]:
    return {**more_settings, "test_clock": True}


@pytest.fixture
def publisher(resources: Resources[ScoringSettings], worker: Database, superuser) -> Publisher:
    """Publishes, and tells what was published."""
    return Publisher(resources, worker, superuser)
