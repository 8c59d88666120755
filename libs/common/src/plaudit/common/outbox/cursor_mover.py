"""Moves the stored cursor behind what Kafka has acknowledged: beside the publishing, and not for every row.

A relay that is killed before the cursor moved makes its successor repeat, so how far it may lag is bounded.
"""

import asyncio
import time

from plaudit.common.db import Database
from plaudit.common.jobs import end_task
from plaudit.common.outbox import cursor as cursors
from plaudit.common.outbox.cursor import CHUNK_ROWS, Cursor

MOVE_SECONDS = 0.05
"""A trickle of rows moves the cursor so often; a flood with every chunk."""
MAX_ROWS_BEHIND = 2 * CHUNK_ROWS
"""Rows in Kafka, or on their way, that the stored cursor does not cover."""


class CursorMover:
    """The stored cursor of one term, and how far it lags."""

    def __init__(self, database: Database, stored: Cursor) -> None:
        self._database = database
        self.stored = stored
        self._acknowledged = stored
        self._rows_behind = 0
        self._moved_at = 0.0
        self._moving: asyncio.Task[None] | None = None

    async def make_room(self, rows: int) -> None:
        """Return when so many more rows may be sent."""
        if self._rows_behind + rows > MAX_ROWS_BEHIND:
            await self.settle()
        self._rows_behind += rows

    def acknowledge(self, cursor: Cursor) -> None:
        """Take note that Kafka has everything up to here."""
        self._acknowledged = cursor
        self.tick()

    def tick(self) -> None:
        """Begin to move the stored cursor, if it is time.

        Raises what the last move failed with.
        """
        if self._moving is not None:
            if not self._moving.done():
                return
            self._moving.result()
            self._moving = None
        waited = time.monotonic() - self._moved_at > MOVE_SECONDS or self._rows_behind >= CHUNK_ROWS
        if waited and self._acknowledged is not self.stored:
            self._moving = asyncio.create_task(self._move(self._acknowledged, self._rows_behind))

    async def settle(self) -> None:
        """Return when the stored cursor stands where Kafka's acknowledgements end."""
        while self._moving is not None or self._acknowledged is not self.stored:
            moving, self._moving = self._moving, None
            await (moving or self._move(self._acknowledged, self._rows_behind))

    def replace(self, cursor: Cursor) -> None:
        """Go on from a cursor that was stored by somebody else, after `settle`."""
        self.stored = self._acknowledged = cursor

    async def cancel(self) -> None:
        """Leave the stored cursor where it is."""
        await end_task(self._moving)

    async def _move(self, after: Cursor, rows: int) -> None:
        await cursors.move(self._database, self.stored, after)
        self.stored = after
        self._rows_behind -= rows
        self._moved_at = time.monotonic()
