"""The job that measures how far the others are behind: one that fails or stands still could not tell it itself."""

from typing import Final

from plaudit.common.db import Database
from plaudit.common.jobs import PeriodicJob
from plaudit.scoring import metrics
from plaudit.scoring.backlogs import store

PAUSE_SECONDS: Final = 15.0


class BacklogsJob(PeriodicJob):
    """Shows what is left to do, and when sums were compared last. Each process that runs it shows the same."""

    def __init__(self, database: Database) -> None:
        """Show nothing yet.

        Args:
            database: opened under the worker role.
        """
        super().__init__("backlogs", PAUSE_SECONDS)
        self._database = database

    async def turn(self) -> int:
        """Measure once; return 0, so that a pause follows."""
        async with self._database.transaction() as tx:
            left = await store.left(tx)
        metrics.OLDEST_MARK_SECONDS.set(left.oldest_mark_seconds)
        metrics.TAIL_RECORDS.set(left.tail_records)
        metrics.UNFILLED_PREFIXES.set(left.unfilled_prefixes)
        metrics.MOVES_BEHIND_DAYS.set(left.moves_days)
        metrics.UNFILLED_HALF_LIVES.set(left.unfilled_half_lives)
        metrics.SUMS_TO_REPAIR.set(left.sums_to_repair)
        metrics.RECONCILED_TIMESTAMP_SECONDS.set(left.reconciled_timestamp_seconds)
        return 0
