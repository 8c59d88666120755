"""What time does to addresses of subscribers: they are encrypted again after a rotation of keys, and forgotten."""

from datetime import timedelta
from typing import Final
from uuid import UUID

import structlog

from plaudit.alerting.incidents.commands import sign_up
from plaudit.alerting.incidents.commands.changing import lock_key
from plaudit.alerting.incidents.store import subscribers
from plaudit.common.db import Database, Tx, try_lock
from plaudit.common.jobs import PeriodicJob
from plaudit.common.vault import Vault

PAUSE_SECONDS: Final = 300.0
MAX_AGE_SECONDS: Final = 3_600.0
ROWS: Final = 200
CLOSED_FOR: Final = timedelta(days=3)
"""Longer than a mail is tried again."""
RESOLVED_FOR: Final = timedelta(days=30)
"""Of an incident that is never closed: it may be opened again until then."""

log = structlog.get_logger()


class SubscriberResealJob(PeriodicJob):
    """Encrypts addresses of subscribers again that are not under the current key.

    One that cannot be opened is logged, and costs no other.
    """

    def __init__(self, database: Database, vault: Vault) -> None:
        """Take a worker's connections, and the vault."""
        super().__init__("subscriber_reseal", PAUSE_SECONDS, max_age_seconds=MAX_AGE_SECONDS)
        self._database = database
        self._vault = vault

    async def turn(self) -> int:
        """Encrypt a batch again; return how much was done."""
        async with self._database.transaction() as tx:
            done = await subscribers.reseal(tx, ROWS, self._vault)
        if done.unopened:
            log.error("subscribers_not_opened", waiting=done.unopened)
        return done.rows


class SubscriberErasureJob(PeriodicJob):
    """Erases addresses that are needed no longer: of those who never agreed, and of incidents that are over."""

    def __init__(self, database: Database) -> None:
        """Take a worker's connections."""
        super().__init__("subscriber_erasure", PAUSE_SECONDS, max_age_seconds=MAX_AGE_SECONDS)
        self._database = database

    async def turn(self) -> int:
        """Erase a batch; return how many there were."""
        async with self._database.transaction() as tx:
            found = await _of_over(tx)
        if not found:
            return 0
        async with self._database.transaction() as tx:
            keys = {lock_key(tenant_id, incident_id) for tenant_id, incident_id, _ in found}
            free = await try_lock(tx, keys)
            # What was locked meanwhile may have been opened again, or agreed to.
            over = [each for each in await _of_over(tx) if lock_key(each[0], each[1]) in free]
            for each in over:
                await sign_up.erase(tx, *each)
        return len(over)


async def _of_over(tx: Tx) -> list[tuple[str, UUID, str]]:
    before = tx.now - sign_up.ASKED_FOR, tx.now - CLOSED_FOR, tx.now - RESOLVED_FOR
    return await subscribers.of_over(tx, *before, ROWS)
