"""Work that time starts: recounts, and forgetting what has served its time."""

import asyncio
import contextlib
from abc import abstractmethod
from datetime import timedelta
from typing import Final

import structlog

from plaudit.common.db import Database
from plaudit.common.db.errors import is_transient
from plaudit.common.jobs import Loop
from plaudit.feedback_board.commands import BUDGET_PERIOD, Board
from plaudit.feedback_board.store import records

log = structlog.get_logger()

RECOUNT_BATCH: Final = 100
RECOUNT_PAUSE_SECONDS: Final = 0.5
FORGET_BATCH: Final = 1_000
FORGET_PAUSE_SECONDS: Final = 300.0
FORGET_AGE_MAX_SECONDS: Final = 900.0
IDEMPOTENCY_KEY_AGE: Final = timedelta(hours=24)
"""How long a repeat under the same Idempotency-Key gets the first answer."""
BUDGET_AGE: Final = 2 * BUDGET_PERIOD


class Rounds(Loop):
    """A loop of short rounds: at once again while there is work, else after a pause."""

    def __init__(self, name: str, pause_seconds: float, *, max_age_seconds: float = 60.0) -> None:
        """Name the loop and say how long it rests when a round found nothing to do."""
        super().__init__(name, max_age_seconds=max_age_seconds)
        self._pause_seconds = pause_seconds

    async def run(self, stop: asyncio.Event) -> None:
        """Do rounds until told to stop; a database that is away is waited for."""
        while not stop.is_set():
            self.beat()
            try:
                if await self.round() > 0:
                    continue
            except Exception as error:
                if not is_transient(error):
                    raise
                log.warning("database_away", loop=self.name, error=repr(error))
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), self._pause_seconds)

    @abstractmethod
    async def round(self) -> int:
        """Do a bounded piece of work; return how much there was of it."""


class Recounts(Rounds):
    """Counts wishes anew whose linked review was removed or came back, or whose window has moved on."""

    def __init__(self, board: Board) -> None:
        """Take a board over a worker's connections."""
        super().__init__("board-recounts", RECOUNT_PAUSE_SECONDS)
        self._board = board

    async def round(self) -> int:
        """Count what is due."""
        return await self._board.recount_due(RECOUNT_BATCH)


class Forgetting(Rounds):
    """Deletes idempotency keys and spent budgets that nobody will ask for again."""

    def __init__(self, database: Database) -> None:
        """Take a worker's connections."""
        super().__init__("board-forgetting", FORGET_PAUSE_SECONDS, max_age_seconds=FORGET_AGE_MAX_SECONDS)
        self._database = database

    async def round(self) -> int:
        """Delete a batch."""
        async with self._database.transaction() as tx:
            return await records.forget_before(
                tx, answers=tx.now - IDEMPOTENCY_KEY_AGE, budgets=tx.now - BUDGET_AGE, limit=FORGET_BATCH
            )
