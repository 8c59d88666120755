"""Processor time, from /proc: of processes, and of what else runs on the core of the process under test.

Wall-clock figures tell of the machine's other work too; processor time hardly does.
"""

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
_CHILDREN_USER, _CHILDREN_SYSTEM = 13, 14  # after the name, proc(5)
_IDLE, _IOWAIT = 3, 4


def _fields(pid: int) -> list[str]:
    # The name, in brackets, may hold anything.
    return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()


def process_seconds(pid: int) -> float:
    """Time that all threads of a process have run, as the scheduler counts it: exact, not by ticks of 10 ms."""
    nanoseconds = 0
    for thread in Path(f"/proc/{pid}/task").iterdir():
        try:
            nanoseconds += int((thread / "schedstat").read_text().split()[0])
        except OSError:
            continue  # it has just ended
    return nanoseconds / 1e9


def family_seconds(pid: int) -> float:
    """The same of a process and its children, those that have ended too (by ticks): a PostgreSQL server."""
    fields = _fields(pid)
    seconds = process_seconds(pid) + sum(int(fields[n]) for n in (_CHILDREN_USER, _CHILDREN_SYSTEM)) / TICKS_PER_SECOND
    for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        try:
            seconds += process_seconds(int(child))
        except OSError:
            continue  # it has just ended, and counts among those that have
    return seconds


def memory_bytes(pid: int) -> int:
    """Proportional set size of a process: memory that it shares with others counts in parts."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    raise ValueError(f"/proc/{pid}/smaps_rollup names no Pss")


def family_memory_bytes(pid: int) -> int:
    """The same of a process and its children."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return memory_bytes(pid) + sum(memory_bytes(int(child)) for child in children)


def busy_seconds(cores: frozenset[int]) -> float:
    """Time that these cores were not idle, whoever ran."""
    total = 0
    for line in Path("/proc/stat").read_text().splitlines():
        name, *fields = line.split()
        if name[:3] == "cpu" and name[3:].isdigit() and int(name[3:]) in cores:
            ticks = [int(field) for field in fields[:8]]
            total += sum(ticks) - ticks[_IDLE] - ticks[_IOWAIT]
    return total / TICKS_PER_SECOND


@dataclass(frozen=True)
class Sample:
    """Clock and processor times at one moment."""

    at: float
    seconds: Mapping[str, float]
    """By process."""
    busy: float
    """Of the watched cores."""


@dataclass(frozen=True)
class Spent:
    """What passed between two samples."""

    wall_seconds: float
    seconds: Mapping[str, float]
    on_core: frozenset[str]
    """Which of the processes run on the watched cores."""
    cores: int
    busy: float

    def us_each(self, name: str, count: int) -> float:
        """Microseconds of processor time for each of `count` things."""
        return self.seconds[name] / max(count, 1) * 1e6

    @property
    def foreign_share(self) -> float:
        """How much of the watched cores went to strangers; a figure made beside them is too low."""
        ours = sum(self.seconds[name] for name in self.on_core)
        return max(0.0, self.busy - ours) / max(self.wall_seconds * self.cores, 1e-9)


@dataclass(frozen=True)
class Meter:
    """Reads the processor times of a set of processes, and of the cores that some of them have to themselves."""

    readers: Mapping[str, Callable[[], float]]
    on_core: frozenset[str]
    cores: frozenset[int]

    def sample(self) -> Sample:
        """Read all now."""
        seconds = {name: read() for name, read in self.readers.items()}
        return Sample(time.monotonic(), seconds, busy_seconds(self.cores))

    def between(self, first: Sample, last: Sample) -> Spent:
        """What passed between two samples."""
        used = {name: last.seconds[name] - first.seconds[name] for name in self.readers}
        return Spent(last.at - first.at, used, self.on_core, len(self.cores), last.busy - first.busy)
