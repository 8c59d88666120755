"""The job that encrypts secrets and addresses again after a rotation of keys, so that the old key can be taken away."""

from typing import Final

from plaudit.common.db import Database
from plaudit.common.jobs import PeriodicJob
from plaudit.common.vault import Vault
from plaudit.ingest.contacts import store
from plaudit.ingest.sources import store as sources

MAX_ROWS: Final = 200
PAUSE_SECONDS: Final = 600.0
MAX_AGE_SECONDS: Final = 1_800.0


class ResealJob(PeriodicJob):
    """Encrypts under the current key what is under another one."""

    def __init__(self, database: Database, vault: Vault) -> None:
        """Take a worker's connections."""
        super().__init__("reseal", PAUSE_SECONDS, max_age_seconds=MAX_AGE_SECONDS)
        self._database = database
        self._vault = vault

    async def turn(self) -> int:
        """Encrypt a batch again; return how much was done."""
        async with self._database.transaction() as tx:
            resealed = await sources.reseal(tx, MAX_ROWS, self._vault)
            return resealed + await store.reseal(tx, MAX_ROWS, self._vault)
