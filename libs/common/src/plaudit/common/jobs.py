"""Loops and periodic jobs, which run as long as their process, and the tools to pause, back off and bisect."""

import asyncio
import contextlib
import time
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Collection, Coroutine, Sequence
from dataclasses import dataclass
from random import uniform
from typing import Any, TypeVar
from uuid import UUID

import structlog

from plaudit.common.db.errors import is_transient

log = structlog.get_logger()

Item = TypeVar("Item")

MAX_BACK_OFF_STEPS = 20
"""Doublings of a delay; bounds the power before it overflows."""


@dataclass(frozen=True)
class Check:
    """One line of `/livez` or `/readyz`."""

    name: str
    ok: bool
    detail: str = ""


class Loop(ABC):
    """A relay, a consumer, a job: runs until told to stop, and beats on each turn."""

    with_api: bool = False
    """Whether it belongs to the process that serves requests, and is stopped only after the last of them."""

    def __init__(self, name: str, *, max_age_seconds: float = 60.0) -> None:
        """Name the loop, and set how long a turn may take before its process counts as dead."""
        self.name = name
        self.max_age_seconds = max_age_seconds
        self._beaten_at = time.monotonic()

    def beat(self) -> None:
        """Note that the loop is turning."""
        self._beaten_at = time.monotonic()

    def age_seconds(self) -> float:
        """Return how long ago the loop last turned."""
        return time.monotonic() - self._beaten_at

    def live(self) -> Check:
        """Return whether the loop still turns; this looks at the process only."""
        age_seconds = self.age_seconds()
        return Check(self.name, age_seconds <= self.max_age_seconds, f"last turn {age_seconds:.1f} s ago")

    def ready(self) -> Sequence[Check]:
        """Return whether it can do its work, and if not, why and what to do."""
        return ()

    @abstractmethod
    async def run(self, stop: asyncio.Event) -> None:
        """Turn until `stop` is set; finish the current work, then return. What it raises ends the process."""


class PeriodicJob(Loop):
    """A loop of short turns: the next follows at once while there is work, else after a pause.

    A transient error is logged, and the next turn tries again.
    """

    def __init__(self, name: str, pause_seconds: float, *, max_age_seconds: float = 60.0) -> None:
        """Name the job, and set the pause after a turn that found nothing to do."""
        super().__init__(name, max_age_seconds=max_age_seconds)
        self._pause_seconds = pause_seconds

    async def run(self, stop: asyncio.Event) -> None:
        """Take turns until told to stop."""
        while not stop.is_set():
            self.beat()
            done = 0
            try:
                if await self.has_work():
                    done = await self.turn()
            except Exception as error:
                if not is_transient(error):
                    raise
                log.warning("job_retried", loop=self.name, error_type=type(error).__name__)
            if not done:
                await pause(stop, self._pause_seconds)

    async def has_work(self) -> bool:
        """Return whether a turn would find something to do. A job that looks often asks here at less than a turn costs.

        What another process writes is seen here too, so a pause bounds how late any work begins, whoever made it.
        """
        return True

    @abstractmethod
    async def turn(self) -> int:
        """Do a bounded amount of work; return how much was done."""


class SetAside:
    """What a job has failed to do, by id: it is left alone for a while, so that it keeps nothing else waiting."""

    def __init__(self, seconds: float = 300.0, monotonic: Callable[[], float] = time.monotonic) -> None:
        """Leave each alone for so long."""
        self._seconds = seconds
        self._now = monotonic
        self._until: dict[UUID, float] = {}

    def put(self, failed: UUID) -> None:
        """Leave something alone from now on."""
        self._until[failed] = self._now() + self._seconds

    @property
    def ids(self) -> list[UUID]:
        """What is left alone now."""
        now = self._now()
        self._until = {each: until for each, until in self._until.items() if until > now}
        return list(self._until)


async def pause(until: asyncio.Event, seconds: float) -> None:
    """Wait so long, or until an event such as the order to stop."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await until.wait()


def back_off_seconds(failures: int, first_seconds: float, longest_seconds: float, *, factor: float = 2.0) -> float:
    """Return how long to wait after so many failures in a row (at least 1), with jitter.

    The delay grows by the factor with each failure, up to the longest, and is then shortened by up to a half, so that
    what failed together does not come back together.
    """
    grown = first_seconds * factor ** min(failures - 1, MAX_BACK_OFF_STEPS)
    return min(longest_seconds, grown) * uniform(0.5, 1.0)


def halves(items: Sequence[Item]) -> tuple[Sequence[Item], Sequence[Item]]:
    """Split a sequence of at least two items in the middle."""
    middle = len(items) // 2
    return items[:middle], items[middle:]


async def bisect(
    items: Sequence[Item],
    work: Callable[[Sequence[Item]], Awaitable[None]],
    refuse: Callable[[Item, Exception], Awaitable[None]],
) -> None:
    """Do `work` on all items; when it fails on the data, find the items that it fails on by halving.

    Args:
        items: at least one.
        work: does some of the items, all or none.
        refuse: takes an item that `work` fails on even alone, with the error.

    Raises:
        Exception: a transient error, at once; nothing is known of what was not done yet.
    """
    try:
        await work(items)
    except Exception as error:
        if is_transient(error):
            raise
        if len(items) == 1:
            await refuse(items[0], error)
            return
        for half in halves(items):
            await bisect(half, work, refuse)


async def all_of(works: Sequence[Coroutine[Any, Any, Item]]) -> list[Item]:
    """Do some pieces of work at once; return what they come to, in their order. Where one fails, the others end.

    Raises:
        Exception: the first error of one of them.
    """
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(work) for work in works]
    except ExceptionGroup as errors:
        raise errors.exceptions[0] from None
    return [task.result() for task in tasks]


async def end_task(task: "asyncio.Task[Any] | None") -> None:
    """Cancel a task whose result nobody needs, and wait until it has ended."""
    if task is not None:
        await end_tasks([task])


async def end_tasks(tasks: "Collection[asyncio.Task[Any]]") -> None:
    """Cancel tasks whose results nobody needs, all at once, and wait until they have ended."""
    for task in tasks:
        task.cancel()
    if tasks:
        await asyncio.wait(tasks)
    for task in tasks:
        if not task.cancelled():
            task.exception()
