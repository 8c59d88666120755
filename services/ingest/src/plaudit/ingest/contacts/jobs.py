"""The job that encrypts secrets and addresses again after a rotation of keys, so that the old key can be taken away."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from plaudit.common.db import Database, Tx
from plaudit.common.jobs import PeriodicJob
from plaudit.common.vault import Vault
from plaudit.ingest.contacts import store
from plaudit.ingest.sources import store as sources

Reseal = Callable[[Tx, int, Vault], Awaitable[int]]
"""Encrypts up to so many rows again that are not under the current key; returns how many."""

MAX_ROWS: Final = 200
PAUSE_SECONDS: Final = 600.0
MAX_AGE_SECONDS: Final = 1_800.0


class ResealJob(PeriodicJob):
    """Encrypts under the current key what is under another one."""

    def __init__(self, database: Database, vault: Vault, also: Sequence[Reseal] = ()) -> None:
        """Take a worker's connections, and what encrypts the secrets of other rooms again."""
        super().__init__("reseal", PAUSE_SECONDS, max_age_seconds=MAX_AGE_SECONDS)
        self._database = database
        self._vault = vault
        self._reseal = (sources.reseal, sources.reseal_credentials, store.reseal, *also)

    async def turn(self) -> int:
        """Encrypt a batch again; return how much was done."""
        async with self._database.transaction() as tx:
            return sum([await reseal(tx, MAX_ROWS, self._vault) for reseal in self._reseal])
