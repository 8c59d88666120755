"""The job that carries erasures out."""

from typing import Final

import structlog

from plaudit.common.db import Database
from plaudit.common.db.errors import is_transient
from plaudit.common.failpoints import failpoint
from plaudit.common.ids import IdSource
from plaudit.common.jobs import PeriodicJob, SetAside
from plaudit.common.outbox import Outbox, UnitOfWork
from plaudit.common.vault import Vault
from plaudit.ingest.erasure import commands, store

PAUSE_SECONDS: Final = 2.0

log = structlog.get_logger()


class ErasureJob(PeriodicJob):
    """Carries on the oldest erasure, a bounded part of it in each turn."""

    def __init__(self, database: Database, outbox: Outbox, ids: IdSource, vault: Vault) -> None:
        """Take a worker's connections."""
        super().__init__("erasures", PAUSE_SECONDS)
        self._database = database
        self._outbox = outbox
        self._ids = ids
        self._vault = vault
        self._set_aside = SetAside()

    async def has_work(self) -> bool:
        """Return whether an erasure is to be carried on."""
        return await self._database.holds(store.HAS_OPEN)

    async def turn(self) -> int:
        """Carry on one erasure; return how much was done. One that cannot be carried on keeps no other waiting."""
        async with self._database.transaction() as tx:
            found = await store.first_open(tx, self._set_aside.ids)
        if found is None:
            return 0
        try:
            async with self._database.transaction() as tx:
                done = await commands.carry_on(UnitOfWork(tx, self._outbox, self._ids), found, self._vault)
                failpoint("erased_before_commit")
        except Exception as error:
            if is_transient(error):
                raise
            log.exception("erasure_failed", stage=found.stage.value)
            self._set_aside.put(found.id)
            return 1
        failpoint("erased_after_commit")
        return done
