"""What runs in the background: clocks move to what is in force, chunk by chunk."""

from collections.abc import Sequence
from typing import Final

import structlog

from plaudit.alerting.clocks import commands, store
from plaudit.alerting.clocks.commands import Follower
from plaudit.alerting.settings import AlertingSettings
from plaudit.common.db import Role
from plaudit.common.jobs import PeriodicJob
from plaudit.common.outbox import UnitOfWork
from plaudit.common.process import Resources

log = structlog.get_logger()

CHUNK_CLOCKS: Final = 1_000
"""In one transaction: short enough that a timer which waits for one of them fires in time."""
POLL_SECONDS: Final = 1.0


class MoveJob(PeriodicJob):
    """Moves the clocks of all tenants that ordered it."""

    def __init__(self, resources: Resources[AlertingSettings], followers: Sequence[Follower]) -> None:
        """Move clocks under the worker role.

        Args:
            resources: database and outbox.
            followers: act on what happens to clocks.
        """
        super().__init__("moves", POLL_SECONDS)
        self._resources = resources
        self._database = resources.database(Role.WORKER)
        self._followers = followers

    async def has_work(self) -> bool:
        """Return whether clocks are to be moved."""
        return await self._database.holds(store.ANY_MOVE)

    async def turn(self) -> int:
        """Look at one chunk of clocks; return how many there were, and one more for the end of a move."""
        async with self._database.transaction() as tx:
            move = await store.running_move(tx)
            clocks = (
                []
                if move is None
                else await store.next_to_move(tx, move.tenant_id, move.place, CHUNK_CLOCKS, move.counted_by)
            )
        if move is None:
            return 0
        is_last = len(clocks) < CHUNK_CLOCKS
        async with self._database.transaction() as tx:
            work = UnitOfWork(tx, self._resources.outbox, self._resources.ids)
            moved = await commands.move_some(work, move, clocks, self._followers, is_last=is_last)
        log.info("clocks_moved", kind="moved", fired=moved)
        return len(clocks) + is_last
