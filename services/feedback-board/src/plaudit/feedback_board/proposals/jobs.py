"""What time starts: reviews and requests that changed are compared."""

from typing import Final

from plaudit.common.db import Database
from plaudit.common.jobs import PeriodicJob
from plaudit.feedback_board.proposals.commands import matching
from plaudit.feedback_board.proposals.store.matching import ANY_TO_MATCH

MARKS_OF_A_TURN: Final = 1_000
PAUSE_SECONDS: Final = 0.5


class MatchJob(PeriodicJob):
    """Proposes links between reviews and requests, within a second after either changed."""

    def __init__(self, worker: Database) -> None:
        """Take a worker's connections."""
        super().__init__("board-proposals", PAUSE_SECONDS)
        self._worker = worker
        self._boards = matching.Boards()

    async def has_work(self) -> bool:
        """Return whether anything is to be compared."""
        return await self._worker.holds(ANY_TO_MATCH)

    async def turn(self) -> int:
        """Compare a batch; return how many marks that were."""
        async with self._worker.transaction() as tx:
            return await matching.match(tx, self._boards, MARKS_OF_A_TURN)
