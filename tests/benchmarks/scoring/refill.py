"""The ledger made anew from ingest's feed: what reading it costs, what appending, indexes, sums and cells cost.

Reviews are seeded into ingest's tables, and both groups stand where its feed ends; the ledger is empty. The feed is
read first by itself, all of it; then a rebuild gets the same pages from memory, so that nothing waits for the feed;
then one reads them over HTTP. Nothing is pinned.
"""

import asyncio
import time
from dataclasses import dataclass, field
from typing import Final

import asyncpg

from benchmarks import servers
from benchmarks.cpu import family_seconds
from benchmarks.hooks import make_key
from benchmarks.machine import describe
from benchmarks.options import Options
from benchmarks.report import Report
from benchmarks.reviews import TENANT
from benchmarks.seeding import seed
from benchmarks.servers import PARTITIONS, Product, Servers
from plaudit.common.db import Database, Role
from plaudit.common.ids import uuid7
from plaudit.common.memory import tune_memory
from plaudit.scoring.refills.domain import FEW_RECORDS, FedPage, Page, Reading, RefillProgress
from plaudit.scoring.refills.jobs.feed import Feed
from plaudit.scoring.refills.jobs.reading import read_all
from plaudit.scoring.refills.jobs.steps import refill

REVIEWS: Final = 1_000_000
PARTS: Final = ("reading and appending", "indexes and sums", "cells, changes of large subjects", "the switch")
# All that is stored is published, and both groups have applied it.
_PLACES: Final = f"""
UPDATE ingest.relay_cursor SET xid = pg_current_xact_id(), id = 0, epoch = 1, numbers = (
    SELECT jsonb_object_agg('reviews.v1/' || n, 1) FROM generate_series(0, {PARTITIONS - 1}) AS n
);
INSERT INTO scoring.positions (consumer_group, topic, partition, topic_id, next_offset, epoch, sequence)
SELECT name, 'reviews.v1', partition, gen_random_uuid(), 1, 1, 1
FROM generate_series(0, {PARTITIONS - 1}) AS partition,
    (VALUES ('scoring-live'), ('scoring-history')) AS groups (name)
"""
_FOUND: Final = """
SELECT (SELECT count(*) FROM scoring.ledger) AS entries,
    (SELECT count(*) FROM ingest.reviews WHERE NOT removed) AS wanted,
    (SELECT sum(n1 + n2 + n3 + n4 + n5)::bigint FROM scoring.sums WHERE position('/' IN prefix) = 0) AS counted,
    (SELECT count(*) FROM scoring.celled_prefixes) AS large,
    (SELECT count(*) FROM scoring.celled_prefixes WHERE NOT is_filled) AS unfilled,
    (SELECT count(*) FROM scoring.cells) AS cells
"""


class Remembering(Feed):
    """A feed that remembers its pages, each by the place that it lies behind."""

    def __init__(self, address: str, key: str) -> None:
        """Remember nothing yet."""
        super().__init__(address, {TENANT: key})
        self.pages: dict[str | None, Page] = {}

    async def page(self, tenant_id: str, after: str | None) -> Page:
        """Ask for one of them."""
        self.pages[after] = page = await super().page(tenant_id, after)
        return page


class Remembered(Feed):
    """A feed whose pages are in memory."""

    def __init__(self, pages: dict[str | None, Page]) -> None:
        """Have these pages, each by the place that it lies behind."""
        super().__init__("http://nowhere.invalid", {TENANT: ""})
        self._pages = pages

    async def page(self, tenant_id: str, after: str | None) -> Page:
        """Return one of them."""
        return self._pages[after]


@dataclass(frozen=True)
class Sample:
    """Clock and processor times."""

    at: float
    scoring: float
    postgres: float
    ingest: float


@dataclass
class Meter:
    """Takes samples, and remembers the last one of each part of a rebuild."""

    backing: Servers
    ingest: Product
    ends: list[Sample] = field(default_factory=list)

    def sample(self) -> Sample:
        """Read all now."""
        postgres = family_seconds(self.backing.postgres.process.pid)
        return Sample(time.monotonic(), time.process_time(), postgres, self.ingest.cpu_seconds())

    def note(self, progress: RefillProgress) -> None:
        """Note how far a rebuild has come: the step that ends a part is the last one of it."""
        is_read = progress.tenants_read == progress.tenants
        part = sum((is_read, is_read and progress.sums_left <= FEW_RECORDS))
        while len(self.ends) < part:
            self.ends.append(self.sample())
        if part == len(PARTS) - 2:
            self.ends[part:] = [self.sample()]


def run(report: Report, options: Options) -> None:
    """Seed, and make the ledger anew twice."""
    count = options.scaled(REVIEWS)
    with servers.running(with_kafka=False, pinned=False) as backing:
        asyncio.run(backing.prepare("ingest", "scoring"))
        describe(report, backing, pinned=False)
        report.heading(f"the ledger made anew from {count:,} revisions of ingest's feed")
        began_at = time.monotonic()
        asyncio.run(seed(backing.database_url, count))
        report.line("seeded in", f"{time.monotonic() - began_at:.0f} s")
        asyncio.run(_execute(backing, _PLACES))
        with servers.product(backing, "plaudit.ingest.main", "api", profile=options.profile, pinned=False) as ingest:
            ingest.wait_ready()
            key = asyncio.run(make_key(backing))
            asyncio.run(_measure(report, backing, ingest, key, count))
        report.profile(ingest.profile)


async def _measure(report: Report, backing: Servers, ingest: Product, key: str, count: int) -> None:
    tune_memory()  # as the command does
    feed = Remembering(ingest.base, key)
    meter = Meter(backing, ingest)
    began = meter.sample()
    await read_all(feed, [Reading(tenant_id=TENANT, after=None, is_read=False)], _take)
    _tell(report, "the feed alone", count, began, meter.sample())
    over_http = Feed(ingest.base, {TENANT: key})
    for name, source in (("from memory", Remembered(feed.pages)), ("over HTTP", over_http)):
        report.heading(f"a rebuild {name}")
        await _execute(backing, "TRUNCATE scoring.ledger, scoring.sums, scoring.celled_prefixes")
        await _refill(report, Meter(backing, ingest), source, count)
    await feed.close()
    await over_http.close()


async def _refill(report: Report, meter: Meter, feed: Feed, count: int) -> None:
    settings = meter.backing.settings
    worker, owner = (Database(settings, "scoring", role, pool_size=1) for role in (Role.WORKER, Role.OWNER))
    began = meter.sample()
    await refill(worker, owner, feed, uuid7(), meter.note)
    ended = meter.sample()
    before = began
    for part, after in zip(PARTS, (*meter.ends, ended), strict=True):
        _tell(report, part, count, before, after)
        before = after
    _tell(report, "all of it", count, began, ended)
    found = await servers.fetch(meter.backing.database_url, _FOUND)
    report.check("entries of the ledger", found["entries"], found["wanted"])
    report.check("reviews in the sums", found["counted"], found["wanted"])
    report.check("large subjects whose cells are not filled", found["unfilled"], 0)
    report.line("large subjects", f"{found['large']:,}, with {found['cells']:,} cells")
    await worker.close()
    await owner.close()


async def _take(_tenant_id: str, _pages: list[FedPage]) -> None:
    pass


def _tell(report: Report, name: str, count: int, began: Sample, ended: Sample) -> None:
    took = ended.at - began.at
    each = {
        "ingest": ended.ingest - began.ingest,
        "scoring": ended.scoring - began.scoring,
        "PostgreSQL": ended.postgres - began.postgres,
    }
    spent = ", ".join(f"{of} {1e6 * seconds / count:.1f}" for of, seconds in each.items())
    report.line(name, f"{took:.1f} s, {count / took:,.0f}/s; processor time each: {spent} µs")


async def _execute(backing: Servers, statements: str) -> None:
    connection = await asyncpg.connect(backing.database_url)
    await connection.execute(statements)
    await connection.close()
