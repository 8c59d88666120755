"""Lists of reviews: two million seeded reviews, asked for by any two filters, by each order, and by words.

It asks the store as the API does, under the api role, and without the HTTP around it. It also tells what a column and
an index of the tables costs a write: bytes of write-ahead log for each review.
"""

import asyncio
import random
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import accumulate, combinations, islice
from typing import Any, Final
from uuid import UUID

import asyncpg
from msgspec.structs import replace

from benchmarks import servers
from benchmarks.machine import describe
from benchmarks.options import Options
from benchmarks.report import Report, percentile
from benchmarks.reviews import SEED, TENANT, instants, source_id, zipf
from benchmarks.servers import Servers
from plaudit.common.db import Database, Role
from plaudit.ingest.reviews import store
from plaudit.ingest.reviews.domain.marks import marks
from plaudit.ingest.reviews.domain.order import Order
from plaudit.ingest.reviews.domain.state import Answer, Kind, Origin, RawRating, ReviewState
from plaudit.ingest.reviews.domain.state_formats import STATE_FORMAT, encode_state
from plaudit.ingest.reviews.domain.words import stored_words, words
from plaudit.ingest.reviews.store import Filters
from plaudit.ingest.sorting.domain.severity import Severity
from plaudit.ingest.sources.domain import SourceRef

REVIEWS: Final = 2_000_000
SOURCES: Final = 40
SUBJECTS: Final = 5_000
VOCABULARY: Final = 30_000
TEXT_WORDS: Final = 30
ROUNDS: Final = 5
LIMIT: Final = 51
BATCH: Final = 20_000
FIRST_XID: Final = 3
TRANSACTIONS: Final = 600
"""Numbers of transactions that every server has used up when it is new."""
WRITTEN: Final = 20_000
PLATFORMS: Final = ("trustpilot", "google-business", "yelp", "native")
LANGUAGES: Final = {"en": 60, "de": 20, "fr": 10, "es": 6, "it": 3, "he": 1}
_TABLES: Final = ("reviews", "revisions", "review_texts")
_SECONDARY: Final = """
SELECT indexrelid::regclass::text AS name, indrelid::regclass::text AS of, pg_get_indexdef(indexrelid) AS made
FROM pg_index WHERE indrelid = ANY($1::text[]::regclass[]) AND NOT indisunique
"""


def filters(draw: random.Random) -> dict[str, dict[str, Any]]:
    """Each filter with a value that some reviews have."""
    now = datetime.now(UTC)
    subject = zipf(SUBJECTS, 0.9, 1, draw)[0]
    return {
        "subject": {"subject": _subject(subject)},
        "subject above": {"subject": _subject(subject).partition("/")[0]},
        "source": {"source_id": UUID(source_id(draw.randrange(SOURCES)))},
        "platform": {"platform": draw.choice(PLATFORMS)},
        "rating": {"rating_gte": float(draw.randint(1, 4)), "rating_lt": 4.5},
        "severity": {"severity": draw.choice(["drastic", "negative", "normal"])},
        "kind": {"kind": draw.choice(["stars", "nps"])},
        "language": {"language": draw.choice([*LANGUAGES])},
        "answered": {"answered": draw.choice(["true", "false"])},
        "verified": {"verified": draw.choice([True, False])},
        "origin": {"origin": draw.choice(["organic", "invited", "incentivised"])},
        "published": {"published_after": now - timedelta(days=draw.randint(1, 600))},
        "changed": {"changed_after": now - timedelta(hours=draw.randint(1, 20))},
    }


def run(report: Report, options: Options) -> None:
    """Seed, ask, and tell."""
    count = options.scaled(REVIEWS)
    with servers.running(with_kafka=False, pinned=False) as backing:
        asyncio.run(backing.prepare("ingest"))
        describe(report, backing)
        asyncio.run(_run(report, backing, count))


async def _run(report: Report, backing: Servers, count: int) -> None:
    report.heading(f"lists of {count:,} reviews")
    report.text(
        f"{SOURCES} sources of {len(PLATFORMS)} platforms, {SUBJECTS:,} subjects (Zipf 0.9), two years, one tenant"
    )
    connection = await asyncpg.connect(backing.database_url)
    await connection.execute("SET search_path = ingest")
    began_at = time.monotonic()
    await _seed(connection, count)
    report.line("seeded in", f"{time.monotonic() - began_at:.0f} s")
    sizes = await connection.fetch(
        "SELECT indexrelid::regclass::text AS name, pg_relation_size(indexrelid) AS bytes FROM pg_index "
        "WHERE indrelid = ANY($1::text[]::regclass[]) ORDER BY 1",
        [*_TABLES],
    )
    for row in sizes:
        report.line(f"size of {row['name']}", f"{row['bytes'] / count:.0f} bytes a review")
    database = Database(backing.settings, "ingest", Role.API, pool_size=1)
    await _ask(report, database)
    await database.close()
    await _tell_costs(report, connection)
    await connection.close()


async def _ask(report: Report, database: Database) -> None:
    draw = random.Random(SEED)
    pairs: dict[str, list[float]] = {}
    for _ in range(ROUNDS):
        for (one, first), (other, second) in combinations(filters(draw).items(), 2):
            if {one, other} != {"subject", "subject above"}:
                took = await _timed(database, Filters(**{**first, **second}), Order.NEWEST)
                pairs.setdefault(f"{one} and {other}", []).append(took)
    times = sorted(took for each in pairs.values() for took in each)
    _line(report, "any two filters", times)
    for name, taken in sorted(pairs.items(), key=lambda pair: -max(pair[1]))[:8]:
        report.line(f"  slowest: {name}", f"at most {max(taken) * 1e3:.1f} ms")
    for order in Order:
        _line(report, f"by {order.value}", sorted([await _timed(database, Filters(), order) for _ in range(50)]))
    ranks = (0, 3, 30, 300, 3_000, 20_000)
    for searched in (*(f"word{rank}" for rank in ranks), "word0 word3", "word3 word300", "word30 word31", "word2999"):
        taken = sorted([await _timed(database, Filters(text=searched), Order.NEWEST) for _ in range(20)])
        _line(report, f"search for {searched}", taken)


async def _timed(database: Database, wanted: Filters, order: Order) -> float:
    began_at = time.perf_counter()
    async with database.transaction(TENANT) as tx:
        await store.page(tx, TENANT, wanted, None, LIMIT, order=order)
    return time.perf_counter() - began_at


def _line(report: Report, name: str, ordered: list[float]) -> None:
    shares = ", ".join(f"p{share * 100:.0f} {percentile(ordered, share) * 1e3:.1f} ms" for share in (0.5, 0.99))
    report.line(name, f"{shares} ({len(ordered)})")


# Seeding.


def _subject(number: int) -> str:
    return f"company-{number // 100}/shop-{number % 100}"


def states(count: int) -> Iterator[ReviewState]:
    """Invented reviews; the rank of a word says how frequent it is."""
    draw = random.Random(SEED)
    began_at = datetime(2024, 1, 1, tzinfo=UTC)
    sources = [
        SourceRef(id=source_id(n), name=f"Source {n}", platform=PLATFORMS[n % len(PLATFORMS)], created_at=began_at)
        for n in range(SOURCES)
    ]
    weights = list(accumulate(1 / rank for rank in range(1, VOCABULARY + 1)))
    subjects = zipf(SUBJECTS, 0.9, count, draw)
    languages = draw.choices([*LANGUAGES], [*LANGUAGES.values()], k=count)
    for number, published_at in enumerate(instants(draw, count)):
        stars = float(draw.choices((1, 2, 3, 4, 5), (10, 5, 10, 25, 50))[0])
        is_bad = stars < 2.5
        severity = (
            Severity.DRASTIC if is_bad and draw.random() < 0.05 else Severity.NEGATIVE if is_bad else Severity.NORMAL
        )
        yield ReviewState(
            _subject(subjects[number]),
            Kind.STARS if draw.random() < 0.95 else Kind.NPS,
            stars,
            RawRating(value=stars, min=1.0, max=5.0),
            draw.random() < 0.6,
            draw.choices((Origin.ORGANIC, Origin.INVITED, Origin.INCENTIVISED), (70, 28, 2))[0],
            severity,
            sources[number % SOURCES],
            f"r-{number:08d}",
            published_at,
            published_at,
            published_at,
            text=" ".join(f"word{n}" for n in draw.choices(range(VOCABULARY), cum_weights=weights, k=TEXT_WORDS)),
            language=languages[number],
        )


async def _seed(connection: asyncpg.Connection, count: int) -> None:
    secondary = await connection.fetch(_SECONDARY, [*_TABLES])
    for index in secondary:
        await connection.execute(f"DROP INDEX {index['name']}")
    await connection.executemany(
        "INSERT INTO sources (tenant_id, id, name, platform, subject, secret) VALUES ($1, $2, $3, $4, 'acme', 's')",
        [(TENANT, UUID(source_id(n)), f"Source {n}", PLATFORMS[n % len(PLATFORMS)]) for n in range(SOURCES)],
    )
    await connection.execute("CREATE TEMPORARY TABLE given (review_id uuid, words text[])")
    made, draw, now = states(count), random.Random(SEED), datetime.now(UTC)
    first = 0
    while batch := list(islice(made, BATCH)):
        await _store(connection, batch, first, count, draw, now)
        first += len(batch)
    for index in secondary:
        await connection.execute(index["made"])
    await connection.execute(
        "INSERT INTO review_text_positions SELECT tenant_id, xid, review_id, revision FROM revisions "
        "ORDER BY xid DESC, review_id DESC LIMIT 1"
    )
    await connection.execute("VACUUM (ANALYZE) reviews, revisions, review_texts")


async def _store(
    connection: asyncpg.Connection,
    batch: list[ReviewState],
    first: int,
    count: int,
    draw: random.Random,
    now: datetime,
) -> None:
    reviews, revisions, texts = [], [], []
    for number, state in enumerate(batch, start=first):
        review_id = UUID(int=number << 96 | 7 << 76 | 2 << 62 | number)
        known_at = now - timedelta(days=1) * (1 - number / count)
        answered_at = state.published_at if draw.random() < 0.4 else None
        reviews.append(
            (
                *(TENANT, UUID(state.source.id), state.external_id, review_id, 1, None, False, f"{TENANT}/x"),
                *(state.subject, state.kind.value, state.rating, state.severity.value, state.published_at, answered_at),
                *(known_at, state.verified, state.origin.value, state.language),
            )
        )
        revisions.append(
            (
                *(TENANT, review_id, 1, review_id, "review.created", None, known_at, encode_state(state)),
                *(STATE_FORMAT, False, FIRST_XID + number * TRANSACTIONS // count),
            )
        )
        answer = answered_at and Answer(text="Thank you.", published_at=answered_at, state="published")
        marked = marks(replace(state, answer=answer), removed=False)
        texts.append((review_id, stored_words(TENANT, [*words(state.text), *marked])))
    await connection.copy_records_to_table("reviews", records=reviews, schema_name="ingest")
    await connection.copy_records_to_table("revisions", records=revisions, schema_name="ingest")
    await connection.copy_records_to_table("given", records=texts)
    await connection.execute(
        "INSERT INTO review_texts SELECT $1, review_id, array_to_tsvector(words) FROM given", TENANT
    )
    await connection.execute("TRUNCATE given")


# What a write costs.


async def _tell_costs(report: Report, connection: asyncpg.Connection) -> None:
    """Copy rows into a table with, and without, each secondary index."""
    report.heading("what each index costs a review that is new")
    for table in ("reviews", "revisions"):
        bare = await _written(connection, table, None)
        report.line(f"{table} with its unique indexes", f"{bare[0]:.0f} bytes, {bare[1]:.2f} µs")
        for index in await connection.fetch(_SECONDARY, [table]):
            more = await _written(connection, table, index["made"])
            report.line(f"  {index['name']}", f"{more[0] - bare[0]:+.0f} bytes, {more[1] - bare[1]:+.2f} µs")


async def _written(connection: asyncpg.Connection, table: str, index: str | None) -> tuple[float, float]:
    """Return bytes of write-ahead log and microseconds for each of some rows, in a copy of the table."""
    await connection.execute(f"CREATE TABLE probe (LIKE {table} INCLUDING ALL)")
    names = await connection.fetch(
        "SELECT indexrelid::regclass::text AS name FROM pg_index WHERE indrelid = 'probe'::regclass AND NOT indisunique"
    )
    for each in names:
        await connection.execute(f"DROP INDEX {each['name']}")
    if index is not None:
        rest = index.partition(" USING ")[2]
        await connection.execute(f"CREATE INDEX ON probe USING {rest}")
    half = f"SELECT * FROM {table} LIMIT {WRITTEN}"
    await connection.execute(f"INSERT INTO probe {half}")
    await connection.execute("CHECKPOINT")
    await connection.execute(f"INSERT INTO probe {half} OFFSET {WRITTEN}")
    before = await connection.fetchval("SELECT pg_current_wal_insert_lsn() - '0/0'::pg_lsn")
    began_at = time.perf_counter()
    await connection.execute(f"INSERT INTO probe {half} OFFSET {2 * WRITTEN}")
    took = time.perf_counter() - began_at
    after = await connection.fetchval("SELECT pg_current_wal_insert_lsn() - '0/0'::pg_lsn")
    await connection.execute("DROP TABLE probe")
    return float(after - before) / WRITTEN, took * 1e6 / WRITTEN
