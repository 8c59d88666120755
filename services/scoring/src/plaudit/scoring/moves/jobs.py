"""The job that keeps the sums of large subjects' changes."""

from typing import Final

from plaudit.common.db import Database
from plaudit.common.failpoints import failpoint
from plaudit.common.jobs import PeriodicJob
from plaudit.scoring.moves import commands

PAUSE_SECONDS: Final = 10.0


class MovesJob(PeriodicJob):
    """Sums what was shown of large subjects on days that are over, a bounded part in each turn."""

    def __init__(self, database: Database) -> None:
        """Sum nothing yet.

        Args:
            database: opened under the worker role.
        """
        super().__init__("moves", PAUSE_SECONDS)
        self._database = database

    async def turn(self) -> int:
        """Carry on; return how much was done."""
        async with self._database.driver_transaction() as tx:
            done = await commands.carry_on(tx)
            failpoint("moves_before_commit")
        return done
