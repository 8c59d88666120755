"""The job that deletes deliveries after their retention."""

from datetime import timedelta
from typing import Final

from plaudit.common.db import Database
from plaudit.common.jobs import PeriodicJob
from plaudit.ingest.deliveries import store

MAX_ROWS: Final = 1_000
"""In one turn, so that no transaction is long."""
PAUSE_SECONDS: Final = 300.0
MAX_AGE_SECONDS: Final = 900.0


class DeliveryRetentionJob(PeriodicJob):
    """Deletes what platforms sent so long ago; reviews and their revisions stay."""

    def __init__(self, database: Database, retention_days: float) -> None:
        """Take a worker's connections."""
        super().__init__("delivery-retention", PAUSE_SECONDS, max_age_seconds=MAX_AGE_SECONDS)
        self._database = database
        self._retention = timedelta(days=retention_days)

    async def turn(self) -> int:
        """Delete a batch, the oldest first; return how many were deleted."""
        async with self._database.transaction() as tx:
            return await store.delete_before(tx, tx.now - self._retention, MAX_ROWS)
