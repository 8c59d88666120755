"""What time deletes: changes that no page follows any more."""

from typing import Final

from plaudit.alerting.changes import store
from plaudit.alerting.changes.domain import KEPT
from plaudit.common.db import Database
from plaudit.common.jobs import PeriodicJob

MAX_ROWS: Final = 5_000
"""In one turn, so that no transaction is long."""
PAUSE_SECONDS: Final = 300.0
MAX_AGE_SECONDS: Final = 900.0


class ChangesJob(PeriodicJob):
    """Deletes old changes of all tenants."""

    def __init__(self, database: Database) -> None:
        """Take a worker's connections."""
        super().__init__("changes", PAUSE_SECONDS, max_age_seconds=MAX_AGE_SECONDS)
        self._database = database

    async def turn(self) -> int:
        """Delete a batch; return how many there were."""
        async with self._database.transaction() as tx:
            return await store.delete_old(tx, tx.now - KEPT, MAX_ROWS)
