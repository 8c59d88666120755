"""The job that keeps the cells of large subjects."""

from typing import Final

import asyncpg
import structlog

from plaudit.common.db import Database
from plaudit.common.failpoints import failpoint
from plaudit.common.jobs import PeriodicJob
from plaudit.scoring.cells import commands, store

log = structlog.get_logger()

PAUSE_SECONDS: Final = 1.0
MAX_HALVINGS: Final = 12
"""Of what a turn does: then it is about ten entries, or one run of records, which is taken whole. One that takes too
long even so is told as failed."""
TURNS_BEFORE_DOUBLING: Final = 20
"""That have gone well, before twice as much is tried again: one that takes too long does nothing for as long."""


class CellsJob(PeriodicJob):
    """Adds what the ledger got to the cells of large subjects, a bounded part in each turn."""

    def __init__(self, database: Database) -> None:
        """Add nothing yet.

        Args:
            database: opened under the worker role.
        """
        super().__init__("cells", PAUSE_SECONDS)
        self._database = database
        self._halvings = 0
        """How often the amounts of a turn are halved now: a cell for each source and traits makes many of an entry."""
        self._gone_well = 0
        """Turns since that was changed last."""

    async def has_work(self) -> bool:
        """Return whether entries are in no cell yet."""
        return await self._database.holds(store.HAS_WORK)

    async def turn(self) -> int:
        """Carry on; return how much was done. A turn that takes too long is followed by one of half as much."""
        try:
            async with self._database.driver_transaction() as tx:
                done = await commands.carry_on(tx, self._halvings)
                failpoint("cells_before_commit")
        except asyncpg.QueryCanceledError:
            if self._halvings == MAX_HALVINGS:
                raise
            self._halvings, self._gone_well = self._halvings + 1, 0
            log.warning("cells_turn_halved", halvings=self._halvings)
            return 1
        self._gone_well += 1
        if self._halvings and self._gone_well >= TURNS_BEFORE_DOUBLING:
            self._halvings, self._gone_well = self._halvings - 1, 0
        return done
