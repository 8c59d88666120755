"""Watch a process work something off: how much is done, and what processor time it took, every few milliseconds."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

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
    sample: Sample


@dataclass(frozen=True)
class Drained:
    """What was seen, from the first movement to the end."""

    steps: list[Step]
    meter: Meter

    def between(self, first: Step, last: Step) -> tuple[int, Spent]:
        """How much was done between two steps, and what it took."""
        return last.done - first.done, self.meter.between(first.sample, last.sample)

    @property
    def whole(self) -> tuple[int, Spent]:
        """From the first movement to the end."""
        return self.between(self.steps[0], self.steps[-1])

    @property
    def second_half(self) -> tuple[int, Spent]:
        """The second half of the work, when everything is warm."""
        half = self.steps[-1].done / 2
        first = next(step for step in self.steps if step.done >= half)
        return self.between(first, self.steps[-1])


async def watch(done: Callable[[], Awaitable[int]], total: int, meter: Meter, running: Callable[[], bool]) -> Drained:
    """Return once `total` is done.

    Raises:
        StalledError: nothing moved for half a minute, or the process ended.
    """
    steps: list[Step] = []
    moved_at = time.monotonic()
    seen = 0
    while seen < total:
        now_done = await done()
        if now_done != seen:
            seen, moved_at = now_done, time.monotonic()
            steps.append(Step(seen, meter.sample()))
        elif not running() or time.monotonic() - moved_at > STALL_SECONDS:
            raise StalledError(f"{seen:,} of {total:,} done, and nothing moves")
        await asyncio.sleep(POLL_SECONDS)
    return Drained(steps, meter)


def tell(report: Report, drained: Drained) -> None:
    """Print rates and processor times: of all of it, and of the second half."""
    (tested,) = drained.meter.on_core
    for part, (count, spent) in (("", drained.whole), (", second half", drained.second_half)):
        report.line(f"events per second{part}", f"{count / spent.wall_seconds:,.0f}")
        each = [f"{name} {spent.us_each(name, count):.2f} µs" for name in drained.meter.readers]
        report.line(f"processor time each{part}", ", ".join(each))
        report.line(f"{tested}'s core", f"{spent.seconds[tested] / spent.wall_seconds:.0%} busy with it")
        report.foreign(spent)
