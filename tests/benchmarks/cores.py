"""Which core the process under test has, and which ones everything else has."""

import os
from collections.abc import Iterator
from contextlib import contextmanager


def all_cores() -> frozenset[int]:
    """The cores that this program was started on."""
    return _ALL


def tested() -> frozenset[int]:
    """The one core of the process under test: the last."""
    return frozenset({max(_ALL)})


def others() -> frozenset[int]:
    """The cores of servers and load generator: the rest; on a machine with one core, that one."""
    return _ALL - tested() or tested()


@contextmanager
def on(cores: frozenset[int]) -> Iterator[None]:
    """Run the block on these cores; what is started in it stays there."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def names(cores: frozenset[int]) -> str:
    """Cores as text."""
    return ", ".join(str(core) for core in sorted(cores))


_ALL = frozenset(os.sched_getaffinity(0))
