"""What the relay measures about the outbox: its lag, and the age of the watermark.

The watermark is the snapshot's xmin: rows below it are final, and only they are published.
"""

import time
from typing import Final

import asyncpg

from plaudit.common.db import Tx
from plaudit.common.observability import metrics
from plaudit.common.outbox.cursor import Cursor

_SAMPLE = """
SELECT pg_snapshot_xmin(seen) AS xmin, pg_snapshot_xmax(seen) AS xmax, coalesce((
    SELECT extract(epoch FROM clock_timestamp() - outbox.written_at) FROM outbox
    WHERE (outbox.xid, outbox.id) > ($1::xid8, $2::bigint) ORDER BY outbox.xid, outbox.id LIMIT 1
), 0)::float8 AS lag_seconds, (
    SELECT count(*) FROM (
        SELECT FROM outbox WHERE (outbox.xid, outbox.id) > ($1::xid8, $2::bigint)
        ORDER BY outbox.xid, outbox.id LIMIT $3
    ) AS behind
) AS lag_rows
FROM pg_current_snapshot() AS seen
"""

_AGE = """
SELECT coalesce((
    SELECT extract(epoch FROM clock_timestamp() - o.written_at) FROM outbox o
    WHERE (o.xid, o.id) > (c.xid, c.id) ORDER BY o.xid, o.id LIMIT 1
), 0)::float8 FROM relay_cursor c WHERE c.name = 'outbox'
"""

MAX_WAIT_SECONDS: Final = 2.0
SAMPLE_SECONDS = 1.0
MAX_ROWS_COUNTED = 10_000


async def is_behind(tx: Tx) -> bool:
    """Return whether the oldest event that is not published waits for longer than `MAX_WAIT_SECONDS`.

    Work on much that is old asks this before each part: imports, replays, sorting again. It gives way to events that
    people wait for. The transaction must be a worker's.
    """
    age_seconds: float = await tx.raw.fetchval(_AGE)
    return age_seconds > MAX_WAIT_SECONDS


class LagMeter:
    """Samples one outbox. The watermark's age is the time for which an open writer has held it at one place."""

    def __init__(self) -> None:
        self._watermark = 0
        self._unchanged_since = self._due = time.monotonic()

    async def sample(self, connection: asyncpg.Connection, cursor: Cursor) -> None:
        """Set the gauges from one statement, at most once in `SAMPLE_SECONDS`."""
        now = time.monotonic()
        if now < self._due:
            return
        self._due = now + SAMPLE_SECONDS
        row = await connection.fetchrow(_SAMPLE, cursor.xid, cursor.id, MAX_ROWS_COUNTED)
        if row is None:
            return
        if row["xmin"] != self._watermark or row["xmin"] == row["xmax"]:
            self._watermark, self._unchanged_since = row["xmin"], now
        metrics.OUTBOX_WATERMARK_AGE_SECONDS.set(now - self._unchanged_since)
        metrics.OUTBOX_LAG_SECONDS.set(max(0.0, row["lag_seconds"]))
        metrics.OUTBOX_LAG_ROWS.set(row["lag_rows"])
