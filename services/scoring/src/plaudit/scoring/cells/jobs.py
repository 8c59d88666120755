"""The job that keeps the cells of large subjects."""

from typing import Final

from plaudit.common.db import Database
from plaudit.common.failpoints import failpoint
from plaudit.common.jobs import PeriodicJob
from plaudit.scoring.cells import commands, store

PAUSE_SECONDS: Final = 1.0


class CellsJob(PeriodicJob):
    """Adds what the ledger got to the cells of large subjects, a bounded part in each turn."""

    def __init__(self, database: Database) -> None:
        """Add nothing yet.

        Args:
            database: opened under the worker role.
        """
        super().__init__("cells", PAUSE_SECONDS)
        self._database = database

    async def has_work(self) -> bool:
        """Return whether entries are in no cell yet."""
        return await self._database.holds(store.HAS_WORK)

    async def turn(self) -> int:
        """Carry on; return how much was done."""
        async with self._database.driver_transaction() as tx:
            done = await commands.carry_on(tx)
            failpoint("cells_before_commit")
        return done
