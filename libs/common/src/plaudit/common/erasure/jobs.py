"""The job that scrubs the stores of a service after an erasure."""

from typing import Final

from plaudit.common.db import Database
from plaudit.common.erasure import commands, store
from plaudit.common.erasure.commands import Scrub
from plaudit.common.erasure.domain import SETTLING
from plaudit.common.jobs import PeriodicJob

PAUSE_SECONDS: Final = 5.0


class ErasureJob(PeriodicJob):
    """Scrubs a service's own stores, its dead letters and its outbox, a bounded part of them in each turn."""

    def __init__(self, database: Database, scrub: Scrub) -> None:
        """Scrub nothing yet.

        Args:
            database: opened under the worker role.
            scrub: scrubs the service's own stores.
        """
        super().__init__("erasures", PAUSE_SECONDS)
        self._database = database
        self._scrub = scrub

    async def has_work(self) -> bool:
        """Return whether stores are to be scrubbed."""
        return await self._database.holds(store.HAS_OPEN, SETTLING.total_seconds())

    async def turn(self) -> int:
        """Carry on with one erasure; return how much was done."""
        async with self._database.transaction() as tx:
            return await commands.carry_on(tx, self._scrub)
