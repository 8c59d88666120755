"""Two processes of live scoring that share the partitions, beside one.

The topic is full before they start on it, so nothing but them, PostgreSQL and Kafka needs a core. Nothing is pinned:
the kernel gives each process whichever core is free, with one and with two.
"""

import asyncio
import time
from collections.abc import Collection, Mapping
from contextlib import ExitStack
from dataclasses import dataclass

import asyncpg

from benchmarks import servers, topic
from benchmarks.machine import describe
from benchmarks.options import Options
from benchmarks.progress import Drained
from benchmarks.report import Report
from benchmarks.reviews import outgoing
from benchmarks.scoring import group
from benchmarks.servers import PARTITIONS, Product, Servers
from plaudit.common.contracts.topics import REVIEWS

EVENTS = 500_000
WORKERS = (1, 2)
FROM_SHARE, TO_SHARE = 0.1, 0.85
"""What is measured: the end is left out, where one process has no more to do than wait for the other."""
JOIN_SECONDS = 30.0
REPEATS = 500
"""Enough that each partition gets some."""
_START_AGAIN = """
TRUNCATE scoring.sums;
UPDATE scoring.positions SET next_offset = 0, epoch = 0, sequence = 0
"""


@dataclass(frozen=True)
class Pace:
    """Events per second."""

    per_second: float
    most_per_second: float
    """As far as processor time goes: what the same work would give if nothing waited and nobody else ran."""


def run(report: Report, options: Options) -> None:
    """Measure one process and two on the same topic, each from nothing, and print how much faster two are."""
    events = options.scaled(EVENTS)
    with servers.running(pinned=False) as backing:
        asyncio.run(backing.prepare("scoring"))
        describe(report, backing, pinned=False)
        report.heading("scoring, live: worker processes")
        group.fill(report, backing, group.ONE_ROW, events)
        report.text(f"measured from {FROM_SHARE:.0%} to {TO_SHARE:.0%} of the events, no process pinned")
        one, two = (_run_some(report, options, backing, count, events) for count in WORKERS)
    report.heading("scoring, live: two worker processes beside one")
    report.line("rate of two to rate of one", f"{two.per_second / one.per_second:.2f}")
    report.line("the most that it can be", f"{two.most_per_second / one.most_per_second:.2f} by processor time")


def _run_some(report: Report, options: Options, backing: Servers, count: int, events: int) -> Pace:
    """Return how fast so many processes are."""
    report.heading(f"scoring, live: {count} worker process{'es' if count > 1 else ''}")
    with ExitStack() as stack:
        workers = {
            f"worker {number}": stack.enter_context(
                group.worker(backing, "live", profile=options.profile and number == 1, pinned=False)
            )
            for number in range(1, count + 1)
        }
        if count > 1:
            _start_again_together(backing, workers)
        drained = group.drain(backing, "live", events, workers, pinned=False)
        for name, each in workers.items():
            applied = each.metric("plaudit_consumer_applied_total")
            report.line(f"applied by {name}", f"{applied:,.0f} events, {applied / events:.0%}")
            group.tell_batches(report, each)
    pace = _tell(report, drained, workers.keys())
    group.check_counts(report, backing, group.ONE_ROW, events)
    report.profile(workers["worker 1"].profile)
    return pace


def _start_again_together(backing: Servers, workers: Mapping[str, Product]) -> None:
    """Let processes share the partitions first, with nothing to do, and then send them back to the start.

    A process that joins a group waits for the others' next heartbeat, which is seconds; they would work on without it.
    So they begin where the process before them has ended. Then their positions in the database are moved to the start,
    and some repeated events come: their batches are refused, and the processes load the positions again.
    """
    deadline = time.monotonic() + JOIN_SECONDS
    for each in workers.values():
        each.wait_ready()
        while len(each.metrics("plaudit_consumer_lag_records")) != PARTITIONS // len(workers):
            if time.monotonic() > deadline:
                raise RuntimeError(f"the processes do not share the partitions after {JOIN_SECONDS:.0f} s")
            time.sleep(0.2)
    asyncio.run(_start_again(backing))


async def _start_again(backing: Servers) -> None:
    connection = await asyncpg.connect(backing.database_url)
    try:
        await connection.execute(_START_AGAIN)
    finally:
        await connection.close()
    await topic.fill(backing, REVIEWS.name, outgoing(group.ONE_ROW, REPEATS))


def _tell(report: Report, drained: Drained, workers: Collection[str]) -> Pace:
    done, spent = drained.part(FROM_SHARE, TO_SHARE)
    each = {name: spent.us_each(name, done) for name in drained.meter.readers}
    # A worker has one thread; all processes together have all cores.
    least_us = max(*(each[name] for name in workers), sum(each.values()) / spent.cores)
    pace = Pace(done / spent.wall_seconds, 1e6 / least_us)
    report.line("events per second", f"{pace.per_second:,.0f}; {pace.most_per_second:,.0f} if no core ever waited")
    report.line("processor time each", ", ".join(f"{name} {us:.2f} µs" for name, us in each.items()))
    shares = [f"{name} {seconds / spent.wall_seconds:.0%}" for name, seconds in spent.seconds.items()]
    report.line("of one core", ", ".join(shares))
    report.line("WAL each", f"{drained.wal_bytes_each(FROM_SHARE, TO_SHARE):,.0f} bytes")
    report.foreign(spent)
    return pace
