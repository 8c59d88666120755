"""What time starts: the end of mutes."""

from typing import Final

from plaudit.common.db import Database
from plaudit.common.jobs import PeriodicJob
from plaudit.feedback_board.personas import commands, store

MUTES: Final = 100
PAUSE_SECONDS: Final = 5.0


class MuteJob(PeriodicJob):
    """Ends the mutes of personas whose time has come, so that their people count again."""

    def __init__(self, worker: Database) -> None:
        """Take a worker's connections."""
        super().__init__("board-mutes", PAUSE_SECONDS)
        self._worker = worker

    async def has_work(self) -> bool:
        """Return whether a mute has ended and is still noted."""
        return await self._worker.holds(store.ANY_ENDED)

    async def turn(self) -> int:
        """End some mutes; return how many."""
        async with self._worker.transaction() as tx:
            return await commands.end_mutes(tx, MUTES)
