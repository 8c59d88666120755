"""Ingest and scoring on one database: what ingest writes comes to insight and answers when a test says so."""

import random
from collections.abc import Awaitable, Callable
from typing import Any

import asyncpg
import pytest

from plaudit.common.db import Database, Role
from plaudit.scoring.answers.consumer import ANSWERS
from plaudit.scoring.insight.consumer import INSIGHT
from plaudit.scoring.repairs.jobs import PagesOfFeed
from plaudit_testing.fed import armed, erase, feed_at, feed_of, ingest, more_settings, scoring_url, source, world_of
from plaudit_testing.refilled import Bus, World
from plaudit_testing.repaired import Product
from plaudit_testing.running_ingest import Ingest, Source

__all__ = [
    "armed",
    "erase",
    "feed_at",
    "feed_of",
    "ingest",
    "more_settings",
    "scoring_url",
    "source",
    "world_of",
]


@pytest.fixture
def owner(resources: Any) -> Database:
    """Connections of the owner of the tables."""
    return resources.database(Role.OWNER)


@pytest.fixture(autouse=True)
def small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages and steps so small that a short history takes many, and no long waiting."""
    for name, value in {
        "refills.jobs.feed.RETRY_SECONDS": 0.0,
        "repairs.jobs.PAGE_ITEMS": 7,
        "repairs.jobs.MAX_WAIT_SECONDS": 0.3,
        "repairs.jobs.POLL_SECONDS": 0.05,
        "repairs.jobs.RETRY_SECONDS": 0.0,
        "repairs.commands.STEP_REVIEWS": 5,
        "repairs.commands.GONE_OF_A_STEP": 3,
    }.items():
        monkeypatch.setattr(f"plaudit.scoring.{name}", value)


@pytest.fixture
async def product(
    ingest: Ingest, source: Source, worker: Database, owner: Database, superuser: asyncpg.Connection, resources: Any,
    feed_of: Callable[..., Awaitable[Any]], world_of: Callable[[Source, int], World],
) -> Product:  # fmt: skip
    """All of it, with some history, that both groups have taken."""
    bus = Bus(superuser, worker, resources.settings.partitions, (INSIGHT, ANSWERS))
    await bus.begin()
    made = Product(
        ingest,
        source,
        bus,
        world_of(source, 5),
        PagesOfFeed(await feed_of()),
        worker,
        owner,
        superuser,
        random.Random(5),
    )
    await made.go_on(40)
    return made
