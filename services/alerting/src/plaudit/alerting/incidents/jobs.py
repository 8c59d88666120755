"""The job of incidents: addresses of subscribers are encrypted again after a rotation of the vault's keys."""

from typing import Final

import structlog

from plaudit.alerting.incidents.store import subscribers
from plaudit.common.db import Database
from plaudit.common.jobs import PeriodicJob
from plaudit.common.vault import Vault

PAUSE_SECONDS: Final = 300.0
MAX_AGE_SECONDS: Final = 3_600.0
ROWS: Final = 200

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
