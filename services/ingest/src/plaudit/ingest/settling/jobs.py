"""What time starts: a report is accepted when the platform has taken the review down."""

from typing import Final

from plaudit.common.db import Database
from plaudit.common.jobs import PeriodicJob
from plaudit.ingest.settling import commands, store

MAX_ROWS: Final = 500
PAUSE_SECONDS: Final = 30.0


class ReportsJob(PeriodicJob):
    """Accepts open reports whose reviews are gone."""

    def __init__(self, database: Database) -> None:
        """Take a worker's connections."""
        super().__init__("platform-reports", PAUSE_SECONDS)
        self._database = database

    async def has_work(self) -> bool:
        """Return whether there is such a report."""
        return await self._database.holds(store.ANY_TAKEN_DOWN)

    async def turn(self) -> int:
        """Accept a batch; return how many were accepted."""
        async with self._database.transaction() as tx:
            return await commands.accept_taken_down(tx, MAX_ROWS)
