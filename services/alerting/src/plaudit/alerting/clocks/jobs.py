"""What runs in the background: clocks move to what is in force, chunk by chunk.

Some chunks are under way at a time: while the database writes one, the next is computed. Each is a transaction of its
own, and they end in their order.
"""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

import structlog

from plaudit.alerting.clocks import commands, store
from plaudit.alerting.clocks.commands import Follower
from plaudit.alerting.clocks.domain.clock import order_key
from plaudit.alerting.clocks.domain.moves import Chunk, Move, Moved, chunks_of
from plaudit.alerting.metrics import MOVES_SET_ASIDE
from plaudit.alerting.settings import AlertingSettings
from plaudit.common.db import Role, Tx
from plaudit.common.db.errors import is_transient
from plaudit.common.jobs import PeriodicJob
from plaudit.common.outbox import UnitOfWork
from plaudit.common.process import Resources

log = structlog.get_logger()

CHUNK_CLOCKS: Final = 500
"""In one transaction: short enough that a timer which waits for one of them fires in time."""
TURN_CLOCKS: Final = 64 * CHUNK_CLOCKS
"""That one turn looks up at once: at each end of a turn, the process and the database wait for each other."""
CHUNKS_UNDER_WAY: Final = 5
"""At a time, each on a connection of its own: enough that neither this process nor the database waits long for the
other, and few enough that most connections are left to what fires meanwhile."""
POLL_SECONDS: Final = 1.0
FAILED_SEEN: Final = timedelta(days=7)
"""So long a move that failed is counted; whoever ordered it sees it by its id."""


class _MovedElsewhereError(Exception):
    """Another process has moved the clocks of this chunk, or the move has ended."""


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
        """Look at some chunks of clocks; return how many clocks there were, and one more for the end of a move.

        Where a chunk fails on its data, the move has failed: what is before it is written, and other moves go on.

        Raises:
            Exception: a transient error of a chunk.
        """
        async with self._database.driver_transaction() as tx:
            move = await store.running_move(tx)
        if move is None:
            return 0
        try:
            return await self._go_on(move)
        except Exception as error:
            if is_transient(error):
                raise
            log.exception("move_failed", tenant_id=move.tenant_id, move_id=str(move.id))
            async with self._database.driver_transaction() as tx:
                await commands.fail_move(tx, move, error)
            return 1

    async def _go_on(self, move: Move) -> int:
        async with self._database.driver_transaction() as tx:
            clocks = await store.next_to_move(tx, move.tenant_id, move.place, TURN_CLOCKS, move.counted_by)
        chunks = chunks_of(move, clocks, size=CHUNK_CLOCKS, limit=TURN_CLOCKS)
        await self._move_all(move, chunks)
        return len(clocks) + chunks[-1].is_last

    async def _move_all(self, move: Move, chunks: Sequence[Chunk]) -> None:
        """Move chunks, some at a time; each ends after the one before."""
        slots = asyncio.Semaphore(CHUNKS_UNDER_WAY)
        before: asyncio.Task[None] | None = None
        try:
            async with asyncio.TaskGroup() as group:
                for chunk in chunks:
                    await slots.acquire()
                    before = group.create_task(self._move(move, chunk, before))
                    before.add_done_callback(lambda _: slots.release())
        except* (_MovedElsewhereError, commands.ChangedMeanwhileError):
            pass  # the next turn looks at what is still to be moved
        except* Exception as errors:  # noqa: BLE001 - raised by itself: whether it is transient is asked of it
            raise errors.exceptions[0] from None

    async def _move(self, move: Move, chunk: Chunk, before: "asyncio.Task[None] | None") -> None:
        """Move a chunk of clocks once the one before has been written; one that fails lets that end first."""
        try:
            moved = await self._write(move, chunk, before)
        except Exception:
            if before is not None:
                await asyncio.wait([before])
            raise
        self.beat()
        log.info("clocks_moved", kind="moved", fired=moved.clocks)

    async def _write(self, move: Move, chunk: Chunk, before: "asyncio.Task[None] | None") -> Moved:
        keys = [order_key(root) for root in {root for _, root in chunk.clocks}]
        async with self._database.driver_transaction(order_keys=keys) as tx:
            work = UnitOfWork(tx, self._resources.outbox, self._resources.ids)
            moved = await commands.move_some(work, move, chunk, self._followers)
            if before is not None:
                await before
            if not await store.save_progress(tx, move, chunk, moved):
                raise _MovedElsewhereError
        return moved


async def count_failed_moves(tx: Tx, _since: datetime) -> tuple[()]:
    """Count moves that have failed, for the auditor. It is no trouble of clocks, and so withholds no heartbeat."""
    MOVES_SET_ASIDE.set(await store.count_failed_moves(tx, tx.now - FAILED_SEEN))
    return ()
