"""Moves the stored cursor to what Kafka has acknowledged: in the background, and not for every row.

When a relay is killed before it has moved the cursor, its successor repeats records. So the lag is bounded.
"""

import asyncio
import time

from plaudit.common.db import Database
from plaudit.common.jobs import end_task
from plaudit.common.outbox import cursor as cursors
from plaudit.common.outbox.cursor import Cursor
from plaudit.common.outbox.reader import CHUNK_ROWS

MOVE_SECONDS = 0.2
"""Between two moves while few rows come; many rows move the cursor with every chunk."""
MAX_ROWS_BEHIND = 2 * CHUNK_ROWS
"""Rows that were sent to Kafka and that the stored cursor does not cover."""


class CursorMover:
    """The stored cursor while one relay leads, and how far it lags."""

    def __init__(self, database: Database, stored: Cursor) -> None:
        self._database = database
        self.stored = stored
        self._acknowledged = stored
        self._rows_behind = 0
        self._moved_at = 0.0
        self._moving: asyncio.Task[None] | None = None

    async def make_room(self, rows: int) -> None:
        """Return when this many more rows may be sent."""
        if self._rows_behind + rows > MAX_ROWS_BEHIND:
            await self.settle()
        self._rows_behind += rows

    def acknowledge(self, cursor: Cursor) -> None:
        """Note that Kafka has acknowledged everything up to this cursor."""
        self._acknowledged = cursor
        self.tick()

    def tick(self) -> None:
        """Begin to move the stored cursor, if it is time; raise the error of the last move, if it failed."""
        if self._moving is not None:
            if not self._moving.done():
                return
            self._moving.result()
            self._moving = None
        waited = time.monotonic() - self._moved_at > MOVE_SECONDS or self._rows_behind >= CHUNK_ROWS
        if waited and self._acknowledged is not self.stored:
            self._moving = asyncio.create_task(self._move(self._acknowledged, self._rows_behind))

    async def settle(self) -> None:
        """Return when the stored cursor covers everything that Kafka has acknowledged."""
        while self._moving is not None or self._acknowledged is not self.stored:
            moving, self._moving = self._moving, None
            await (moving or self._move(self._acknowledged, self._rows_behind))

    def replace(self, cursor: Cursor) -> None:
        """Continue from a cursor that was stored elsewhere, after `settle`."""
        self.stored = self._acknowledged = cursor

    async def cancel(self) -> None:
        """Stop moving the cursor; it stays where it is stored."""
        await end_task(self._moving)

    async def _move(self, after: Cursor, rows: int) -> None:
        await cursors.move(self._database, self.stored, after)
        self.stored = after
        self._rows_behind -= rows
        self._moved_at = time.monotonic()
