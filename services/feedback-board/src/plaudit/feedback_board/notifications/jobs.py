"""What time starts: people are told of requests that have rested, and addresses are encrypted anew."""

from datetime import timedelta
from typing import Final

import structlog

from plaudit.common.db import Database
from plaudit.common.jobs import PeriodicJob
from plaudit.common.vault import Vault
from plaudit.feedback_board.notifications.commands import telling
from plaudit.feedback_board.notifications.store import contacts
from plaudit.feedback_board.requests.store.announcements import ANY_RESTED

PAUSE_SECONDS: Final = 1.0
RESEALED_ROWS: Final = 200
RESEAL_PAUSE_SECONDS: Final = 600.0
RESEAL_MAX_AGE_SECONDS: Final = 1_800.0

log = structlog.get_logger()


class TellingJob(PeriodicJob):
    """Queues messages about requests whose status has rested."""

    def __init__(self, worker: Database, hold_seconds: float, *, can_ask: bool) -> None:
        """Tell people.

        Args:
            worker: a worker's connections.
            hold_seconds: how long a status rests before anybody is told of it.
            can_ask: whether this installation can ask for addresses of customers.
        """
        super().__init__("board-telling", PAUSE_SECONDS)
        self._worker = worker
        self._hold = timedelta(seconds=hold_seconds)
        self._can_ask = can_ask

    async def has_work(self) -> bool:
        """Return whether any status has rested."""
        return await self._worker.holds(ANY_RESTED.replace("{seconds}", str(self._hold.total_seconds())))

    async def turn(self) -> int:
        """Deal with what has rested; return how many requests and people that were."""
        async with self._worker.transaction() as tx:
            return await telling.tell_due(tx, self._hold, can_ask=self._can_ask)


class ContactResealJob(PeriodicJob):
    """Encrypts addresses of people again that are not under the current key.

    One that cannot be opened is logged, and costs no other.
    """

    def __init__(self, worker: Database, vault: Vault) -> None:
        """Take a worker's connections, and the vault."""
        super().__init__("board-contact-reseal", RESEAL_PAUSE_SECONDS, max_age_seconds=RESEAL_MAX_AGE_SECONDS)
        self._worker = worker
        self._vault = vault

    async def turn(self) -> int:
        """Encrypt a batch again; return how much was done."""
        async with self._worker.transaction() as tx:
            done = await contacts.reseal(tx, RESEALED_ROWS, self._vault)
        if done.unopened:
            log.error("board_contacts_not_opened", waiting=done.unopened)
        return done.rows
