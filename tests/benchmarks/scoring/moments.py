"""Scores of any moment: a subject of a million reviews over three years, and one that has a million subjects below it.

One review in ten comes late, by up to three years, and one in twenty is rated anew. The cells are made by the job's own
steps; then the API process is asked, one request after the other, at random instants of both times. With `--scale 10`
the one subject has ten million reviews; the other one never has more than a million below it.
"""

import asyncio
import http.client
import random
import time
from collections.abc import Mapping, Sequence
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
from plaudit.scoring.cells import commands
from plaudit.scoring.markers import store as markers
from plaudit.scoring.markers.domain.effect import windows
from plaudit.scoring.profiles.domain import STAR_KINDS
from plaudit.scoring.rebuilds.jobs import rebuild

REVIEWS: Final = 1_000_000
MOST_SUBJECTS: Final = 1_000_000
YEARS: Final = 3
ASKED: Final = 400
ASKED_OF_MANY: Final = 60
"""Of what is made of many moments."""
WARM_UP: Final = 40
OF_RATINGS: Final = {"figure": ("mean", "positive_to_negative", "reviews_per_day")}
SUBJECTS: Final = {"of one subject": ("solo", "solo"), "of as many subjects": ("chain", "chain/shop-{}")}
_SEED: Final = """
INSERT INTO scoring.ledger (tenant_id, partition, epoch, sequence, sign, review_id, revision, subject, source_id,
    traits, rating, rated_at, valid_at, known_at)
SELECT $1, $2, 1, 2 * n + again, sign, md5($3::text || n)::uuid, 1 + again, replace($3::text, '{}', n::text),
    ('01956d00-0000-7000-8000-00000000000' || n * 7 % 4)::uuid, (n * 13 % 5 > 1)::int,
    1 + (n * 31 + CASE WHEN sign > 0 THEN again ELSE 0 END) % 5,
    CASE WHEN again = 1 AND sign = 1 THEN edited ELSE rated END, CASE WHEN again = 1 THEN edited ELSE rated END,
    CASE WHEN again = 1 THEN edited + interval '3 s' ELSE greatest(rated, known) + interval '3 s' END
FROM (
    SELECT n, rated,
        rated + CASE WHEN n % 10 = 3 THEN (until - rated) * (n * 17 % 1000 / 1000.0) ELSE interval '0' END AS known,
        rated + (until - rated) * (n * 29 % 1000 / 1000.0) AS edited
    FROM (
        SELECT n, until, until - ($6::int * interval '365 days') * ((n::bigint * 7919 % $4::int) / $4::float8) AS rated
        FROM generate_series(1, $4::int) AS n, (VALUES ($5::timestamptz)) AS ending (until)
    ) AS rated
) AS told
CROSS JOIN LATERAL (VALUES (0, 1), (1, -1), (1, 1)) AS signs (again, sign)
WHERE again = 0 OR n % 20 = 7
"""


_INDEXES: Final = """
SELECT indexname, indexdef FROM pg_indexes
WHERE schemaname = 'scoring' AND tablename = 'ledger' AND indexdef NOT LIKE '%UNIQUE%'
"""
_PLACES: Final = """
INSERT INTO scoring.positions (consumer_group, topic, partition, topic_id, next_offset, epoch, sequence)
SELECT name, 'reviews.v1', partition, gen_random_uuid(), last, 1, last
FROM (SELECT partition, max(sequence) AS last FROM scoring.ledger GROUP BY partition) AS of_partition,
    (VALUES ('scoring-live'), ('scoring-history')) AS groups (name)
"""


def run(report: Report, options: Options) -> None:
    """Seed, make cells and sums, and ask."""
    count = options.scaled(REVIEWS)
    with servers.running(with_kafka=False, pinned=False) as backing:
        asyncio.run(backing.prepare("scoring"))
        describe(report, backing, pinned=False)
        report.heading(f"moments of {count:,} reviews over {YEARS} years")
        until = datetime.now(UTC)
        for partition, (prefix, subject) in enumerate(SUBJECTS.values()):
            reviews = min(count, MOST_SUBJECTS) if subject != prefix else count
            asyncio.run(seed(report, backing, reviews, until, partition, prefix, subject))
        asyncio.run(_make_cells(report, backing))
        asyncio.run(make_sums(report, backing))
        with servers.product(backing, "plaudit.scoring.main", "api", profile=options.profile, pinned=False) as scoring:
            scoring.wait_ready()
            _ask(report, backing, scoring, asyncio.run(make_key(backing)), until)
        asyncio.run(_around(report, backing, until))
        report.profile(scoring.profile)


async def seed(
    report: Report, backing: Servers, count: int, until: datetime, partition: int, prefix: str, subject: str
) -> None:
    """Fill the ledger with the entries of so many reviews, and name the subject among the large ones.

    Args:
        report: where to.
        backing: the servers.
        count: of the reviews.
        until: when the last one is rated.
        partition: that they come from.
        prefix: the subject that all of them are of.
        subject: that each is of itself; `{}` stands for its number.
    """
    connection = await asyncpg.connect(backing.database_url)
    began_at = time.monotonic()
    # Made in one go at the end, indexes take a fraction of the time.
    indexes = await connection.fetch(_INDEXES)
    for index in indexes:
        await connection.execute(f"DROP INDEX scoring.{index['indexname']}")
    await connection.execute(_SEED, TENANT, partition, subject, count, until, YEARS)
    await connection.execute("SET maintenance_work_mem = '512MB'")
    for index in indexes:
        await connection.execute(index["indexdef"])
    await connection.execute("INSERT INTO scoring.celled_prefixes (tenant_id, prefix) VALUES ($1, $2)", TENANT, prefix)
    await connection.execute("VACUUM (ANALYZE) scoring.ledger")
    report.line(f"seeded {count:,} of {prefix} in", f"{time.monotonic() - began_at:.0f} s")
    await connection.close()


async def _make_cells(report: Report, backing: Servers) -> None:
    database = Database(backing.settings, "scoring", Role.WORKER, pool_size=1)
    began_at, longest, entries = time.monotonic(), 0.0, 0
    while True:
        step_began_at = time.monotonic()
        async with database.driver_transaction() as tx:
            done = await commands.carry_on(tx)
        entries += done
        longest = max(longest, time.monotonic() - step_began_at)
        if not done:
            break
    took = time.monotonic() - began_at
    report.line("cells made", f"{took:.0f} s, {entries / took:,.0f} entries/s, the longest step {longest:.2f} s")
    async with database.driver_transaction() as tx:
        for row in await tx.raw.fetch(
            "SELECT prefix, count(*) AS cells FROM cells GROUP BY prefix UNION ALL "
            "SELECT 'bytes of all', pg_total_relation_size('cells')"
        ):
            report.line(f"cells, {row['prefix']}", f"{row['cells']:,}")
    await database.close()
    connection = await asyncpg.connect(backing.database_url)
    await connection.execute("VACUUM (ANALYZE) scoring.cells")
    await connection.close()


def _questions(until: datetime, prefix: str) -> Mapping[str, Sequence[tuple[str, Mapping[str, str | Sequence[str]]]]]:
    """Return what is asked → the paths and parameters of its requests."""
    draw = random.Random(SEED)
    score, figures, why = (f"/v1/{name}/{quote(prefix)}" for name in ("scores", "score-figures", "score-explanations"))
    series, figure_series = "/v1/score-series", "/v1/figure-series"

    def instant(days: int = 0) -> datetime:
        """A random one, so many days before the last at least."""
        return until - timedelta(days=days) - timedelta(days=365 * YEARS - days) * draw.random()

    def stretch(days: int) -> dict[str, str]:
        begins = instant(days)
        return {"from": begins.isoformat(), "to": (begins + timedelta(days=days)).isoformat()}

    def year(**more: str | Sequence[str]) -> dict[str, str | Sequence[str]]:
        return {"subject": prefix, **stretch(365), **more}

    def at(*names: str) -> dict[str, str]:
        return {name: instant().isoformat() for name in names}

    return {
        "now": [(score, {}) for _ in range(ASKED)],
        "at": [(score, at("at")) for _ in range(ASKED)],
        "known_at": [(score, at("known_at")) for _ in range(ASKED)],
        "at and known_at": [(score, at("at", "known_at")) for _ in range(ASKED)],
        "figures now": [(figures, {}) for _ in range(ASKED_OF_MANY)],
        "figures at": [(figures, at("at")) for _ in range(ASKED_OF_MANY)],
        "a year of days": [(series, year()) for _ in range(ASKED_OF_MANY)],
        "a year of days in Berlin": [(series, year(timezone="Europe/Berlin")) for _ in range(ASKED_OF_MANY)],
        "a year of weeks in New York": [
            (series, year(timezone="America/New_York", step="week")) for _ in range(ASKED_OF_MANY)
        ],
        "three figures, a year of days": [(figure_series, year(**OF_RATINGS)) for _ in range(ASKED_OF_MANY)],
        "three figures, a year of days in Berlin": [
            (figure_series, year(timezone="Europe/Berlin", **OF_RATINGS)) for _ in range(ASKED_OF_MANY)
        ],
        "why, 30 days": [(why, stretch(30)) for _ in range(ASKED_OF_MANY)],
        "why, 90 days": [(why, stretch(90)) for _ in range(ASKED_OF_MANY)],
    }


def _ask(report: Report, backing: Servers, scoring: Product, key: str, until: datetime) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", scoring.port, timeout=60)
    for name, (prefix, _) in SUBJECTS.items():
        for asked, requests in _questions(until, prefix).items():
            taken, wrong = [], 0
            warm_up = min(WARM_UP, len(requests) // 10)
            spent = _spent(backing, scoring)
            for path, parameters in [*requests[:warm_up], *requests]:
                began_at = time.perf_counter()
                connection.request(
                    "GET", f"{path}?{urlencode(parameters, doseq=True)}", headers={"authorization": f"Bearer {key}"}
                )
                answer = connection.getresponse()
                answer.read()
                taken.append(1e3 * (time.perf_counter() - began_at))
                wrong += answer.status != 200
            each = [
                1e3 * (late - early) / len(taken) for early, late in zip(spent, _spent(backing, scoring), strict=True)
            ]
            processor = f"processor scoring {each[0]:.1f} + PostgreSQL {each[1]:.1f} ms"
            report.line(f"{asked}, {name}", f"{latencies(taken[warm_up:])}; {processor}")
            report.check(f"answers not 200, {asked}, {name}", wrong, 0)


def _spent(backing: Servers, scoring: Product) -> tuple[float, float]:
    """Processor time of the process, and of PostgreSQL."""
    return scoring.cpu_seconds(), family_seconds(backing.postgres.process.pid)


async def _around(report: Report, backing: Servers, until: datetime) -> None:
    """Read the ratings around a marker."""
    draw = random.Random(SEED)
    database = Database(backing.settings, "scoring", Role.WORKER, pool_size=1)
    for name, (prefix, _) in SUBJECTS.items():
        taken = []
        for _ in range(ASKED_OF_MANY):
            at = until - timedelta(days=365 * YEARS) * draw.random()
            async with database.driver_transaction() as tx:
                began_at = time.perf_counter()
                await markers.around(tx, TENANT, prefix, windows(at, draw.choice([7, 30, 90]), tx.now), STAR_KINDS)
                taken.append(1e3 * (time.perf_counter() - began_at))
        report.line(f"ratings around a marker, {name}", latencies(taken))
    await database.close()


async def make_sums(report: Report, backing: Servers) -> None:
    """Make all sums anew from the ledger, and tell whether they hold as many reviews."""
    connection = await asyncpg.connect(backing.database_url)
    await connection.execute(_PLACES)
    worker, owner = (Database(backing.settings, "scoring", role, pool_size=1) for role in (Role.WORKER, Role.OWNER))
    began_at = time.monotonic()
    await rebuild(worker, owner, lambda _progress: None)
    took = time.monotonic() - began_at
    entries = await connection.fetchval("SELECT count(*) FROM scoring.ledger")
    [(counted, wanted)] = await connection.fetch(
        "SELECT sum(n1 + n2 + n3 + n4 + n5)::bigint, (SELECT sum(sign) FROM scoring.ledger) FROM scoring.sums "
        "WHERE position('/' IN prefix) = 0"
    )
    report.line("sums made anew", f"{took:.0f} s, {entries / took:,.0f} entries/s")
    report.check("reviews in the new sums", counted, wanted)
    await worker.close()
    await owner.close()
    await connection.close()
