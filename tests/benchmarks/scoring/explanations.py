"""Explanations of a subject of a million reviews over three years, and of one that has as many subjects below it.

One review in ten came late, one in twenty was rated anew, and most mention one or two topics. Cells and sums of changes
are made by the jobs' own steps; then the API process is asked for windows of 7, 30, 90 and 365 days, one request after
the other. A smaller scale has fewer days with as many reviews each.
"""

import asyncio
import http.client
import random
import time
from datetime import UTC, datetime, timedelta
from typing import Final
from urllib.parse import quote, urlencode

import asyncpg

from benchmarks import servers
from benchmarks.cpu import family_seconds
from benchmarks.hooks import make_key
from benchmarks.machine import describe
from benchmarks.options import Options
from benchmarks.report import Report, latencies
from benchmarks.reviews import SEED, TENANT
from benchmarks.servers import Product, Servers
from plaudit.common.db import Database, Role
from plaudit.scoring.cells import commands as cells
from plaudit.scoring.moves import commands as moves

REVIEWS: Final = 1_000_000
DAYS: Final = 1_095
ASKED: Final = 150
WARM_UP: Final = 20
WINDOW_DAYS: Final = (7, 30, 90, 365)
SUBJECTS: Final = {"of one subject": ("solo", "solo"), "of as many subjects": ("chain", "chain/shop-{}")}
_SEED: Final = """
INSERT INTO scoring.ledger (tenant_id, partition, epoch, sequence, sign, review_id, revision, subject, source_id,
    traits, rating, rated_at, valid_at, known_at, happened, topics, other_star, other_traits,
    lowest, highest, newest_before, first_shown_at)
SELECT $1, $2, 1, 2 * n + again, sign, md5($3::text || n)::uuid, 1 + again, replace($3::text, '{}', n::text),
    ('01956d00-0000-7000-8000-00000000000' || n * 7 % 4)::uuid, traits,
    1 + (n * 31 + CASE WHEN sign > 0 THEN again ELSE 0 END) % 5,
    CASE WHEN again = 1 AND sign = 1 THEN edited ELSE rated END, CASE WHEN again = 1 THEN edited ELSE rated END,
    CASE WHEN again = 1 THEN edited + interval '3 s' ELSE greatest(rated, known) + interval '3 s' END,
    CASE WHEN again = 1 THEN 1 WHEN known - rated > interval '1 day' THEN 6 ELSE 0 END,
    CASE WHEN n % 4 = 0 THEN 0 ELSE (1 << n % 15) | (1 << (n::bigint * n % 15)::int) END,
    CASE WHEN again = 1 THEN 1 + (n * 31 + CASE WHEN sign > 0 THEN 0 ELSE again END) % 5 END,
    CASE WHEN again = 1 THEN traits END, CASE WHEN again = 1 THEN least(1 + n * 31 % 5, 1 + (n * 31 + 1) % 5) END,
    CASE WHEN again = 1 THEN greatest(1 + n * 31 % 5, 1 + (n * 31 + 1) % 5) END, CASE WHEN again = 1 THEN rated END,
    CASE WHEN again = 1 THEN greatest(rated, known) + interval '3 s' END
FROM (
    SELECT n, rated, (n * 13 % 5 > 1)::int AS traits,
        rated + CASE WHEN n % 10 = 3 THEN (until - rated) * (n * 17 % 1000 / 1000.0) ELSE interval '0' END AS known,
        rated + (until - rated) * (n * 29 % 1000 / 1000.0) AS edited
    FROM (
        SELECT n, until, until - ($6::int * interval '1 day') * ((n::bigint * 7919 % $4::int) / $4::float8) AS rated
        FROM generate_series(1, $4::int) AS n, (VALUES ($5::timestamptz)) AS ending (until)
    ) AS rated
) AS told
CROSS JOIN LATERAL (VALUES (0, 1), (1, -1), (1, 1)) AS signs (again, sign)
WHERE again = 0 OR n % 20 = 7
ORDER BY CASE WHEN again = 1 THEN edited ELSE greatest(rated, known) END
"""


def run(report: Report, options: Options) -> None:
    """Seed, sum, and ask."""
    count, days = options.scaled(REVIEWS), options.scaled(DAYS)
    with servers.running(with_kafka=False, pinned=False) as backing:
        asyncio.run(backing.prepare("scoring"))
        describe(report, backing, pinned=False)
        report.heading(f"explanations of {count:,} reviews over {days:,} days")
        until = datetime.now(UTC)
        asyncio.run(_seed(backing, count, days, until))
        asyncio.run(_sum(report, backing))
        with servers.product(backing, "plaudit.scoring.main", "api", profile=options.profile, pinned=False) as scoring:
            scoring.wait_ready()
            _ask(report, backing, scoring, days, until)
        report.profile(scoring.profile)


async def _seed(backing: Servers, count: int, days: int, until: datetime) -> None:
    connection = await asyncpg.connect(backing.database_url)
    for partition, (prefix, subject) in enumerate(SUBJECTS.values()):
        await connection.execute(_SEED, TENANT, partition, subject, count, until, days)
        await connection.execute(
            "INSERT INTO scoring.celled_prefixes (tenant_id, prefix) VALUES ($1, $2)", TENANT, prefix
        )
    await connection.execute("VACUUM (ANALYZE) scoring.ledger")
    await connection.close()


async def _sum(report: Report, backing: Servers) -> None:
    database = Database(backing.settings, "scoring", Role.WORKER, pool_size=1)
    for name, commands in {"cells": cells, "sums of changes": moves}.items():
        began_at, longest = time.monotonic(), 0.0
        done = 1
        while done:
            step_began_at = time.monotonic()
            async with database.driver_transaction() as tx:
                done = await commands.carry_on(tx)
            longest = max(longest, time.monotonic() - step_began_at)
        report.line(f"{name} made", f"{time.monotonic() - began_at:.0f} s, the longest step {longest:.2f} s")
    await database.close()
    connection = await asyncpg.connect(backing.database_url)
    await connection.execute("VACUUM (ANALYZE)")
    for table in ("ledger", "ledger_changed_again", "ledger_ahead", "cells", "moves"):
        size = await connection.fetchval("SELECT pg_total_relation_size($1::regclass)", f"scoring.{table}")
        report.line(f"bytes of {table}", f"{size:,}")
    await connection.close()


def _ask(report: Report, backing: Servers, scoring: Product, days: int, until: datetime) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", scoring.port, timeout=60)
    headers = {"authorization": f"Bearer {asyncio.run(make_key(backing))}"}
    draw = random.Random(SEED)
    for name, (prefix, _) in SUBJECTS.items():
        for window_days in (each for each in WINDOW_DAYS if each < days):
            taken, wrong = [], 0
            spent = (scoring.cpu_seconds(), family_seconds(backing.postgres.process.pid))
            for number in range(WARM_UP + ASKED):
                # Half of them end now, as those of most readers do.
                last = until - timedelta(days=(days - window_days) * draw.random() * (number % 2))
                asked = {"from": (last - timedelta(days=window_days)).isoformat(), "to": last.isoformat()}
                began_at = time.perf_counter()
                path = f"/v1/score-explanations/{quote(prefix)}?{urlencode(asked)}"
                connection.request("GET", path, headers=headers)
                answer = connection.getresponse()
                answer.read()
                taken.append(1e3 * (time.perf_counter() - began_at))
                wrong += answer.status != 200
            now = (scoring.cpu_seconds(), family_seconds(backing.postgres.process.pid))
            each = [1e3 * (late - early) / len(taken) for early, late in zip(spent, now, strict=True)]
            processor = f"processor scoring {each[0]:.1f} + PostgreSQL {each[1]:.1f} ms"
            report.line(f"{window_days} days, {name}", f"{latencies(taken[WARM_UP:])}; {processor}")
            report.check(f"answers not 200, {window_days} days, {name}", wrong, 0)
