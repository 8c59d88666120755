"""Ingest and scoring on one database: what ingest writes comes to both groups when a test says so."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import asyncpg
import pytest

from plaudit.common.db import Database, Role
from plaudit.scoring.profiles.domain import DAY_US
from plaudit.scoring.refills.domain import Page
from plaudit.scoring.refills.jobs.feed import Pages
from plaudit_testing.fed import armed, erase, feed_at, feed_of, ingest, more_settings, scoring_url, source, world_of
from plaudit_testing.refilled import ENTRY, TOPICS, Bus, Large, Product
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
OWN_US = 3 * DAY_US


@pytest.fixture
def move_clock(superuser: asyncpg.Connection) -> Callable[[timedelta], Awaitable[None]]:
    """Lets time have moved by so much altogether."""

    async def move(by: timedelta) -> None:
        await superuser.execute(
            "INSERT INTO common.clock_offset (moved_by) VALUES ($1) ON CONFLICT (one) DO UPDATE SET moved_by = $1", by
        )

    return move


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


@pytest.fixture
async def told(superuser: asyncpg.Connection, worker: Database, resources: Any) -> Bus:
    """Carries events to both groups, which have begun to read."""
    bus = Bus(superuser, worker, resources.settings.partitions)
    await bus.begin()
    return bus


@pytest.fixture
def ledger(superuser: asyncpg.Connection) -> Callable[[], Awaitable[list[tuple[Any, ...]]]]:
    """Says what the ledger says, in an order that does not depend on numbers."""

    async def read() -> list[tuple[Any, ...]]:
        found = await superuser.fetch(f"SELECT {', '.join(ENTRY)}, {TOPICS} FROM scoring.ledger")
        return sorted((tuple(row) for row in found), key=repr)

    return read


@pytest.fixture
async def product(
    ingest: Ingest, source: Source, told: Bus, worker: Database, owner: Database, superuser: asyncpg.Connection,
    client_of: Any, feed_of: Any, ledger: Any, keep_half_lives: Any, resources: Any, world_of: Any,
    request: pytest.FixtureRequest,
) -> Product:  # fmt: skip
    """All of it, with some history and a half-life of the tenant's own."""
    await keep_half_lives(OWN_US, partitions=resources.settings.partitions)
    world = world_of(source, getattr(request, "param", 1))
    made = Product(ingest, told, world, await feed_of(), worker, owner, superuser, await client_of(), ledger)
    await made.go_on(50)
    return made


@pytest.fixture
async def large(product: Product, move_clock: Callable[[timedelta], Awaitable[None]]) -> Large:
    """Some days of history, of which two subjects have cells and sums of changes."""
    for days in (3, 6, 70):
        await move_clock(timedelta(days=days))
        await product.go_on(25)
    await product.superuser.execute(
        "INSERT INTO scoring.celled_prefixes (tenant_id, prefix) VALUES ('default', 'acme'), ('default', 'acme/berlin')"
    )
    await move_clock(timedelta(days=72))
    made = Large(product)
    await made.carry_on()
    await made.are_right()
    return made


Comes = Callable[[str | None], Awaitable[None]]
"""What happens beside a page, given the place that the page lies behind; None of the first one."""


async def _nothing_comes(_after: str | None) -> None:
    pass


class Beside:
    """Pages before and after each of which something happens, one at a time."""

    def __init__(self, pages: Pages, before: Comes, after: Comes) -> None:
        self._pages, self._before, self._after = pages, before, after
        self._turn = asyncio.Lock()
        self.tenants = pages.tenants

    async def page(self, tenant_id: str, after: str | None) -> Page:
        async with self._turn:
            await self._before(after)
            found = await self._pages.page(tenant_id, after)
            await self._after(after)
        return found


@pytest.fixture
def beside_pages(product: Product) -> Callable[..., None]:
    """Lets things happen before and after pages of the feed are read, of one page at a time."""

    def let(*, before: Comes = _nothing_comes, after: Comes = _nothing_comes) -> None:
        product.feed = Beside(product.feed, before, after)

    return let
