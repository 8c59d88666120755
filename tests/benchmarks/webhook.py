"""Signed webhooks, durable before their 202, to the real API process of ingest on one core; and peers beside it.

The peers get the same requests over the same connections: the floor (`benchmarks.peers.floor`), which is the least that
is durable, and what people write (`benchmarks.peers.plain`).
"""

import asyncio
import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, islice

from benchmarks import cores, load, servers
from benchmarks.cpu import Meter, Spent
from benchmarks.hooks import Hook, make_key, make_sources
from benchmarks.load import Outcome
from benchmarks.machine import describe
from benchmarks.options import Options
from benchmarks.report import Report, latencies
from benchmarks.reviews import native_events
from benchmarks.servers import Product, Servers

SOURCES = 8
CONNECTIONS = 64
MANY_CONNECTIONS = 256
WARM_UP = 4_000
WEBHOOKS = 60_000
MANY_WEBHOOKS = 40_000
BATCH_REVIEWS = 100
BATCH_CONNECTIONS = 16
BATCH_WEBHOOKS = 1_000
FLOOR_WEBHOOKS = 60_000
PLAIN_WEBHOOKS = 3_000
PEER_WARM_UP = 500
STEADY = ((100.0, 1_500), (1_000.0, 15_000))
"""(webhooks a second, how many), sent on time whatever the answers do."""

_COUNTS = """
SELECT (SELECT count(*) FROM ingest.deliveries) AS deliveries,
       (SELECT count(*) FROM ingest.deliveries WHERE quarantine_reason IS NOT NULL) AS quarantined,
       (SELECT count(*) FROM ingest.reviews) AS reviews, (SELECT count(*) FROM ingest.revisions) AS revisions,
       (SELECT count(*) FROM ingest.outbox) AS events
"""


@dataclass(frozen=True)
class Run:
    """What one stream cost."""

    outcome: Outcome
    spent: Spent
    wal_bytes: int
    each: int
    """Reviews in all."""

    @property
    def per_second(self) -> float:
        """Reviews a second."""
        return self.outcome.per_second * self.each / max(len(self.outcome.latencies_ms), 1)


def run(report: Report, options: Options) -> None:
    """Measure one review a webhook, a hundred a webhook, steady streams, and the peers."""
    with servers.running(with_kafka=False) as backing:
        asyncio.run(backing.prepare("ingest"))
        describe(report, backing)
        with servers.product(backing, "plaudit.ingest.main", "api", profile=options.profile) as ingest:
            ingest.wait_ready()
            key = asyncio.run(make_key(backing))
            hooks = make_sources(ingest, key, [f"company-{n}" for n in range(SOURCES)])
            ours = _run_ours(report, options, backing, ingest, hooks)
        report.profile(ingest.profile)
        _run_peers(report, options, backing, hooks, ours)


def _run_ours(report: Report, options: Options, backing: Servers, ingest: Product, hooks: list[Hook]) -> Run:
    """Send all streams, and compare what was answered with what is stored; return the run over few connections."""
    warm_up, few, many = (options.scaled(count) for count in (WARM_UP, WEBHOOKS, MANY_WEBHOOKS))
    batches, steady = options.scaled(BATCH_WEBHOOKS), [(rate, options.scaled(count)) for rate, count in STEADY]
    expected = warm_up + few + many + sum(count for _, count in steady)
    report.note(f"making {expected + batches:,} requests")
    singles = single_requests(hooks, expected, "s")
    load.closed(hooks[0].address, list(islice(singles, warm_up)), CONNECTIONS)

    runs = []
    for count, connections in ((few, CONNECTIONS), (many, MANY_CONNECTIONS)):
        report.heading(f"webhook: one review each, {connections} connections")
        requests = list(islice(singles, count))
        report.text(
            f"{count:,} signed webhooks of distinct reviews (body {_body_bytes(requests)} bytes), {SOURCES} sources, "
            f"after a warm-up of {warm_up:,}; raw bytes, review, revision and event are committed before the 202"
        )
        runs.append(_closed(report, backing, ingest, requests, connections))

    report.heading(f"webhook: {BATCH_REVIEWS} reviews each, {BATCH_CONNECTIONS} connections")
    bodies = list(batch_requests(hooks, batches))
    report.text(f"{batches:,} signed webhooks of {BATCH_REVIEWS} distinct reviews, {_body_bytes(bodies):,} bytes")
    _closed(report, backing, ingest, bodies, BATCH_CONNECTIONS, reviews_each=BATCH_REVIEWS)

    for rate, count in steady:
        report.heading(f"webhook: {rate:,.0f} a second, sent on time whatever the answers do")
        outcome = load.opened(hooks[0].address, list(islice(singles, count)), CONNECTIONS, rate)
        report.line("latency", latencies(outcome.latencies_ms))
        _refused(report, outcome)

    stored = asyncio.run(servers.fetch(backing.database_url, _COUNTS))
    report.check("deliveries stored", stored["deliveries"], expected + batches)
    report.check("of them in quarantine", stored["quarantined"], 0)
    for name in ("reviews", "revisions", "events"):
        report.check(f"{name} stored", stored[name], expected + batches * BATCH_REVIEWS)
    return runs[0]


def _run_peers(report: Report, options: Options, backing: Servers, hooks: list[Hook], ours: Run) -> None:
    for name, what, webhooks in (
        ("floor", "the floor: the signature and one INSERT of deliveries for each group", FLOOR_WEBHOOKS),
        ("plain", "FastAPI, pydantic and SQLAlchemy's ORM, one transaction a request", PLAIN_WEBHOOKS),
    ):
        report.heading(f"webhook: {what}, {CONNECTIONS} connections")
        with servers.peer(backing, f"benchmarks.peers.{name}") as peer:
            peer.wait_ready()
            count = options.scaled(webhooks)
            moved = [Hook(peer.port, hook.path, hook.secret) for hook in hooks]
            requests = single_requests(moved, count + PEER_WARM_UP, name)
            load.closed(moved[0].address, list(islice(requests, PEER_WARM_UP)), CONNECTIONS)
            theirs = _closed(report, backing, peer, list(requests), CONNECTIONS)
        report.line("Plaudit's rate to its rate", f"{ours.per_second / theirs.per_second:.2f}")


def _closed(
    report: Report, backing: Servers, server: Product, requests: list[bytes], connections: int, reviews_each: int = 1
) -> Run:
    meter = Meter({"server": server.cpu_seconds, **backing.readers()}, frozenset({"server"}), cores.tested())
    first, wal = meter.sample(), asyncio.run(backing.wal_bytes())
    outcome = load.closed(("127.0.0.1", server.port), requests, connections)
    spent = meter.between(first, meter.sample())
    count = len(requests) * reviews_each
    made = Run(outcome, spent, asyncio.run(backing.wal_bytes()) - wal, count)
    report.line("webhooks per second", f"{outcome.per_second:,.0f}")
    if reviews_each > 1:
        report.line("reviews per second", f"{made.per_second:,.0f}")
    report.line("latency", latencies(outcome.latencies_ms))
    report.line(
        "processor time each",
        f"server {spent.us_each('server', count):.1f} µs, PostgreSQL {spent.us_each('PostgreSQL', count):.1f} µs, "
        f"load generator {outcome.cpu_seconds / count * 1e6:.1f} µs",
    )
    report.line("WAL each", f"{made.wal_bytes / count:,.0f} bytes")
    report.line("server's core", f"{spent.seconds['server'] / spent.wall_seconds:.0%} busy with it")
    report.foreign(spent)
    _refused(report, outcome)
    return made


def _refused(report: Report, outcome: Outcome) -> None:
    report.line("answers not 2xx", f"{outcome.refused} of {len(outcome.latencies_ms):,}")
    if outcome.first_error:
        report.line("the first of them", outcome.first_error.decode(errors="replace")[-300:])


def single_requests(hooks: list[Hook], count: int, prefix: str) -> Iterator[bytes]:
    """Requests of one review, taking turns between the sources."""
    each = math.ceil(count / len(hooks))
    streams = [map(hook.request, native_events(each, f"company-{n}", f"{prefix}{n}")) for n, hook in enumerate(hooks)]
    return islice(chain.from_iterable(zip(*streams, strict=True)), count)


def batch_requests(hooks: list[Hook], count: int) -> Iterator[bytes]:
    """Requests of many reviews, taking turns between the sources."""
    for number in range(count):
        turn = number % len(hooks)
        yield hooks[turn].request(list(native_events(BATCH_REVIEWS, f"company-{turn}", f"b{number}")))


def _body_bytes(requests: list[bytes]) -> int:
    return sum(len(request) - request.index(b"\r\n\r\n") - 4 for request in requests) // len(requests)
