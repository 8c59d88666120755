"""Live scoring beside Quix Streams, faust-streaming and an ORM: one topic, one core, the same figures kept."""

import asyncio
import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiokafka
import asyncpg
import sqlalchemy

from benchmarks import cores, servers
from benchmarks.cpu import Meter, process_seconds
from benchmarks.machine import describe
from benchmarks.options import Options
from benchmarks.peers.environments import python_of
from benchmarks.progress import Drained, StalledError, Step
from benchmarks.report import Report
from benchmarks.scoring import group
from benchmarks.servers import PARTITIONS, SOURCES, Servers
from plaudit.common.contracts.topics import REVIEWS
from plaudit_local.servers.process import GuardedProcess, Spec, plain_environment

EVENTS = 100_000
WARM_SHARE = 0.2
"""What is left out at the start, for all alike."""
POLL_SECONDS = 0.05
STALL_SECONDS = 120.0
_WAL = "SELECT (pg_current_wal_insert_lsn() - '0/0'::pg_lsn)::bigint"


@dataclass(frozen=True)
class Peer:
    """One of those beside us."""

    name: str
    what: str
    module: str
    python: Callable[[], str]
    share: float = 1.0
    """Of the events: fewer for those that take very long."""
    settings: tuple[tuple[str, str], ...] = ()


PEERS = (
    Peer(
        "Quix Streams 3.28.1",
        "exactly once, by Kafka's transactions; state in RocksDB and a changelog topic",
        "benchmarks.peers.quix",
        lambda: python_of("quix"),
    ),
    Peer(
        "faust-streaming 0.15.3",
        "at least once: a crash counts some events twice; table in memory and a changelog topic",
        "benchmarks.peers.faust_table",
        lambda: python_of("faust"),
    ),
    Peer(
        f"SQLAlchemy {sqlalchemy.__version__}, aiokafka {aiokafka.__version__}",
        "exactly once: rows and position in one transaction an event",
        "benchmarks.peers.per_event",
        lambda: sys.executable,
        share=0.1,
    ),
)


def run(report: Report, options: Options) -> None:
    """Measure ourselves and each peer, one after the other, over the same topic."""
    events = options.scaled(EVENTS)
    with servers.running() as backing:
        asyncio.run(backing.prepare("scoring"))
        describe(report, backing)
        report.heading("scoring beside its peers")
        group.fill(report, backing, group.REAL, events)
        report.text(f"measured from {WARM_SHARE:.0%} of the events to the end, one process on a core of its own")
        report.heading("scoring beside its peers: Plaudit's live group")
        report.text("exactly once: rows and positions in one transaction a batch; read by others as it is committed")
        with group.worker(backing, "live", profile=options.profile) as worker:
            ours = _tell(report, group.drain(backing, "live", events, {"worker": worker}))
        group.check_counts(report, backing, group.REAL, events)
        report.profile(worker.profile)
        for peer in PEERS:
            report.heading(f"scoring beside its peers: {peer.name}")
            report.text(peer.what)
            with _running(backing, peer, count := max(int(events * peer.share), 1)) as (process, folder):
                theirs = _tell(report, asyncio.run(_watch(backing, process, folder, count)))
                report.check("events counted at the top", round(_told(folder)["at_the_top"]), count)
            report.line("its processor time to Plaudit's", f"{theirs / ours:.1f} times")


@contextmanager
def _running(backing: Servers, peer: Peer, events: int) -> Iterator[tuple[GuardedProcess, Path]]:
    """Run a peer on the tested core, with a folder in which it tells how far it is."""
    python, folder = peer.python(), backing.folder / peer.module
    folder.mkdir()
    environment = {
        "PYTHONPATH": str(SOURCES),
        "PLAUDIT_DATABASE_URL": backing.database_url,
        "PEER_BOOTSTRAP": backing.settings.kafka_bootstrap_servers,
        "PEER_TOPIC": REVIEWS.name,
        "PEER_EVENTS": str(events),
        "PEER_PARTITIONS": str(PARTITIONS),
        "PEER_FOLDER": str(folder),
        **dict(peer.settings),
    }
    with cores.on(cores.tested()):
        command = [python, "-m", peer.module]
        spec = Spec(peer.module, command, folder / "log", environment=plain_environment(**environment))
        process = GuardedProcess(spec)
    try:
        yield process, folder
    finally:
        process.kill()


async def _watch(backing: Servers, process: GuardedProcess, folder: Path, events: int) -> Drained:
    """Return what was seen until all is counted. PostgreSQL is asked as often as a peer tells how far it is.

    Raises:
        StalledError: nothing moves any more.
    """
    meter = Meter(
        {"worker": lambda: process_seconds(process.pid), **backing.readers()}, frozenset({"worker"}), cores.tested()
    )
    steps: list[Step] = []
    moved_at, done = time.monotonic(), 0
    connection = await asyncpg.connect(backing.database_url)
    try:
        while done < events:
            now_done = _told(folder).get("done", 0)
            if now_done != done:
                done, moved_at = now_done, time.monotonic()
                steps.append(Step(done, await connection.fetchval(_WAL), meter.sample()))
            elif not process.running or time.monotonic() - moved_at > STALL_SECONDS:
                raise StalledError(f"{done:,} of {events:,} done: {(folder / 'log').read_text()[-3_000:]}")
            await asyncio.sleep(POLL_SECONDS)
    finally:
        await connection.close()
    return Drained(steps, meter)


def _told(folder: Path) -> dict[str, Any]:
    path = folder / "told"
    found: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}
    return found


def _tell(report: Report, drained: Drained) -> float:
    """Print what an event took; return its processor time in all, in microseconds."""
    count, spent = drained.part(WARM_SHARE, 1)
    each = {name: spent.us_each(name, count) for name in drained.meter.readers}
    report.line("events per second", f"{count / spent.wall_seconds:,.0f}")
    report.line("processor time each", ", ".join(f"{name} {us:,.1f} µs" for name, us in each.items()))
    report.line("WAL each", f"{drained.wal_bytes_each(WARM_SHARE, 1):,.0f} bytes")
    report.line("load of the machine", f"{os.getloadavg()[0]:.1f}")
    report.foreign(spent)
    return sum(each.values())
