"""The job that carries erasures out."""

from typing import Final

from plaudit.common.db import Database
from plaudit.common.ids import IdSource
from plaudit.common.jobs import PeriodicJob
from plaudit.common.outbox import Outbox, UnitOfWork
from plaudit.common.vault import Vault
from plaudit.ingest.erasure import commands, store

PAUSE_SECONDS: Final = 2.0


class ErasureJob(PeriodicJob):
    """Carries on the oldest erasure, a bounded part of it in each turn."""

    def __init__(self, database: Database, outbox: Outbox, ids: IdSource, vault: Vault) -> None:
        """Take a worker's connections."""
        super().__init__("erasures", PAUSE_SECONDS)
        self._database = database
        self._outbox = outbox
        self._ids = ids
        self._vault = vault

    async def has_work(self) -> bool:
        """Return whether an erasure is to be carried on."""
        return await self._database.holds(store.HAS_OPEN)

    async def turn(self) -> int:
        """Carry on one erasure; return how much was done."""
        async with self._database.transaction() as tx:
            return await commands.carry_on(UnitOfWork(tx, self._outbox, self._ids), self._vault)
