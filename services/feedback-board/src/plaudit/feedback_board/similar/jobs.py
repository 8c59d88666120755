"""What time starts: the words of requests are indexed."""

from typing import Final

from plaudit.common.db import Database
from plaudit.common.jobs import PeriodicJob
from plaudit.feedback_board.similar import commands, store

MARKS_OF_A_TURN: Final = 200
PAUSE_SECONDS: Final = 0.5


class IndexJob(PeriodicJob):
    """Makes requests searchable, and comparable with others, within a second after they are made or changed."""

    def __init__(self, worker: Database) -> None:
        """Take a worker's connections."""
        super().__init__("board-similar", PAUSE_SECONDS)
        self._worker = worker

    async def has_work(self) -> bool:
        """Return whether the words of any request are to be indexed."""
        return await self._worker.holds(store.ANY_TO_INDEX)

    async def turn(self) -> int:
        """Index a batch; return how many marks that were."""
        async with self._worker.transaction() as tx:
            return await commands.index_words(tx, MARKS_OF_A_TURN)
