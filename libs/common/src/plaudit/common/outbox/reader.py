"""How the relay reads the outbox: in order, at most so much at a time, and not when nothing can be new."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from operator import itemgetter

import asyncpg

from plaudit.common.db import Database
from plaudit.common.outbox.cursor import Cursor

CHUNK_ROWS = 4_000
CHUNK_BYTES = 16 * 1024 * 1024
"""Of the envelopes in one read; the row that crosses it is the last."""
LONG_BYTES = 8 * 1024
"""Rows with longer envelopes are read by the statement that counts bytes; without them a read is under 32 MiB."""

_envelope = itemgetter(5)

_WATERMARK = "SELECT pg_snapshot_xmin(pg_current_snapshot())"
# Names in ORDER BY are qualified: an output column of the same name could have another type, and so another order.
_READ = f"""
SELECT outbox.xid, outbox.id, outbox.topic, outbox.partition, outbox.key,
       CASE WHEN octet_length(outbox.envelope) <= {LONG_BYTES} THEN outbox.envelope END AS envelope
FROM outbox
WHERE (outbox.xid, outbox.id) > ($1::xid8, $2::bigint)
  AND outbox.xid < pg_snapshot_xmin(pg_current_snapshot())
ORDER BY outbox.xid, outbox.id
LIMIT $3
"""
# The running sum of bytes costs as much again as everything else of the statement.
_READ_LONG = """
SELECT part.xid, part.id, part.topic, part.partition, part.key, part.envelope FROM (
    SELECT chunk.*, sum(octet_length(chunk.envelope)) OVER (ORDER BY chunk.xid, chunk.id) AS bytes FROM (
        SELECT outbox.xid, outbox.id, outbox.topic, outbox.partition, outbox.key, outbox.envelope FROM outbox
        WHERE (outbox.xid, outbox.id) > ($1::xid8, $2::bigint)
          AND outbox.xid < pg_snapshot_xmin(pg_current_snapshot())
        ORDER BY outbox.xid, outbox.id
        LIMIT $3
    ) AS chunk
) AS part
WHERE part.bytes - octet_length(part.envelope) < $4
ORDER BY part.xid, part.id
"""

# Without these the planner may keep a sequential scan and a sort from when the table was small.
_FORCE_INDEX = "SET enable_seqscan = off; SET enable_sort = off; SET enable_bitmapscan = off"
_RESET = "RESET enable_seqscan; RESET enable_sort; RESET enable_bitmapscan"


@asynccontextmanager
async def reading(database: Database) -> AsyncIterator[asyncpg.Connection]:
    """Hold a connection outside any transaction, on which outbox rows are found by the index of their order."""
    async with database.reader() as connection:
        await connection.execute(_FORCE_INDEX)
        yield connection
        await connection.execute(_RESET)


class Reader:
    """Reads all rows in their order, chunk after chunk."""

    def __init__(self, connection: asyncpg.Connection, limit: int = CHUNK_ROWS) -> None:
        """Read at most `limit` rows at a time, on a connection of `reading`."""
        self.more = False
        """Whether the last chunk was cut: the next one is there already."""
        self._connection = connection
        self._limit = limit
        self._read_below: int | None = None
        """A watermark below which everything has been read."""

    async def read(self, cursor: Cursor) -> list[asyncpg.Record]:
        """Return the rows after the cursor and below the watermark: at most `limit`, and about `CHUNK_BYTES`."""
        rows: list[asyncpg.Record] = await self._connection.fetch(_READ, cursor.xid, cursor.id, self._limit)
        self.more = len(rows) == self._limit
        if None in map(_envelope, rows):
            rows = await self._connection.fetch(_READ_LONG, cursor.xid, cursor.id, self._limit, CHUNK_BYTES)
            self.more = True
        return rows

    async def read_next(self, cursor: Cursor) -> list[asyncpg.Record]:
        """Return the same; nothing, without a look into the outbox, while the watermark is where it was.

        Rows below it are final: once all are read, only a higher one lets new ones through. To ask for it costs less
        than a third of a read, which looks into each day of the outbox.

        Args:
            cursor: everything before it has been returned by this reader, or was published before.
        """
        watermark = None if self.more else await self._connection.fetchval(_WATERMARK)
        if watermark is not None and watermark == self._read_below:
            return []
        rows = await self.read(cursor)
        if not self.more:
            self._read_below = watermark
        return rows
