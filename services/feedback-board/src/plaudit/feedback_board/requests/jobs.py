"""What time starts: recounts of requests."""

from typing import Final

from plaudit.common.db import Database
from plaudit.common.ids import IdSource
from plaudit.common.jobs import PeriodicJob
from plaudit.common.outbox import Outbox, UnitOfWork
from plaudit.feedback_board.requests import commands
from plaudit.feedback_board.requests.store import recounts

RECOUNT_BATCH: Final = 100
RECOUNT_PAUSE_SECONDS: Final = 0.5


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
