"""The job that encrypts secrets and addresses again after a rotation of keys, so that the old key can be taken away."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Final

import structlog

from plaudit.common.db import Database, Tx
from plaudit.common.jobs import PeriodicJob
from plaudit.common.vault import Resealed, Vault
from plaudit.ingest.contacts import store
from plaudit.ingest.sources import store as sources

Reseal = Callable[[Tx, int, Vault], Awaitable[Resealed]]
"""Encrypts up to so many rows again that are not under the current key."""

MAX_ROWS: Final = 200
PAUSE_SECONDS: Final = 600.0
MAX_AGE_SECONDS: Final = 1_800.0

log = structlog.get_logger()


class ResealJob(PeriodicJob):
    """Encrypts under the current key what is under another one.

    A value that cannot be opened concerns whoever needs it. It is logged, and costs no other.
    """

    def __init__(self, database: Database, vault: Vault, also: Sequence[Reseal] = ()) -> None:
        """Take a worker's connections, and what encrypts the secrets of other rooms again."""
        super().__init__("reseal", PAUSE_SECONDS, max_age_seconds=MAX_AGE_SECONDS)
        self._database = database
        self._vault = vault
        self._reseal = (sources.reseal, sources.reseal_credentials, store.reseal, *also)

    async def turn(self) -> int:
        """Encrypt a batch again; return how much was done."""
        async with self._database.transaction() as tx:
            done = [await reseal(tx, MAX_ROWS, self._vault) for reseal in self._reseal]
        unopened = sum(each.unopened for each in done)
        if unopened:
            log.error("values_not_opened", failures=unopened)
        return sum(each.rows for each in done)
