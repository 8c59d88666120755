"""Watch processes work something off: how much is done, and what it took, every few milliseconds."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass

import asyncpg

from benchmarks.cpu import Meter, Sample, Spent
from benchmarks.report import Report

POLL_SECONDS = 0.02
STALL_SECONDS = 30.0


class StalledError(Exception):
    """Nothing moves any more."""


@dataclass(frozen=True)
class Step:
    """How much was done at one moment."""

    done: int
    wal_bytes: int
    """All that PostgreSQL had written to its log by then."""
    sample: Sample


@dataclass(frozen=True)
class Drained:
    """What was seen, from the first movement to the end."""

    steps: list[Step]
    meter: Meter

    def between(self, first: Step, last: Step) -> tuple[int, Spent]:
        """How much was done between two steps, and what it took."""
        return last.done - first.done, self.meter.between(first.sample, last.sample)

    def part(self, first_share: float, last_share: float) -> tuple[int, Spent]:
        """The part of the work between two shares of it, each from 0 to 1."""
        return self.between(self.at(first_share), self.at(last_share))

    def at(self, share: float) -> Step:
        """The first step at which such a share of the work was done."""
        return next(step for step in self.steps if step.done >= share * self.steps[-1].done)

    @property
    def whole(self) -> tuple[int, Spent]:
        """From the first movement to the end."""
        return self.part(0, 1)

    @property
    def second_half(self) -> tuple[int, Spent]:
        """The second half of the work, when everything is warm."""
        return self.part(0.5, 1)

    def wal_bytes_each(self, first_share: float, last_share: float) -> float:
        """Bytes of PostgreSQL's log for each thing done between two shares of the work."""
        first, last = self.at(first_share), self.at(last_share)
        return (last.wal_bytes - first.wal_bytes) / max(last.done - first.done, 1)


async def watch(database_url: str, done_sql: str, total: int, meter: Meter, running: Callable[[], bool]) -> Drained:
    """Return once `total` is done, as a query for one number tells.

    Raises:
        StalledError: nothing moved for half a minute, or a process ended.
    """
    connection = await asyncpg.connect(database_url)
    try:
        return await _watch(connection, done_sql, total, meter, running)
    finally:
        await connection.close()


async def _watch(
    connection: asyncpg.Connection, done_sql: str, total: int, meter: Meter, running: Callable[[], bool]
) -> Drained:
    question = f"SELECT ({done_sql}), (pg_current_wal_insert_lsn() - '0/0'::pg_lsn)::bigint"
    steps: list[Step] = []
    moved_at = time.monotonic()
    seen = 0
    while seen < total:
        ((now_done, wal_bytes),) = await connection.fetch(question)
        if now_done != seen:
            seen, moved_at = now_done, time.monotonic()
            steps.append(Step(seen, wal_bytes, meter.sample()))
        elif not running() or time.monotonic() - moved_at > STALL_SECONDS:
            raise StalledError(f"{seen:,} of {total:,} done, and nothing moves")
        await asyncio.sleep(POLL_SECONDS)
    return Drained(steps, meter)


def tell(report: Report, drained: Drained) -> None:
    """Print rates, processor times and WAL of one tested process: of all of it, and of the second half."""
    (tested,) = drained.meter.on_core
    for part, first_share in (("", 0.0), (", second half", 0.5)):
        count, spent = drained.part(first_share, 1)
        report.line(f"events per second{part}", f"{count / spent.wall_seconds:,.0f}")
        each = [f"{name} {spent.us_each(name, count):.2f} µs" for name in drained.meter.readers]
        report.line(f"processor time each{part}", ", ".join(each))
        report.line(f"WAL each{part}", f"{drained.wal_bytes_each(first_share, 1):,.0f} bytes")
        report.line(f"{tested}'s core", f"{spent.seconds[tested] / spent.wall_seconds:.0%} busy with it")
        report.foreign(spent)
