"""Lists of reviews: two million seeded reviews, asked for over HTTP by any two filters in each order, and by words.

The process under test is ingest's API. A machine with other work on it makes every time longer, so the processor time
of a request is told beside it, of the process and of PostgreSQL. It also tells what the answers' parts cost, what the
export and the feed hold in memory, what a flood of requests does, and what an index of the tables costs a write.
"""

import asyncio
import http.client
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import combinations
from typing import Any, Final
from urllib.parse import urlencode

import asyncpg
import msgspec

from benchmarks import servers
from benchmarks.cpu import family_seconds
from benchmarks.hooks import make_key
from benchmarks.machine import describe
from benchmarks.options import Options
from benchmarks.report import Report, percentile
from benchmarks.reviews import SEED, source_id
from benchmarks.seeding import LANGUAGES, PLATFORMS, SOURCES, SUBJECTS, TABLES, Choice, seed, subject_of, texts
from benchmarks.servers import Product, Servers
from plaudit.common.contracts.mentions import PERSONA_TITLES, TOPIC_TITLES
from plaudit.ingest.reviews.domain.order import Order
from plaudit.ingest.reviews.domain.words import words

REVIEWS: Final = 2_000_000
ROUNDS: Final = 3
SEARCHES: Final = 40
DEEP_PAGES: Final = 40
FLOOD_CONNECTIONS: Final = 300
FLOOD_SECONDS: Final = 10.0
SLOW_SHOWN: Final = 8
WRITTEN: Final = 20_000
FREQUENT_WORDS: Final = 100
MIDDLE_WORDS: Final = 1_000
EXPORTED: Final = "/v1/reviews/export"
_SECONDARY: Final = """
SELECT indexrelid::regclass::text AS name, pg_get_indexdef(indexrelid) AS made
FROM pg_index WHERE indrelid = ANY($1::text[]::regclass[]) AND NOT indisunique
"""


@dataclass(frozen=True)
class Asker:
    """Asks one process, one request after the other, and counts what each takes."""

    ingest: Product
    postgres_pid: int
    key: str
    connection: http.client.HTTPConnection

    def ask(self, path: str, parameters: Mapping[str, Any]) -> tuple[int, bytes]:
        """Status and body."""
        self.connection.request("GET", f"{path}?{urlencode(parameters)}", headers=self.headers)
        answer = self.connection.getresponse()
        return answer.status, answer.read()

    @property
    def headers(self) -> dict[str, str]:
        """Those of a request."""
        return {"authorization": f"Bearer {self.key}"}

    def spent(self) -> tuple[float, float]:
        """Processor time of the process, and of PostgreSQL."""
        return self.ingest.cpu_seconds(), family_seconds(self.postgres_pid)


@dataclass
class Taken:
    """Times of requests of one sort."""

    seconds: list[float] = field(default_factory=list)
    asked: list[Mapping[str, Any]] = field(default_factory=list)
    wrong: int = 0
    server_seconds: float = 0.0
    database_seconds: float = 0.0

    def run(self, asker: Asker, requests: Iterable[Mapping[str, Any]]) -> "Taken":
        """Ask for lists, one after the other."""
        before = asker.spent()
        for parameters in requests:
            self._ask(asker, "/v1/reviews", parameters)
        self._count(before, asker.spent())
        return self

    def follow(
        self, asker: Asker, parameters: Mapping[str, Any], path: str = "/v1/reviews", by: str = "cursor"
    ) -> "Taken":
        """Ask for page after page of a list."""
        before = asker.spent()
        following: dict[str, str] = {}
        for _ in range(DEEP_PAGES):
            body = self._ask(asker, path, {**parameters, "limit": 500, **following})
            following = {by: msgspec.json.decode(body)["next"]}
            if following[by] is None:
                break
        self._count(before, asker.spent())
        return self

    def _ask(self, asker: Asker, path: str, parameters: Mapping[str, Any]) -> bytes:
        began_at = time.perf_counter()
        status, body = asker.ask(path, parameters)
        self.seconds.append(time.perf_counter() - began_at)
        self.asked.append(parameters)
        self.wrong += status != 200
        return body

    def _count(self, before: tuple[float, float], after: tuple[float, float]) -> None:
        self.server_seconds, self.database_seconds = after[0] - before[0], after[1] - before[1]

    def tell(self, report: Report, name: str) -> None:
        """Print percentiles and processor times."""
        ordered, count = sorted(self.seconds), len(self.seconds)
        shares = ", ".join(f"p{share * 100:.0f} {percentile(ordered, share) * 1e3:.1f}" for share in (0.5, 0.95, 0.99))
        each = f"ingest {self.server_seconds / count * 1e3:.1f} + PostgreSQL {self.database_seconds / count * 1e3:.1f}"
        report.line(name, f"{shares}, max {ordered[-1] * 1e3:.1f} ms; processor {each} ms ({count})")
        report.check(f"answers not 200, {name}", self.wrong, 0)


def filters(draw: random.Random) -> dict[str, dict[str, Any]]:
    """Each filter with a value that some reviews have."""
    now = datetime.now(UTC)
    subject = subject_of(Choice({n: (n + 1) ** -0.9 for n in range(SUBJECTS)}).draw(draw))
    source = Choice({n: 1 / (n + 1) for n in range(SOURCES)}).draw(draw)
    published, changed = now - timedelta(days=draw.randint(1, 600)), now - timedelta(hours=draw.randint(1, 23))
    return {
        "subject": {"subject": draw.choice([subject, subject.partition("/")[0]])},
        "source": {"source_id": source_id(source)},
        "external id": {"external_id": f"r-{draw.randrange(REVIEWS):08d}"},
        "platform": {"platform": draw.choice(PLATFORMS)},
        "answered": {"answered": draw.choice(["true", "false", "unknown"])},
        "kind": {"kind": draw.choice(["stars", "nps", "csat", "thumbs"])},
        "severity": {"severity": draw.choice(["drastic", "negative", "normal"])},
        "topic": {"topic": draw.choice([*TOPIC_TITLES])},
        "persona": {"persona": draw.choice([*PERSONA_TITLES])},
        "check": {"check": draw.choice(["true", "false"])},
        "rating": draw.choice([{"rating_gte": 4.5}, {"rating_lt": 2.5}, {"rating_gte": 2.5, "rating_lt": 3.5}]),
        "published": {draw.choice(["published_after", "published_before"]): published.isoformat()},
        "changed": {draw.choice(["changed_after", "changed_before"]): changed.isoformat()},
        "language": {"language": draw.choice([*LANGUAGES])},
        "verified": {"verified": draw.choice(["true", "false"])},
        "origin": {"origin": draw.choice(["organic", "invited", "incentivised"])},
        "removed": {"removed": draw.choice(["true", "false"])},
    }


def run(report: Report, options: Options) -> None:
    """Seed, ask, and tell."""
    count = options.scaled(REVIEWS)
    with servers.running(with_kafka=False, pinned=False) as backing:
        asyncio.run(backing.prepare("ingest"))
        describe(report, backing, pinned=False)
        report.heading(f"lists of {count:,} reviews")
        began_at = time.monotonic()
        asyncio.run(seed(backing.database_url, count))
        report.line("seeded in", f"{time.monotonic() - began_at:.0f} s")
        tell_all(report, backing, backing.postgres.process.pid, options)


def tell_all(report: Report, backing: Servers, postgres_pid: int, options: Options) -> None:
    """Measure over a database that is seeded."""
    with servers.product(backing, "plaudit.ingest.main", "api", profile=options.profile, pinned=False) as ingest:
        ingest.wait_ready()
        key = asyncio.run(make_key(backing))
        connection = http.client.HTTPConnection("127.0.0.1", ingest.port, timeout=60)
        asker = Asker(ingest, postgres_pid, key, connection)
        for _ in range(20):
            asker.ask("/v1/reviews", {})
        _lists(report, asker)
        _searches(report, asker)
        _deep(report, asker)
        _flood(report, asker)
        _export(report, asker)
    report.profile(ingest.profile)
    asyncio.run(_costs(report, backing))


def _lists(report: Report, asker: Asker) -> None:
    Taken().run(asker, [{}] * 50).tell(report, "no filter")
    Taken().run(asker, [{"limit": 1}] * 50).tell(report, "no filter, one review")
    for order in Order:
        draw = random.Random(SEED)
        pairs = [
            {**first, **second, "sort": order.value}
            for _ in range(ROUNDS)
            for (_, first), (_, second) in combinations(filters(draw).items(), 2)
        ]
        taken = Taken().run(asker, pairs)
        taken.tell(report, f"any two filters, {order.value}")
        slowest = sorted(zip(taken.seconds, map(str, taken.asked), strict=True), reverse=True)[:SLOW_SHOWN]
        for seconds, asked in slowest:
            report.text(f"    {seconds * 1e3:6.1f} ms  {asked}")


def _searches(report: Report, asker: Asker) -> None:
    counted = Counter(word for text in texts() for word in words(text) if len(word) > 2)
    ranked = [word for word, _ in counted.most_common()]
    frequent, middle, rare = ranked[:FREQUENT_WORDS], ranked[FREQUENT_WORDS:MIDDLE_WORDS], ranked[MIDDLE_WORDS:]
    draw = random.Random(SEED)
    searched: dict[str, Callable[[], str]] = {
        "a frequent word": lambda: draw.choice(frequent),
        "a middling word": lambda: draw.choice(middle),
        "a rare word": lambda: draw.choice(rare),
        "two words": lambda: f"{draw.choice(frequent)} {draw.choice(middle)}",
        "three letters": lambda: draw.choice(middle)[:3],
    }
    for order in (Order.NEWEST, Order.RATING):
        for name, word in searched.items():
            plain = [{"text": word(), "sort": order.value} for _ in range(SEARCHES)]
            Taken().run(asker, plain).tell(report, f"{name}, {order.value}")
            narrowed = [{**each, **draw.choice([*filters(draw).values()])} for each in plain]
            Taken().run(asker, narrowed).tell(report, f"{name} and a filter, {order.value}")


def _deep(report: Report, asker: Asker) -> None:
    report.heading("page after page of 500")
    for parameters in ({"sort": order.value, "verified": "true"} for order in Order):
        Taken().follow(asker, parameters).tell(report, f"one filter, {parameters['sort']}")
    Taken().follow(asker, {"text": "the"}).tell(report, "a search")
    Taken().follow(asker, {}, "/v1/review-revisions", "after").tell(report, "feed of revisions")


def _flood(report: Report, asker: Asker) -> None:
    """Ask for slow lists over many connections at once."""
    report.heading(f"a flood: {FLOOD_CONNECTIONS} connections ask for {FLOOD_SECONDS:.0f} s")
    before, statuses = asker.ingest.memory_bytes(), Counter[str]()
    ends_at, most = time.monotonic() + FLOOD_SECONDS, [before]

    def client() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", asker.ingest.port, timeout=60)
        while time.monotonic() < ends_at:
            connection.request("GET", "/v1/reviews?limit=500&verified=true&sort=rating", headers=asker.headers)
            answer = connection.getresponse()
            answer.read()
            again = " with Retry-After" if answer.headers.get("Retry-After") else ""
            statuses[f"{answer.status}{again}"] += 1

    threads = [threading.Thread(target=client) for _ in range(FLOOD_CONNECTIONS)]
    for each in threads:
        each.start()
    while any(each.is_alive() for each in threads):
        most.append(asker.ingest.memory_bytes())
        time.sleep(0.2)
    report.line("answers", ", ".join(f"{count} of {status}" for status, count in statuses.most_common()))
    report.line("memory of the process", f"{before / 2**20:.0f} before, at most {max(most) / 2**20:.0f} MiB")


def _export(report: Report, asker: Asker) -> None:
    report.heading("export of all")
    for form in ("jsonl", "csv"):
        before, most, size = asker.ingest.memory_bytes(), 0, 0
        # The server closes connections that rest; the next request makes a new one.
        asker.connection.close()
        began_at, spent = time.monotonic(), asker.spent()
        asker.connection.request("GET", f"{EXPORTED}?format={form}", headers=asker.headers)
        answer = asker.connection.getresponse()
        lines = 0
        while part := answer.read(2**20):
            size, lines = size + len(part), lines + part.count(b"\n")
            most = max(most, asker.ingest.memory_bytes())
        took, after = time.monotonic() - began_at, asker.spent()
        report.line(form, f"{lines:,} lines, {size / 1e6:,.0f} MB in {took:.0f} s")
        server, database = (1e6 * (late - early) / lines for early, late in zip(spent, after, strict=True))
        report.line("processor time", f"ingest {server:.0f} + PostgreSQL {database:.0f} µs a review")
        report.line("memory of the process", f"{before / 2**20:.0f} before, at most {most / 2**20:.0f} MiB")


# What a write costs.


async def _costs(report: Report, backing: Servers) -> None:
    """Copy rows into a table with, and without, each secondary index."""
    report.heading("what each index costs a review that is new")
    connection = await asyncpg.connect(backing.database_url, server_settings={"search_path": "ingest"})
    rows = await connection.fetchval("SELECT count(*) FROM reviews")
    for row in await connection.fetch(
        "SELECT indexrelid::regclass::text AS name, pg_relation_size(indexrelid) AS bytes FROM pg_index "
        "WHERE indrelid = ANY($1::text[]::regclass[]) ORDER BY 1",
        [*TABLES],
    ):
        report.line(f"size of {row['name']}", f"{row['bytes'] / rows:.0f} bytes a review")
    for table in ("reviews", "revisions"):
        bare = await _written(connection, table, None)
        report.line(f"{table} with its unique indexes", f"{bare[0]:.0f} bytes, {bare[1]:.2f} µs")
        for index in await connection.fetch(_SECONDARY, [table]):
            more = await _written(connection, table, index["made"])
            report.line(f"  {index['name']}", f"{more[0] - bare[0]:+.0f} bytes, {more[1] - bare[1]:+.2f} µs")
    await connection.close()


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
