"""The jobs that sort stored reviews again, and that count the words of trades."""

from typing import Final

from plaudit.common.db import Database
from plaudit.common.failpoints import failpoint
from plaudit.common.ids import IdSource
from plaudit.common.jobs import PeriodicJob
from plaudit.common.outbox import Outbox, UnitOfWork
from plaudit.ingest.resorting import commands, store
from plaudit.ingest.sorting import store as sorting_rules
from plaudit.ingest.sources.domain import AnswersOf

PAUSE_SECONDS: Final = 2.0
COUNT_PAUSE_SECONDS: Final = 60.0


class SortAgainJob(PeriodicJob):
    """Carries on the oldest run that sorts stored reviews again, a bounded part of it in each turn."""

    def __init__(self, database: Database, outbox: Outbox, ids: IdSource, answers_of: AnswersOf) -> None:
        """Take a worker's connections, and what says whether answers are told at a source."""
        super().__init__("sort_again", PAUSE_SECONDS)
        self._answers_of = answers_of
        self._database = database
        self._outbox = outbox
        self._ids = ids

    async def has_work(self) -> bool:
        """Return whether a run is to be carried on."""
        return await self._database.holds(store.IS_OPEN)

    async def turn(self) -> int:
        """Carry on one run; return how much was done."""
        async with self._database.transaction() as tx:
            done = await commands.carry_on(UnitOfWork(tx, self._outbox, self._ids), self._answers_of)
            failpoint("sorted_before_commit")
        failpoint("sorted_after_commit")
        return done


class WordsOfTradeJob(PeriodicJob):
    """Counts once a day, for each tenant, which phrases its good reviews hold too."""

    def __init__(self, database: Database) -> None:
        """Take a worker's connections."""
        super().__init__("words_of_trade", COUNT_PAUSE_SECONDS)
        self._database = database

    async def has_work(self) -> bool:
        """Return whether a tenant's words are to be counted."""
        return await self._database.holds(sorting_rules.IS_DUE)

    async def turn(self) -> int:
        """Count the words of one tenant's trade; return from how many reviews."""
        async with self._database.transaction() as tx:
            return await commands.count_words_of_trade(tx)
