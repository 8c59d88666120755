"""What an event costs both groups with few and with many reviews of its subject behind it.

All events are of one subject, whose reviews are in the ledger and in the sums before the first event.
"""

import asyncio
from datetime import UTC, datetime
from typing import Final

import asyncpg

from benchmarks import servers
from benchmarks.cpu import Spent
from benchmarks.machine import describe
from benchmarks.options import Options
from benchmarks.progress import tell
from benchmarks.report import Report
from benchmarks.reviews import Shape
from benchmarks.scoring import group, moments
from benchmarks.servers import PARTITIONS, Servers

EVENTS: Final = 300_000
BEHIND: Final = (10_000, 10_000_000)
GROUPS: Final = ("live", "history")
ONE_SUBJECT: Final = Shape("one subject", subjects=1, exponent=1.0, depth=1, sources=4)


def run(report: Report, options: Options) -> None:
    """Measure both, each on servers of its own, and print by how much an event costs more with many."""
    costs: list[dict[str, float]] = []
    behinds = BEHIND[0], max(BEHIND[0], options.scaled(BEHIND[1]))
    for number, behind in enumerate(behinds):
        with servers.running() as backing:
            asyncio.run(backing.prepare("scoring"))
            if not number:
                describe(report, backing)
            costs.append(_run_behind(report, options, backing, behind))
    report.heading(f"scoring: {behinds[1]:,} reviews behind beside {behinds[0]:,}")
    few, many = costs
    for name in GROUPS:
        report.line(
            f"processor time each, {name}, second half",
            f"{few[name]:.2f} µs → {many[name]:.2f} µs, {many[name] / few[name]:.2f} times",
        )


def _run_behind(report: Report, options: Options, backing: Servers, behind: int) -> dict[str, float]:
    """Return group → the microseconds of its worker and of PostgreSQL for an event of the second half."""
    events = options.scaled(EVENTS)
    report.heading(f"scoring: {behind:,} reviews behind")
    subject = ONE_SUBJECT.subject(0)
    # They come from a partition that there is not, so that no event has their place.
    asyncio.run(moments.seed(report, backing, behind, datetime.now(UTC), PARTITIONS, subject, subject))
    asyncio.run(moments.make_sums(report, backing))
    asyncio.run(_leave_places(backing.database_url))
    group.fill(report, backing, ONE_SUBJECT, events)
    found = {}
    for name in GROUPS:
        report.heading(f"scoring, {name}: {behind:,} reviews behind")
        with group.worker(backing, name, profile=options.profile) as worker:
            drained = group.drain(backing, name, events, {"worker": worker})
            tell(report, drained)
            group.tell_batches(report, worker)
        found[name] = _cost(*drained.second_half)
        report.profile(worker.profile)
    group.check_counts(report, backing, ONE_SUBJECT, events, behind=behind)
    return found


def _cost(events: int, spent: Spent) -> float:
    return spent.us_each("worker", events) + spent.us_each("PostgreSQL", events)


async def _leave_places(database_url: str) -> None:
    """Take away how far the groups are, which the sums needed: the topic is new."""
    connection = await asyncpg.connect(database_url)
    await connection.execute("DELETE FROM scoring.positions")
    await connection.close()
