"""Scoring's answers: what keeping them costs, and what it takes to read those of a subject of a million reviews."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import asyncpg

from benchmarks import servers
from benchmarks.cpu import family_seconds
from benchmarks.machine import describe
from benchmarks.options import Options
from benchmarks.progress import tell
from benchmarks.report import Report, latencies
from benchmarks.reviews import SEED, TENANT
from benchmarks.scoring import group
from benchmarks.servers import Servers
from plaudit.common.db import Database, Role, SqlTx
from plaudit.scoring.answers.domain.figures import DAYS
from plaudit.scoring.figures import store as figures
from plaudit.scoring.figures.domain.catalogue import Figure
from plaudit.scoring.figures.domain.over_time import points
from plaudit.scoring.series.domain import Step, spans
from plaudit.scoring.sums.domain.decay import unix_us

EVENTS: Final = 200_000
REVIEWS: Final = 1_000_000
YEARS: Final = 3
ASKED: Final = 100
ASKED_OF_MANY: Final = 20
"""Of series."""
A_YEAR: Final = timedelta(days=365)
SUBJECT: Final = "solo"
# Three of four are answered, after three days in the mean; one in five was negative then, one in four of them raised.
_SEED: Final = """
INSERT INTO scoring.answer_places (tenant_id, prefix, published_us, review_id, from_us, until_us, source_id,
    answered_us, is_raised)
SELECT $1, $2, published, md5('review' || n)::uuid, published, 4611686018427387904,
    ('01956d00-0000-7000-8000-00000000000' || n * 7 % 4)::uuid,
    CASE WHEN n % 4 > 0 THEN published + (-ln((n * 31 % 9973 + 1) / 9974.0) * 3 * 86400000000)::bigint END,
    CASE WHEN n % 4 > 0 AND n % 5 = 0 THEN n % 20 = 5 END
FROM (
    SELECT n, $4::bigint - ($5::bigint * 365 * 86400000000 * ((n::bigint * 7919 % $3::int) / $3::float8))::bigint
        AS published
    FROM generate_series(1, $3::int) AS n
) AS reviews
"""
_SOURCES: Final = """
INSERT INTO scoring.answer_sources (tenant_id, source_id, told_us)
SELECT $1, ('01956d00-0000-7000-8000-00000000000' || n)::uuid, $2::bigint FROM generate_series(0, 3) AS n
ON CONFLICT (tenant_id, source_id) DO UPDATE SET told_us = excluded.told_us
"""


def run(report: Report, options: Options) -> None:
    """Measure the group alone; then seed, and read."""
    events, count = options.scaled(EVENTS), options.scaled(REVIEWS)
    with servers.running() as backing:
        asyncio.run(backing.prepare("scoring"))
        describe(report, backing)
        report.heading("scoring, answers: new reviews")
        group.fill(report, backing, group.REAL, events)
        with group.worker(backing, "answers", profile=options.profile) as worker:
            tell(report, group.drain(backing, "answers", events, {"worker": worker}))
            group.tell_batches(report, worker)
        found = asyncio.run(servers.fetch(backing.database_url, "SELECT count(*) AS kept FROM scoring.answer_reviews"))
        report.check("reviews kept", found["kept"], events)
        report.profile(worker.profile)
        report.heading(f"answers of {count:,} reviews over {YEARS} years")
        asyncio.run(_read(report, backing, count))


async def _read(report: Report, backing: Servers, count: int) -> None:
    now, draw = datetime.now(UTC), random.Random(SEED)
    connection = await asyncpg.connect(backing.database_url)
    await connection.execute(_SEED, TENANT, SUBJECT, count, unix_us(now), YEARS)
    await connection.execute(_SOURCES, TENANT, unix_us(now))
    await connection.execute("VACUUM (ANALYZE) scoring.answer_places")
    await connection.close()
    database = Database(backing.settings, "scoring", Role.API, pool_size=1)
    moments = {
        "now": [now] * ASKED,
        "at": [now - timedelta(days=365 * YEARS) * draw.random() for _ in range(ASKED)],
    }
    for name, asked in moments.items():

        async def at(tx: SqlTx, each: datetime) -> int:
            return (await figures.answers_at(tx, TENANT, SUBJECT, unix_us(each))).all.count

        await _tell(report, backing, database, f"{name}, {DAYS} days", at, asked)
    for figure in (Figure.ANSWERED, Figure.ANSWER_TIME):

        async def of_year(tx: SqlTx, each: datetime, figure: Figure = figure) -> int:
            steps = spans(each - A_YEAR, each, Step.DAY, ZoneInfo("UTC"))
            read = await figures.over_time(
                tx, tenant_id=TENANT, subject=SUBJECT, figures=[figure], steps=steps, of=(None, None)
            )
            return sum(each.window.n for each in points(figure, read, steps))

        await _tell(report, backing, database, f"{figure}, a year of days", of_year, [now] * ASKED_OF_MANY)
    await database.close()


async def _tell(
    report: Report,
    backing: Servers,
    database: Database,
    name: str,
    read: Callable[[SqlTx, datetime], Awaitable[int]],
    asked: Sequence[datetime],
) -> None:
    """Read at instants, and tell how long that takes and of how many reviews it is."""
    taken, counted = [], 0
    spent = time.process_time(), family_seconds(backing.postgres.process.pid)
    for each in asked:
        async with database.transaction(TENANT) as tx:
            began_at = time.perf_counter()
            counted += await read(tx, each)
            taken.append(1e3 * (time.perf_counter() - began_at))
    ours, its = time.process_time() - spent[0], family_seconds(backing.postgres.process.pid) - spent[1]
    processor = f"processor ours {1e3 * ours / len(asked):.1f} + PostgreSQL {1e3 * its / len(asked):.1f} ms"
    report.line(f"{name}, {counted / len(asked):,.0f} reviews", f"{latencies(taken)}; {processor}")
