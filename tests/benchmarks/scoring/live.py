"""Live scoring: events folded into sums by the real consumer process on one core."""

import asyncio

from benchmarks import servers
from benchmarks.machine import describe
from benchmarks.options import Options
from benchmarks.progress import tell
from benchmarks.report import Report
from benchmarks.reviews import Shape
from benchmarks.scoring import group
from benchmarks.servers import Servers

EVENTS = 500_000
SHAPES = (group.ONE_ROW, group.REAL)


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
    report.heading(f"scoring, live: {shape.name}")
    group.fill(report, backing, shape, events)
    with group.worker(backing, "live", profile=options.profile) as worker:
        drained = group.drain(backing, "live", events, {"worker": worker})
        tell(report, drained)
        group.tell_batches(report, worker)
    group.check_counts(report, backing, shape, events)
    report.profile(worker.profile)
