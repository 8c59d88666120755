"""Signed webhooks, durable before their 202, to the real API process of ingest on one core."""

import asyncio
import math
from collections.abc import Iterator
from itertools import chain, islice

from benchmarks import cores, load, servers
from benchmarks.cpu import Meter
from benchmarks.hooks import Hook, make_key, make_sources
from benchmarks.load import Outcome
from benchmarks.machine import describe
from benchmarks.options import Options
from benchmarks.report import Report, latencies
from benchmarks.reviews import native_events
from benchmarks.servers import Product, Servers

SOURCES = 8
CONNECTIONS = 64
WARM_UP = 4_000
WEBHOOKS = 60_000
BATCH_REVIEWS = 100
BATCH_CONNECTIONS = 16
BATCH_WEBHOOKS = 1_000
CALM_PER_SECOND = 100.0
CALM_WEBHOOKS = 1_500

_COUNTS = """
SELECT (SELECT count(*) FROM ingest.deliveries) AS deliveries,
       (SELECT count(*) FROM ingest.deliveries WHERE quarantine_reason IS NOT NULL) AS quarantined,
       (SELECT count(*) FROM ingest.reviews) AS reviews, (SELECT count(*) FROM ingest.revisions) AS revisions,
       (SELECT count(*) FROM ingest.outbox) AS events
"""


def run(report: Report, options: Options) -> None:
    """Measure one review a webhook, a hundred a webhook, and a calm stream."""
    with servers.running(with_kafka=False) as backing:
        asyncio.run(backing.prepare("ingest"))
        describe(report, backing)
        with servers.product(backing, "plaudit.ingest.main", "api", profile=options.profile) as ingest:
            ingest.wait_ready()
            key = asyncio.run(make_key(backing))
            hooks = make_sources(ingest, key, [f"company-{n}" for n in range(SOURCES)])
            run_all(report, options, backing, ingest, hooks)
        report.profile(ingest.profile)


def run_all(report: Report, options: Options, backing: Servers, ingest: Product, hooks: list[Hook]) -> None:
    """Send the three streams, and compare what was answered with what is stored."""
    warm_up, webhooks = options.scaled(WARM_UP), options.scaled(WEBHOOKS)
    batches, calm = options.scaled(BATCH_WEBHOOKS), options.scaled(CALM_WEBHOOKS)
    expected = warm_up + webhooks + calm
    report.note(f"making {expected + batches:,} requests")
    singles = list(single_requests(hooks, expected, "s"))
    load.closed(hooks[0].address, singles[:warm_up], CONNECTIONS)

    report.heading(f"webhook: one review each, {CONNECTIONS} connections")
    report.text(
        f"{webhooks:,} signed webhooks of distinct reviews (body {_body_bytes(singles)} bytes), "
        f"{SOURCES} sources, after a warm-up of {warm_up:,}; "
        "raw bytes, review, revision and event are committed before the 202"
    )
    requests = singles[warm_up : warm_up + webhooks]
    _closed(report, backing, ingest, requests, CONNECTIONS, reviews_each=1)

    report.heading(f"webhook: {BATCH_REVIEWS} reviews each, {BATCH_CONNECTIONS} connections")
    bodies = list(batch_requests(hooks, batches))
    report.text(f"{batches:,} signed webhooks of {BATCH_REVIEWS} distinct reviews, {_body_bytes(bodies):,} bytes")
    _closed(report, backing, ingest, bodies, BATCH_CONNECTIONS, reviews_each=BATCH_REVIEWS)

    report.heading(f"webhook: {CALM_PER_SECOND:.0f} a second, sent on time whatever the answers do")
    outcome = load.opened(hooks[0].address, singles[-calm:], CONNECTIONS, CALM_PER_SECOND)
    report.line("latency", latencies(outcome.latencies_ms))
    _refused(report, outcome)

    reviews = expected + batches * BATCH_REVIEWS
    stored = asyncio.run(servers.fetch(backing.database_url, _COUNTS))
    report.check("deliveries stored", stored["deliveries"], expected + batches)
    report.check("of them in quarantine", stored["quarantined"], 0)
    for name in ("reviews", "revisions", "events"):
        report.check(f"{name} stored", stored[name], reviews)


def _closed(
    report: Report, backing: Servers, ingest: Product, requests: list[bytes], connections: int, reviews_each: int
) -> None:
    meter = Meter({"ingest": ingest.cpu_seconds, **backing.readers()}, frozenset({"ingest"}), cores.tested())
    groups = ingest.seen("plaudit_group_commit_requests"), ingest.seen("plaudit_group_commit_seconds")
    first = meter.sample()
    outcome = load.closed(("127.0.0.1", ingest.port), requests, connections)
    spent = meter.between(first, meter.sample())
    report.line("webhooks per second", f"{outcome.per_second:,.0f}")
    if reviews_each > 1:
        report.line("reviews per second", f"{outcome.per_second * reviews_each:,.0f}")
    report.line("latency", latencies(outcome.latencies_ms))
    count = len(requests) * reviews_each
    report.line(
        "processor time each",
        f"ingest {spent.us_each('ingest', count):.1f} µs, PostgreSQL {spent.us_each('PostgreSQL', count):.1f} µs",
    )
    report.line("ingest's core", f"{spent.seconds['ingest'] / spent.wall_seconds:.0%} busy with it")
    report.foreign(spent)
    commits = ingest.seen("plaudit_group_commit_requests")[1] - groups[0][1]
    report.line(
        "group commits",
        f"{commits:,.0f} of {ingest.mean('plaudit_group_commit_requests', groups[0]):.1f} webhooks, "
        f"{ingest.mean('plaudit_group_commit_seconds', groups[1]) * 1000:.2f} ms each",
    )
    _refused(report, outcome)


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
