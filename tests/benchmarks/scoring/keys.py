"""Live scoring with few and with many rows of sums behind it: what an event costs must hardly depend on that.

There is a row for each subject before the first event, and the events draw their subjects from all of them. The rows
lie in the order in which such events would have made them.
"""

import asyncio
import random
from collections.abc import Iterator
from datetime import UTC, datetime

import asyncpg

from benchmarks import servers
from benchmarks.cpu import Spent
from benchmarks.machine import describe
from benchmarks.options import Options
from benchmarks.progress import tell
from benchmarks.report import Report
from benchmarks.reviews import SEED, TENANT, Shape, order_key, source_id
from benchmarks.scoring import group
from benchmarks.servers import PARTITIONS, Servers
from plaudit.common.contracts import Kind, Origin
from plaudit.common.events.partitioning import partition_of
from plaudit.scoring.sums.domain.fold import DELTA_KEY, Deltas, fold
from plaudit.scoring.sums.domain.kept import KeptSums
from plaudit.scoring.sums.domain.review import ReviewSource, ScoredChange, ScoredReview

EVENTS = 500_000
KEYS = (10_000, 1_000_000)
_TOUCHED = "SELECT count(*) AS rows FROM scoring.sums WHERE n1 + n2 + n3 + n4 + n5 > 1"
_WARM = """
SET enable_seqscan = off;
SET enable_bitmapscan = off;
SELECT sum(n1) FROM scoring.sums WHERE id > 0;
SELECT max(prefix) FROM (SELECT prefix FROM scoring.sums ORDER BY tenant_id, prefix OFFSET 0)
"""
"""Both indexes and what they point to, into PostgreSQL's buffers: a table that has long been in use is there."""


def run(report: Report, options: Options) -> None:
    """Measure both, each on servers of its own, and print by how much an event costs more with many."""
    costs = []
    for keys in KEYS:
        with servers.running() as backing:
            asyncio.run(backing.prepare("scoring"))
            if keys == KEYS[0]:
                describe(report, backing)
            costs.append(_run_keys(report, options, backing, keys))
    report.heading(f"scoring, live: {KEYS[1]:,} rows behind beside {KEYS[0]:,}")
    for part, name in enumerate(("all", "second half")):
        few, many = (cost[part] for cost in costs)
        report.line(f"processor time each, {name}", f"{few:.2f} µs → {many:.2f} µs, {many / few:.2f} times")


def _run_keys(report: Report, options: Options, backing: Servers, keys: int) -> tuple[float, float]:
    """Return the microseconds of worker and PostgreSQL for an event: of all of them, and of the second half."""
    events = options.scaled(EVENTS)
    shape = Shape("keys behind", subjects=keys, exponent=0.9, depth=1, sources=1)
    report.heading(f"scoring, live: {keys:,} rows behind")
    report.note(f"making {keys:,} rows of sums")
    asyncio.run(_make_rows(backing.database_url, shape))
    group.fill(report, backing, shape, events)
    with group.worker(backing, "live", profile=options.profile) as worker:
        drained = group.drain(backing, "live", events, {"worker": worker})
        tell(report, drained)
        group.tell_batches(report, worker)
    touched = asyncio.run(servers.fetch(backing.database_url, _TOUCHED))["rows"]
    report.line("rows added to", f"{touched:,}: for {touched / events:.0%} of the events their row is not known yet")
    group.check_counts(report, backing, shape, events, behind=keys)
    report.profile(worker.profile)
    return _cost(*drained.whole), _cost(*drained.second_half)


def _cost(events: int, spent: Spent) -> float:
    return spent.us_each("worker", events) + spent.us_each("PostgreSQL", events)


async def _make_rows(database_url: str, shape: Shape) -> None:
    """Fill the table as if each subject had had one review, gather statistics, and warm the buffers."""
    connection = await asyncpg.connect(database_url)
    try:
        columns = (*DELTA_KEY, *KeptSums._fields)
        await connection.copy_records_to_table("sums", schema_name="scoring", columns=columns, records=rows(shape))
        await connection.execute("VACUUM (ANALYZE) scoring.sums")
        await connection.execute(_WARM)
    finally:
        await connection.close()


def rows(shape: Shape) -> Iterator[tuple[str | int | float, ...]]:
    """Yield the rows: their keys, then the numbers of one review."""
    review = ScoredReview(
        shape.subject(0),
        Kind.STARS,
        4.0,
        verified=True,
        origin=Origin.INVITED,
        rated_at=datetime.now(UTC),
        source=ReviewSource(source_id(0)),
    )
    deltas: Deltas = {}
    fold(deltas, TENANT, 0, ScoredChange(before=None, after=review))
    (((_, _, source, traits, _, block), numbers),) = deltas.items()
    for number in _first_seen(shape):
        subject = shape.subject(number)
        yield TENANT, subject, source, traits, partition_of(order_key(subject).encode(), PARTITIONS), block, *numbers


def _first_seen(shape: Shape) -> list[int]:
    """Return the subjects in an order in which they come up first; each comes up after an exponential time."""
    draw = random.Random(SEED)
    return sorted(range(shape.subjects), key=lambda number: draw.expovariate((number + 1) ** -shape.exponent))
