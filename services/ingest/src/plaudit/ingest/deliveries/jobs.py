"""What time starts: held events that have waited too long go into quarantine, and old deliveries are deleted."""

from datetime import timedelta
from typing import Final

import structlog

from plaudit.common.db import Database
from plaudit.common.jobs import PeriodicJob
from plaudit.ingest.deliveries import commands, store
from plaudit.ingest.metrics import HELD_EVENTS_EXPIRED
from plaudit.ingest.reviews.domain.held import HELD_FOR
from plaudit.ingest.reviews.domain.order_keys import order_key

MAX_REVIEWS: Final = 500
"""In one turn, so that no transaction is long."""
PAUSE_SECONDS: Final = 60.0
MAX_AGE_SECONDS: Final = 300.0
MAX_DELETED_ROWS: Final = 1_000
"""In one turn."""
RETENTION_PAUSE_SECONDS: Final = 300.0
RETENTION_MAX_AGE_SECONDS: Final = 900.0

log = structlog.get_logger()


class HeldExpiryJob(PeriodicJob):
    """Quarantines events whose reviews have not come in 30 days, and says so."""

    def __init__(self, worker: Database) -> None:
        """Take a worker's connections."""
        super().__init__("held-events", PAUSE_SECONDS, max_age_seconds=MAX_AGE_SECONDS)
        self._worker = worker

    async def turn(self) -> int:
        """Quarantine a batch; return how many events that were."""
        async with self._worker.driver_transaction() as tx:
            reviews = await store.waited_for_since(tx, tx.now - HELD_FOR, MAX_REVIEWS)
        if not reviews:
            return 0
        async with self._worker.driver_transaction(order_keys=[order_key(*review) for review in reviews]) as tx:
            expired = await commands.expire(tx, reviews)
        HELD_EVENTS_EXPIRED.inc(expired)
        log.warning("held_events_expired", events=expired)
        return expired


class DeliveryRetentionJob(PeriodicJob):
    """Deletes what platforms sent so long ago; reviews and their revisions stay."""

    def __init__(self, database: Database, retention_days: float) -> None:
        """Take a worker's connections."""
        super().__init__("delivery-retention", RETENTION_PAUSE_SECONDS, max_age_seconds=RETENTION_MAX_AGE_SECONDS)
        self._database = database
        self._retention = timedelta(days=retention_days)

    async def turn(self) -> int:
        """Delete a batch, the oldest first; return how many were deleted."""
        async with self._database.transaction() as tx:
            return await store.delete_before(tx, tx.now - self._retention, MAX_DELETED_ROWS)
