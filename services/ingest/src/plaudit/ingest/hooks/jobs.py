"""What runs beside the hooks.

The log of failed attempts: counted at once, written a little later, and bounded under any flood. And the model of
languages, which is loaded first.
"""

from datetime import UTC, datetime
from typing import Final

import structlog

from plaudit.common.db import Database
from plaudit.common.db.errors import is_transient
from plaudit.common.jobs import PeriodicJob
from plaudit.ingest.hooks import store
from plaudit.ingest.hooks.domain import FailedAttempts, attempts_of_hour
from plaudit.ingest.metrics import FAILED_ATTEMPTS, UNKNOWN_SOURCE
from plaudit.ingest.sources.domain import Source

WRITE_SECONDS: Final = 1.0
MAX_WAITING: Final = 1_000
"""Sources and reasons that wait to be written; more are only counted."""

log = structlog.get_logger()


class FailedAttemptsLog(PeriodicJob):
    """Collects failed attempts, and adds them to the log of their sources."""

    with_api = True

    def __init__(self, database: Database) -> None:
        """Write with the connections of the hooks."""
        super().__init__("failed_attempts", WRITE_SECONDS)
        self._database = database
        self._waiting: dict[tuple[str, datetime, str], FailedAttempts] = {}

    def note(self, source: Source | None, reason: str, detail: str, now: float) -> None:
        """Count an attempt, and let it wait to be written.

        Args:
            source: that it was meant for; None if there is none.
            reason: why it failed, one of few words.
            detail: the same for people.
            now: Unix seconds.
        """
        FAILED_ATTEMPTS.labels(UNKNOWN_SOURCE if source is None else source.platform, reason).inc()
        if source is None:
            return
        new = attempts_of_hour(source, reason, detail, datetime.fromtimestamp(now, UTC))
        key = (source.id, new.hour, reason)
        known = self._waiting.get(key)
        if known is not None or len(self._waiting) < MAX_WAITING:
            self._waiting[key] = new if known is None else known.followed_by(new)

    async def has_work(self) -> bool:
        """Return whether any wait."""
        return bool(self._waiting)

    async def turn(self) -> int:
        """Write all that wait. After a transient error they wait on; what cannot be written is dropped and logged.

        A log of refused deliveries must never end the process that takes the others.
        """
        taken, self._waiting = self._waiting, {}
        attempts = [taken[key] for key in sorted(taken)]
        try:
            async with self._database.driver_transaction(*{each.tenant_id for each in attempts}) as tx:
                await store.add_failed_attempts(tx, attempts)
        except Exception as error:
            if not is_transient(error):
                log.exception("failed_attempts_dropped")
                return 0
            for key, later in self._waiting.items():
                taken[key] = taken[key].followed_by(later) if key in taken else later
            self._waiting = taken
            raise
        return 0
