"""What time starts: recounts of requests, the figures of each new day, and the adding up of how many there are."""

from typing import Final

from plaudit.common.db import Database
from plaudit.common.ids import IdSource
from plaudit.common.jobs import PeriodicJob
from plaudit.common.outbox import Outbox, UnitOfWork
from plaudit.feedback_board.requests import commands
from plaudit.feedback_board.requests.store import counts, priority_history, recounts

RECOUNT_BATCH: Final = 100
RECOUNT_PAUSE_SECONDS: Final = 0.5
DAY_TENANTS: Final = 20
DAY_PAUSE_SECONDS: Final = 5.0
COUNTS_BATCH: Final = 1_000
COUNTS_PAUSE_SECONDS: Final = 10.0


class RecountJob(PeriodicJob):
    """Recounts requests whose linked reviews changed, or whose mentions left the window of reach."""

    def __init__(self, worker: Database, outbox: Outbox, ids: IdSource) -> None:
        """Take a worker's connections, and what commands need besides them."""
        super().__init__("board-recounts", RECOUNT_PAUSE_SECONDS)
        self._worker = worker
        self._outbox = outbox
        self._ids = ids

    async def has_work(self) -> bool:
        """Return whether any request is to be recounted."""
        return await self._worker.holds(recounts.ANY_DUE)

    async def turn(self) -> int:
        """Recount a batch of what is due; return how many requests that were."""
        async with self._worker.transaction() as tx:
            return await commands.recount_due(UnitOfWork(tx, self._outbox, self._ids), RECOUNT_BATCH)


class DayJob(PeriodicJob):
    """Keeps the figures of every request that moved, once a day, when the window of reach has moved on."""

    def __init__(self, worker: Database) -> None:
        """Take a worker's connections."""
        super().__init__("board-days", DAY_PAUSE_SECONDS)
        self._worker = worker

    async def has_work(self) -> bool:
        """Return whether the day of any tenant has not begun yet."""
        return await self._worker.holds(priority_history.ANY_UNROLLED)

    async def turn(self) -> int:
        """Begin the day of some tenants; return of how many."""
        async with self._worker.transaction() as tx:
            return await commands.begin_day(tx, DAY_TENANTS)


class CountsJob(PeriodicJob):
    """Adds up how many requests have each status."""

    def __init__(self, worker: Database) -> None:
        """Take a worker's connections."""
        super().__init__("board-counts", COUNTS_PAUSE_SECONDS)
        self._worker = worker

    async def has_work(self) -> bool:
        """Return whether any requests came, went or changed their status since they were last added up."""
        return await self._worker.holds(counts.ANY_TO_ADD_UP)

    async def turn(self) -> int:
        """Add up those of some tenants; return how many rows of changes that were."""
        async with self._worker.transaction() as tx:
            return await counts.add_up(tx, COUNTS_BATCH)
