"""What the programs of scoring share: a group's process, how far the group has come, and what it has counted."""

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from benchmarks import cores, servers, topic
from benchmarks.cpu import Meter
from benchmarks.progress import Drained, watch
from benchmarks.report import Report
from benchmarks.reviews import Shape, outgoing
from benchmarks.servers import PARTITIONS, Product, Servers
from plaudit.common.contracts.topics import REVIEWS

ONE_ROW = Shape("one row of sums per event", subjects=50_000, exponent=0.9, depth=1, sources=1)
REAL = Shape("real shape", subjects=50_000, exponent=0.9, depth=2, sources=4)

_APPLIED = "SELECT coalesce(sum(sequence), 0)::bigint FROM scoring.positions WHERE consumer_group = 'scoring-{}'"
_COUNTS = """
SELECT count(*) AS rows, coalesce(sum(n1 + n2 + n3 + n4 + n5), 0)::bigint AS counted,
       coalesce(sum(n1 + n2 + n3 + n4 + n5) FILTER (WHERE position('/' IN prefix) = 0), 0)::bigint AS at_the_top
FROM scoring.sums
"""


def fill(report: Report, backing: Servers, shape: Shape, events: int) -> None:
    """Fill the topic, and print what with."""
    report.note(f"filling the topic with {events:,} events")
    average_bytes = asyncio.run(topic.fill(backing, REVIEWS.name, outgoing(shape, events))) // events
    report.text(f"{events:,} events of {average_bytes:,} bytes, {PARTITIONS} partitions; {shape.summary}")


@contextmanager
def worker(backing: Servers, group: str, *, profile: bool = False, pinned: bool = True) -> Iterator[Product]:
    """Run a process of scoring that has this group alone."""
    with servers.product(
        backing, "benchmarks.scoring.process", group, "consume", profile=profile, pinned=pinned
    ) as made:
        yield made


def drain(backing: Servers, group: str, events: int, workers: Mapping[str, Product], *, pinned: bool = True) -> Drained:
    """Watch these processes until the group has applied all events.

    Args:
        backing: the servers.
        group: its name without the service's.
        events: in the topic.
        workers: by the name that figures have.
        pinned: the workers have the tested core to themselves; otherwise they and the servers share all cores.
    """
    ours = {name: each.cpu_seconds for name, each in workers.items()}
    readers = ours | backing.readers()
    meter = Meter(readers, frozenset(ours if pinned else readers), cores.tested() if pinned else cores.all_cores())
    return asyncio.run(
        watch(
            backing.database_url,
            _APPLIED.format(group),
            events,
            meter,
            running=lambda: all(each.process.running for each in workers.values()),
        )
    )


def tell_batches(report: Report, each: Product) -> None:
    """Print how large a worker's batches were."""
    batches = each.seen("plaudit_consumer_batch_records")[1]
    mean_records = each.mean("plaudit_consumer_batch_records")
    mean_ms = each.mean("plaudit_consumer_batch_seconds") * 1000
    fenced = each.metric("plaudit_consumer_fenced_batches_total")
    report.line("batches", f"{batches:,.0f} of {mean_records:,.0f} events, {mean_ms:.1f} ms each; fenced {fenced:.0f}")


def check_counts(report: Report, backing: Servers, shape: Shape, events: int, behind: int = 0) -> None:
    """Print how many rows of sums there are, and check what they have counted.

    Args:
        report: where to.
        backing: the servers.
        shape: of the events.
        events: how many were in the topic.
        behind: how many reviews were counted before.
    """
    found = asyncio.run(servers.fetch(backing.database_url, _COUNTS))
    report.line("rows of sums", f"{found['rows']:,}")
    report.check("events counted at the top", found["at_the_top"] - behind, events)
    report.check("counted by all prefixes", found["counted"] - behind, events * shape.depth)
