"""Signed webhooks through the front door (Caddy) beside the same on ingest's own port, in turns.

Ingest has one core, everything else the others: Caddy, PostgreSQL and the load.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice

from benchmarks import cores, cpu, load, servers
from benchmarks.cpu import Meter
from benchmarks.hooks import Hook, make_key, make_sources
from benchmarks.machine import describe
from benchmarks.options import Options
from benchmarks.report import Report, latencies
from benchmarks.servers import Product, Servers
from benchmarks.webhook import single_requests
from plaudit_local.servers import caddy
from plaudit_local.servers.ports import LOOPBACK, free_port
from plaudit_local.servers.process import GuardedProcess

SOURCES = 8
CONNECTIONS = 64
WARM_UP = 2_000
WEBHOOKS = 20_000
TURNS = 2
STEADY = (1_000.0, 10_000)
"""Webhooks a second, and how many, sent on time whatever the answers do."""
READY_SECONDS = 20.0
DIRECT = "ingest's own port"
THROUGH = "through Caddy"

_COUNTS = "SELECT count(*) AS n, count(*) FILTER (WHERE quarantine_reason IS NOT NULL) AS bad FROM ingest.deliveries"


def run(report: Report, options: Options) -> None:
    """Measure both ways in turns, at full speed and at a steady rate; compare what is stored with what was sent."""
    with servers.running(with_kafka=False) as backing:
        asyncio.run(backing.prepare("ingest"))
        describe(report, backing)
        with (
            servers.product(backing, "plaudit.ingest.main", "api", profile=options.profile) as ingest,
            _door(backing, ingest) as (port, process),
        ):
            ingest.wait_ready()
            hooks = make_sources(ingest, asyncio.run(make_key(backing)), [f"company-{n}" for n in range(SOURCES)])
            meter = Meter(
                {
                    "ingest": ingest.cpu_seconds,
                    "Caddy": lambda: cpu.process_seconds(process.pid),
                    **backing.readers(),
                },
                frozenset({"ingest"}),
                cores.tested(),
            )
            sent = _run_both(report, options, meter, {DIRECT: ingest.port, THROUGH: port}, hooks)
        report.profile(ingest.profile)
        stored = asyncio.run(servers.fetch(backing.database_url, _COUNTS))
        report.check("deliveries stored", stored["n"], sent)
        report.check("of them in quarantine", stored["bad"], 0)


def _run_both(report: Report, options: Options, meter: Meter, ports: dict[str, int], hooks: list[Hook]) -> int:
    """Return how many webhooks were sent."""
    warm_up, count = options.scaled(WARM_UP), options.scaled(WEBHOOKS)
    rate, steady = STEADY[0], options.scaled(STEADY[1])
    sent = len(ports) * (warm_up + TURNS * count + steady)
    report.note(f"making {sent:,} requests")
    requests = single_requests(hooks, sent, "d")
    for port in ports.values():
        load.closed((LOOPBACK, port), list(islice(requests, warm_up)), CONNECTIONS)
    for turn in range(TURNS):
        for name, port in ports.items():
            report.heading(f"door: {name}, {CONNECTIONS} connections, turn {turn + 1}")
            _at_full_speed(report, meter, port, list(islice(requests, count)))
    for name, port in ports.items():
        report.heading(f"door: {name}, {rate:,.0f} a second, sent on time whatever the answers do")
        first = meter.sample()
        outcome = load.opened((LOOPBACK, port), list(islice(requests, steady)), CONNECTIONS, rate)
        spent = meter.between(first, meter.sample())
        report.line("latency", latencies(outcome.latencies_ms))
        report.line("processor time each", _each(spent, steady))
        report.line("answers not 2xx", f"{outcome.refused} of {steady:,}")
    return sent


def _at_full_speed(report: Report, meter: Meter, port: int, requests: list[bytes]) -> None:
    first = meter.sample()
    outcome = load.closed((LOOPBACK, port), requests, CONNECTIONS)
    spent = meter.between(first, meter.sample())
    report.line("webhooks per second", f"{outcome.per_second:,.0f}")
    report.line("latency", latencies(outcome.latencies_ms))
    report.line("processor time each", _each(spent, len(requests)))
    report.foreign(spent)
    report.line("answers not 2xx", f"{outcome.refused} of {len(requests):,}")


def _each(spent: cpu.Spent, count: int) -> str:
    return ", ".join(f"{name} {spent.us_each(name, count):.1f} µs" for name in spent.seconds)


@contextmanager
def _door(backing: Servers, ingest: Product) -> Iterator[tuple[int, GuardedProcess]]:
    """Run the front door before ingest, on the cores that are not ingest's."""
    port = free_port()
    spec = caddy.front_door(
        port=port,
        services={"ingest": f"{LOOPBACK}:{ingest.port}"},
        folder=backing.folder,
        log=backing.folder / "front-door.log",
    )
    with cores.on(cores.others()):
        process = GuardedProcess(spec)
    try:
        process.wait_ready(lambda: caddy.answers(port), READY_SECONDS)
        yield port, process
    finally:
        process.stop()
