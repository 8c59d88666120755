"""Live scoring: a topic full of events, folded into sums by the real consumer process on one core."""

import asyncio

import asyncpg

from benchmarks import cores, servers, topic
from benchmarks.cpu import Meter
from benchmarks.machine import describe
from benchmarks.options import Options
from benchmarks.progress import Drained, tell, watch
from benchmarks.report import Report
from benchmarks.reviews import Shape, outgoing
from benchmarks.servers import PARTITIONS, Product, Servers
from plaudit.common.contracts.topics import REVIEWS

EVENTS = 500_000
SHAPES = (
    Shape("one row of sums per event", subjects=50_000, exponent=0.9, depth=1, sources=1),
    Shape("real shape", subjects=50_000, exponent=0.9, depth=2, sources=4),
)

_APPLIED = "SELECT coalesce(sum(sequence), 0)::bigint FROM scoring.positions WHERE consumer_group = 'scoring-live'"
_COUNTS = """
SELECT count(*) AS rows, sum(n1 + n2 + n3 + n4 + n5)::bigint AS counted,
       sum(n1 + n2 + n3 + n4 + n5) FILTER (WHERE position('/' IN prefix) = 0)::bigint AS at_the_top
FROM scoring.sums
"""


def run(report: Report, options: Options) -> None:
    """Measure both shapes, each on servers of its own."""
    for shape in SHAPES:
        with servers.running() as backing:
            asyncio.run(backing.prepare("scoring"))
            if shape is SHAPES[0]:
                describe(report, backing)
            _run_shape(report, options, backing, shape)


def _run_shape(report: Report, options: Options, backing: Servers, shape: Shape) -> None:
    events = options.scaled(EVENTS)
    report.note(f"filling the topic with {events:,} events")
    average_bytes = asyncio.run(topic.fill(backing, REVIEWS.name, outgoing(shape, events))) // events
    report.heading(f"scoring, live: {shape.name}")
    report.text(f"{events:,} events of {average_bytes:,} bytes, {PARTITIONS} partitions; {shape.summary}")
    with servers.product(backing, "benchmarks.live_worker", "consume", profile=options.profile) as worker:
        drained = asyncio.run(_drain(backing, worker, events))
        batches = worker.seen("plaudit_consumer_batch_records")[1]
        mean_records = worker.mean("plaudit_consumer_batch_records")
        mean_ms = worker.mean("plaudit_consumer_batch_seconds") * 1000
        fenced = worker.metric("plaudit_consumer_fenced_batches_total")
    report.profile(worker.profile)
    tell(report, drained)
    report.line("batches", f"{batches:,.0f} of {mean_records:,.0f} events, {mean_ms:.1f} ms each; fenced {fenced:.0f}")
    found = asyncio.run(servers.fetch(backing.database_url, _COUNTS))
    report.line("rows of sums", f"{found['rows']:,}")
    report.check("events counted at the top", found["at_the_top"], events)
    report.check("counted by all prefixes", found["counted"], events * shape.depth)


async def _drain(backing: Servers, worker: Product, events: int) -> Drained:
    connection = await asyncpg.connect(backing.database_url)
    try:
        meter = Meter({"worker": worker.cpu_seconds, **backing.readers()}, frozenset({"worker"}), cores.tested())
        return await watch(lambda: connection.fetchval(_APPLIED), events, meter, running=lambda: worker.process.running)
    finally:
        await connection.close()
