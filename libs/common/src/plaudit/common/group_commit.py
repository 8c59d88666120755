"""Group commit: waiting items are written together in one transaction, and answered after it has committed.

Each item is as durable as in a transaction of its own, at a fraction of the cost. A group is limited by its rows, not
by its items. When it fails on the data, it is split until only the wrong item fails. A transient error is the answer
to every item of the group, and the senders try again.
"""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import structlog

from plaudit.common.db.errors import is_transient
from plaudit.common.jobs import Loop, halves, pause
from plaudit.common.observability import metrics

log = structlog.get_logger()

Item = TypeVar("Item")
Result = TypeVar("Result")

MAX_ROWS_PER_GROUP = 2_000
MAX_WAITING_ITEMS = 4_000
MAX_WAITING_BYTES = 64 * 1024 * 1024
FLUSHERS = 2
"""One group is formed and computed while another waits for its commit."""
IDLE_TURN_SECONDS = 5.0


class QueueFullError(Exception):
    """Too many items wait already; the sender tries again."""


class StoppedError(Exception):
    """The process is stopping and takes no more items."""


@dataclass(slots=True)
class _Waiting(Generic[Item, Result]):
    item: Item
    rows: int
    size_bytes: int
    answer: "asyncio.Future[Result]"


class GroupCommit(Loop, Generic[Item, Result]):
    """Collects items and writes them in groups."""

    with_api = True

    def __init__(
        self,
        name: str,
        write: Callable[[Sequence[Item]], Awaitable[Sequence[Result]]],
        *,
        max_rows_per_group: int = MAX_ROWS_PER_GROUP,
        max_waiting_items: int = MAX_WAITING_ITEMS,
        max_waiting_bytes: int = MAX_WAITING_BYTES,
        flushers: int = FLUSHERS,
    ) -> None:
        """Write groups with `write`: one transaction of its own, one result for each item, in order."""
        super().__init__(name)
        self._write = write
        self._max_rows_per_group = max_rows_per_group
        self._max_waiting_items = max_waiting_items
        self._max_waiting_bytes = max_waiting_bytes
        self._flushers = flushers
        self._waiting: deque[_Waiting[Item, Result]] = deque()
        self._waiting_bytes = 0
        self._arrived = asyncio.Event()
        self._stopped = False

    async def submit(self, item: Item, *, rows: int, size_bytes: int, timeout_seconds: float) -> Result:
        """Return the item's result once its group has committed.

        Raises:
            QueueFullError: too many items or bytes wait already.
            StoppedError: the process is stopping.
            TimeoutError: the commit was not confirmed in time; it may have happened.
            Exception: what `write` raised for this item.
        """
        if self._stopped:
            raise StoppedError
        if len(self._waiting) >= self._max_waiting_items or self._waiting_bytes + size_bytes > self._max_waiting_bytes:
            raise QueueFullError
        answer: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Waiting(item, rows, size_bytes, answer))
        self._waiting_bytes += size_bytes
        self._arrived.set()
        deadline = asyncio.get_running_loop().call_later(timeout_seconds, _expire, answer)
        try:
            return await answer
        finally:
            deadline.cancel()

    async def run(self, stop: asyncio.Event) -> None:
        """Write groups until told to stop and nothing waits."""
        async with asyncio.TaskGroup() as group:
            for _ in range(self._flushers):
                group.create_task(self._flush_until(stop))
            await stop.wait()
            self._stopped = True
            self._arrived.set()

    async def _flush_until(self, stop: asyncio.Event) -> None:
        while self._waiting or not stop.is_set():
            self.beat()
            if not self._waiting:
                self._arrived.clear()
                if stop.is_set():
                    return
                await pause(self._arrived, IDLE_TURN_SECONDS)
                continue
            await self._settle(self._cut())
        self._arrived.set()

    def _cut(self) -> list[_Waiting[Item, Result]]:
        group: list[_Waiting[Item, Result]] = []
        rows = 0
        while self._waiting and (not group or rows + self._waiting[0].rows <= self._max_rows_per_group):
            waiting = self._waiting.popleft()
            self._waiting_bytes -= waiting.size_bytes
            # An item that no longer waits was answered already; its sender will send it again.
            if not waiting.answer.done():
                rows += waiting.rows
                group.append(waiting)
        metrics.GROUP_COMMIT_QUEUE.set(len(self._waiting))
        return group

    async def _settle(self, group: Sequence[_Waiting[Item, Result]]) -> None:
        """Write a group and answer each of its items; when it fails on the data, split it."""
        if not group:
            return
        started = time.perf_counter()
        try:
            results = await self._write([waiting.item for waiting in group])
        except Exception as error:  # noqa: BLE001 - every failure is some request's answer
            if len(group) == 1 or is_transient(error):
                for waiting in group:
                    _fail(waiting.answer, error)
                return
            await self._split(group, error)
            return
        metrics.GROUP_COMMIT_SECONDS.observe(time.perf_counter() - started)
        metrics.GROUP_COMMIT_REQUESTS.observe(len(group))
        metrics.GROUP_COMMIT_ROWS.observe(sum(waiting.rows for waiting in group))
        for waiting, result in zip(group, results, strict=True):
            if not waiting.answer.done():
                waiting.answer.set_result(result)

    async def _split(self, group: Sequence[_Waiting[Item, Result]], error: Exception) -> None:
        """Settle the halves of a group that failed, without the items that no longer wait."""
        metrics.GROUP_COMMIT_SPLITS.inc()
        log.warning("group_split", loop=self.name, requests=len(group), error_type=type(error).__name__)
        for half in halves(group):
            await self._settle([waiting for waiting in half if not waiting.answer.done()])


def _expire(answer: "asyncio.Future[Result]") -> None:
    _fail(answer, TimeoutError("the commit was not confirmed in time"))


def _fail(answer: "asyncio.Future[Result]", error: BaseException) -> None:
    if not answer.done():
        answer.set_exception(error)
