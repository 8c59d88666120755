"""The job that deletes what common features keep for a while only: idempotency keys and counts of rate limits."""

from typing import Final

from plaudit.common import idempotency, rate_limits
from plaudit.common.db import Database
from plaudit.common.jobs import PeriodicJob

MAX_ROWS: Final = 1_000
"""Of each table in one turn, so that no transaction is long."""
PAUSE_SECONDS: Final = 300.0
MAX_AGE_SECONDS: Final = 900.0


class PurgeJob(PeriodicJob):
    """Deletes idempotency keys and counts of rate limits that nobody will ask for again."""

    def __init__(self, database: Database) -> None:
        """Take a worker's connections."""
        super().__init__("purge", PAUSE_SECONDS, max_age_seconds=MAX_AGE_SECONDS)
        self._database = database

    async def turn(self) -> int:
        """Delete a batch; return how many rows were deleted."""
        async with self._database.transaction() as tx:
            return await idempotency.purge(tx, MAX_ROWS) + await rate_limits.purge(tx, MAX_ROWS)
