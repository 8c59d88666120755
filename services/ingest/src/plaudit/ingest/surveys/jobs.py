"""The job that deletes invitations without a response, a while after they have expired."""

from typing import Final

from plaudit.common.db import Database
from plaudit.common.jobs import PeriodicJob
from plaudit.ingest.surveys import store

MAX_ROWS: Final = 1_000
PAUSE_SECONDS: Final = 600.0
MAX_AGE_SECONDS: Final = 1_800.0


class ExpiredInvitationsJob(PeriodicJob):
    """Deletes invitations of which nothing but a person key is left to know."""

    def __init__(self, database: Database) -> None:
        """Take a worker's connections."""
        super().__init__("expired_invitations", PAUSE_SECONDS, max_age_seconds=MAX_AGE_SECONDS)
        self._database = database

    async def turn(self) -> int:
        """Delete a batch; return how many were deleted."""
        async with self._database.transaction() as tx:
            return await store.delete_expired(tx, MAX_ROWS)
