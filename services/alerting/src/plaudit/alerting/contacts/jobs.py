"""What time deletes: contacts that no follow-up can ask for any more."""

from datetime import timedelta
from typing import Final

from plaudit.alerting.contacts import store
from plaudit.common.db import Database
from plaudit.common.jobs import PeriodicJob

KEPT: Final = timedelta(days=90)
"""Longer than any follow-up waits for its contact."""
MAX_ROWS: Final = 1_000
"""In one turn, so that no transaction is long."""
PAUSE_SECONDS: Final = 300.0
MAX_AGE_SECONDS: Final = 900.0


class ContactsJob(PeriodicJob):
    """Deletes old contacts of all tenants."""

    def __init__(self, database: Database) -> None:
        """Take a worker's connections."""
        super().__init__("contacts", PAUSE_SECONDS, max_age_seconds=MAX_AGE_SECONDS)
        self._database = database

    async def turn(self) -> int:
        """Delete a batch; return how many there were."""
        async with self._database.transaction() as tx:
            return await store.delete_old(tx, tx.now - KEPT, MAX_ROWS)
