"""The job that fills the sums of half-lives of tenants' own, and drops those that no profile has any more."""

from typing import Final

from plaudit.common.db import Database
from plaudit.common.failpoints import failpoint
from plaudit.common.jobs import PeriodicJob
from plaudit.scoring.filling import commands, store

PAUSE_SECONDS: Final = 1.0


class HalfLivesJob(PeriodicJob):
    """Carries on with one half-life in each turn. Several processes may run it: each takes another one."""

    def __init__(self, database: Database, partitions: int) -> None:
        """Take a worker's connections, and how many partitions reviews have."""
        super().__init__("half_lives", PAUSE_SECONDS)
        self._database = database
        self._partitions = partitions

    async def has_work(self) -> bool:
        """Return whether a half-life is to be filled or dropped."""
        return await self._database.holds(store.IS_DUE)

    async def turn(self) -> int:
        """Carry on with one half-life; return how much was done."""
        async with self._database.transaction() as tx:
            done = await commands.carry_on(tx, self._partitions)
            failpoint("half_life_turn_before_commit")
        failpoint("half_life_turn_after_commit")
        return done
