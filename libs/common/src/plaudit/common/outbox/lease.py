"""The relay's lease: one row that says which process publishes, and until when.

It keeps two relays from doing the same work. It cannot fence Kafka and does not have to: a relay that was paused and
runs on can only repeat what its successor has published, with the same numbers.
"""

import asyncio
import time
from uuid import UUID

import structlog

from plaudit.common.db import Database
from plaudit.common.db.errors import is_transient
from plaudit.common.db.results import rows_changed

log = structlog.get_logger()

LEASE_SECONDS = 5.0
RENEW_SECONDS = 1.0

_ACQUIRE = """
UPDATE relay_lease SET holder = $1, until = clock_timestamp() + make_interval(secs => $2)
WHERE name = 'outbox' AND (holder = $1 OR holder IS NULL OR until < clock_timestamp())
"""
_RELEASE = "UPDATE relay_lease SET holder = NULL, until = '-infinity' WHERE name = 'outbox' AND holder = $1"


class LeaseLostError(Exception):
    """Another process may publish, or the lease was not renewed in time."""


class Lease:
    """What this process knows of the row. The end is counted on the local monotonic clock from before each renewal."""

    def __init__(self, database: Database, holder: UUID, *, seconds: float = LEASE_SECONDS) -> None:
        self._database = database
        self.holder = holder
        self._seconds = seconds
        self._valid_until = 0.0

    @property
    def valid(self) -> bool:
        """Whether no other process can have taken the lease yet."""
        return time.monotonic() < self._valid_until

    def check(self) -> None:
        """Raise LeaseLostError unless the lease is still ours."""
        if not self.valid:
            raise LeaseLostError("the relay's lease has run out")

    async def acquire(self) -> bool:
        """Take or renew the lease; return whether this process holds it."""
        asked_at = time.monotonic()
        async with self._database.driver_statement() as raw:
            taken = rows_changed(await raw.execute(_ACQUIRE, self.holder, self._seconds)) == 1
        self._valid_until = asked_at + self._seconds if taken else 0.0
        return taken

    async def keep(self) -> None:
        """Renew until cancelled or lost; transient errors are retried until the lease has run out."""
        while self.valid:
            await asyncio.sleep(min(RENEW_SECONDS, self._seconds / 4))
            try:
                if not await self.acquire():
                    return
            except Exception as error:
                if not is_transient(error):
                    raise
                log.warning("relay_lease_not_renewed", error_type=type(error).__name__)

    async def release(self) -> None:
        """Give the lease back, so that a successor does not wait for its end."""
        self._valid_until = 0.0
        async with self._database.driver_statement() as raw:
            await raw.execute(_RELEASE, self.holder)
