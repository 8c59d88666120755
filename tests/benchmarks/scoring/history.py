"""Scoring's history: events appended to the ledger by the real consumer process on one core."""

import asyncio

from benchmarks import servers
from benchmarks.machine import describe
from benchmarks.options import Options
from benchmarks.progress import tell
from benchmarks.report import Report
from benchmarks.scoring import group

EVENTS = 500_000


def run(report: Report, options: Options) -> None:
    """Measure the group alone, without live beside it."""
    events = options.scaled(EVENTS)
    with servers.running() as backing:
        asyncio.run(backing.prepare("scoring"))
        describe(report, backing)
        report.heading("scoring, history")
        group.fill(report, backing, group.REAL, events)
        with group.worker(backing, "history", profile=options.profile) as worker:
            tell(report, group.drain(backing, "history", events, {"worker": worker}))
            group.tell_batches(report, worker)
        found = asyncio.run(servers.fetch(backing.database_url, "SELECT count(*) AS entries FROM scoring.ledger"))
        report.check("entries of the ledger", found["entries"], events)
        report.profile(worker.profile)
