"""The job that deletes imports that ended long ago."""

from datetime import timedelta
from typing import Final

from plaudit.common.db import Database
from plaudit.common.jobs import PeriodicJob
from plaudit.ingest.imports import store

KEPT: Final = timedelta(days=30)
"""How long an import and its rejects are kept after its end."""
UPLOAD_KEPT: Final = timedelta(days=1)
MAX_DELETED: Final = 20


class ImportRetentionJob(PeriodicJob):
    """Deletes imports that ended long ago, and uploads that never did."""

    def __init__(self, worker: Database) -> None:
        """Take a worker's connections."""
        super().__init__("import-retention", 300.0, max_age_seconds=900.0)
        self._worker = worker

    async def turn(self) -> int:
        """Delete a batch; return how many."""
        async with self._worker.driver_transaction() as tx:
            return await store.delete_old(tx, tx.now - UPLOAD_KEPT, tx.now - KEPT, MAX_DELETED)
