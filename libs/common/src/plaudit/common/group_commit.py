"""Group commit: waiting items are written together in one transaction, and answered after it has committed.

Each item is as durable as in a transaction of its own, at a fraction of the cost. A group is limited by its rows, not
by its items. When it fails on the data, it is split until only the wrong item fails. A transient error is the answer
to every item of the group, and the senders try again.

An item carries its own answer (`Waiting`), so that it costs no future, and one sweep finds those that wait for too
long, so that it costs no timer.
"""

import asyncio
import time
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from contextvars import Context, copy_context
from itertools import chain
from typing import Generic, TypeVar

import structlog

from plaudit.common.db.errors import is_transient, root, stores_nothing
from plaudit.common.jobs import Check, Loop, halves, pause
from plaudit.common.observability import metrics

log = structlog.get_logger()

Item = TypeVar("Item")
Result = TypeVar("Result")

MAX_ROWS_PER_GROUP = 2_000
MAX_WAITING_ITEMS = 4_000
MAX_WAITING_BYTES = 64 * 1024 * 1024
FLUSHERS = 2
"""One group is formed and computed while another waits for its commit."""
GATHER_SECONDS = 0.003
"""From one group's beginning to the next one's, at least. One that comes alone does not wait; at a thousand a second,
three or four share a transaction, which costs hardly more than that of one."""
IDLE_TURN_SECONDS = 5.0
NOT_READY_SECONDS = 10.0
"""After a group that the database could not store, unless it has stored one since. Then the next may try: where nothing
is sent to a process that is not ready, only that shows whether there is room again."""
SWEEP_SECONDS = 0.1
"""How late a deadline may be noticed."""


class QueueFullError(Exception):
    """Too many items wait already; the sender tries again."""


class StoppedError(Exception):
    """The process is stopping and takes no more items."""


class Waiting(ABC, Generic[Item, Result]):
    """An item that waits for its group, and its answer: `written` or `failed` is called, once."""

    __slots__ = ("answer_by", "answered", "item", "rows", "size_bytes")

    def __init__(self, item: Item, *, rows: int, size_bytes: int, answer_by: float) -> None:
        """Take an item; `answer_by` is a time of the event loop's clock, in seconds."""
        self.item = item
        self.rows = rows
        self.size_bytes = size_bytes
        self.answer_by = answer_by
        self.answered = False
        """Whether nobody waits for it any more."""

    @abstractmethod
    def written(self, result: Result) -> None:
        """Its group has committed."""

    @abstractmethod
    def failed(self, error: Exception) -> None:
        """It was not written for certain: `write` raised this for it, or it is a TimeoutError."""


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
        self._waiting: deque[Waiting[Item, Result]] = deque()
        self._waiting_bytes = 0
        self._waiting_rows = 0
        self._in_flight: list[list[Waiting[Item, Result]]] = []
        self._last_group_rows = 0
        self._next_group_at = 0.0
        """On the event loop's clock."""
        self._flush_later: asyncio.TimerHandle | None = None
        self._tasks: asyncio.TaskGroup | None = None
        self._context = Context()
        self._turn_is_due = False
        self._sweep_is_due = False
        self._stopped = False
        self._not_stored: tuple[float, str] | None = None
        """When the last group could not be stored, and why; None where it was."""

    def ready(self) -> Sequence[Check]:
        """Return whether the last group could be stored, as far as that was the database's doing."""
        if self._not_stored is None:
            return ()
        at, why = self._not_stored
        seconds = time.monotonic() - at
        if seconds >= NOT_READY_SECONDS:
            return ()
        return (Check(self.name, ok=False, detail=f"the database stores nothing ({why}), {seconds:.0f} s ago"),)

    def put(self, waiting: Waiting[Item, Result]) -> None:
        """Let an item wait for its group. What is put in one turn of the event loop is in one group, if it fits.

        Raises:
            QueueFullError: too many items or bytes wait already.
            StoppedError: the process is stopping.
        """
        if self._stopped:
            raise StoppedError
        waiting_bytes = self._waiting_bytes + waiting.size_bytes
        if len(self._waiting) >= self._max_waiting_items or waiting_bytes > self._max_waiting_bytes:
            raise QueueFullError
        self._waiting.append(waiting)
        self._waiting_bytes = waiting_bytes
        self._waiting_rows += waiting.rows
        if not self._turn_is_due:
            self._turn_is_due = True
            asyncio.get_running_loop().call_soon(self._turn)

    async def run(self, stop: asyncio.Event) -> None:
        """Write groups until told to stop and nothing waits."""
        self._context = copy_context()
        async with asyncio.TaskGroup() as self._tasks:
            self._flush()
            while not stop.is_set():
                if not self._in_flight:
                    self.beat()
                await pause(stop, IDLE_TURN_SECONDS)
            self._stopped = True
            self._flush()

    def _turn(self) -> None:
        self._turn_is_due = False
        self._flush()
        if not self._sweep_is_due:
            self._sweep_later()

    def _flush(self, *, whatever_waits: bool = False) -> None:
        """Begin to write the groups that are due.

        The first is due at once, the next one some milliseconds after it. Another beside it only when as much waits as
        was cut last. Both would otherwise split what arrives into small groups, each with the full price of a
        transaction.
        """
        if self._tasks is None:
            return
        if self._flush_later is not None:
            self._flush_later.cancel()
            self._flush_later = None
        loop = asyncio.get_running_loop()
        while self._waiting and len(self._in_flight) < self._flushers:
            if not (whatever_waits or self._stopped):
                if self._in_flight and self._waiting_rows < self._last_group_rows:
                    return
                if loop.time() < self._next_group_at:
                    self._flush_later = loop.call_at(self._next_group_at, self._flush)
                    return
            if group := self._cut():
                self._next_group_at = loop.time() + GATHER_SECONDS
                self._in_flight.append(group)
                # In the context of the loop, not in that of the request that happened to come last.
                self._tasks.create_task(self._write_group(group), context=self._context.copy())

    def _cut(self) -> list[Waiting[Item, Result]]:
        group: list[Waiting[Item, Result]] = []
        rows = 0
        while self._waiting and (not group or rows + self._waiting[0].rows <= self._max_rows_per_group):
            waiting = self._waiting.popleft()
            self._waiting_bytes -= waiting.size_bytes
            self._waiting_rows -= waiting.rows
            # An item that no longer waits was answered already; its sender will send it again.
            if not waiting.answered:
                rows += waiting.rows
                group.append(waiting)
        self._last_group_rows = rows
        metrics.GROUP_COMMIT_QUEUE.set(len(self._waiting))
        return group

    async def _write_group(self, group: list[Waiting[Item, Result]]) -> None:
        self.beat()
        await self._settle(group)
        self._in_flight.remove(group)
        self._flush()

    async def _settle(self, group: Sequence[Waiting[Item, Result]]) -> None:
        """Write a group and answer each of its items; when it fails on the data, split it."""
        if not group:
            return
        started = time.perf_counter()
        try:
            results = await self._write([waiting.item for waiting in group])
        except Exception as error:  # noqa: BLE001 - every failure is some request's answer
            if stores_nothing(error):
                self._not_stored = (time.monotonic(), type(root(error)).__name__)
            if len(group) == 1 or is_transient(error):
                for waiting in group:
                    _fail(waiting, error)
                return
            await self._split(group, error)
            return
        self._not_stored = None
        metrics.GROUP_COMMIT_SECONDS.observe(time.perf_counter() - started)
        metrics.GROUP_COMMIT_REQUESTS.observe(len(group))
        metrics.GROUP_COMMIT_ROWS.observe(sum(waiting.rows for waiting in group))
        for waiting, result in zip(group, results, strict=True):
            if not waiting.answered:
                waiting.answered = True
                try:
                    waiting.written(result)
                except Exception:
                    # It concerns one sender; the others of the group wait for their answers.
                    log.exception("group_answer_failed", loop=self.name)

    async def _split(self, group: Sequence[Waiting[Item, Result]], error: Exception) -> None:
        """Settle the halves of a group that failed, without the items that no longer wait."""
        metrics.GROUP_COMMIT_SPLITS.inc()
        log.warning("group_split", loop=self.name, requests=len(group), error_type=type(error).__name__)
        for half in halves(group):
            await self._settle([waiting for waiting in half if not waiting.answered])

    def _sweep_later(self) -> None:
        self._sweep_is_due = True
        asyncio.get_running_loop().call_later(SWEEP_SECONDS, self._sweep)

    def _sweep(self) -> None:
        """Answer what has waited for too long, and let nothing wait behind a group that does not come back."""
        self._sweep_is_due = False
        now = asyncio.get_running_loop().time()
        still_waiting = False
        for waiting in [*self._waiting, *chain.from_iterable(self._in_flight)]:
            if waiting.answer_by <= now:
                _fail(waiting, TimeoutError("the commit was not confirmed in time"))
            still_waiting = still_waiting or not waiting.answered
        self._flush(whatever_waits=True)
        if still_waiting and not self._sweep_is_due:
            self._sweep_later()


def _fail(waiting: Waiting[Item, Result], error: Exception) -> None:
    if not waiting.answered:
        waiting.answered = True
        try:
            waiting.failed(error)
        except Exception:
            log.exception("group_answer_failed")
