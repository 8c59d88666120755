"""What the relay measures about the outbox: its lag, and the age of the snapshot horizon."""

import time

import asyncpg

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


SAMPLE_SECONDS = 1.0
MAX_ROWS_COUNTED = 10_000


class Watch:
    """Samples one outbox. The horizon's age is how long it has stood still below an open writer."""

    def __init__(self) -> None:
        self._horizon = 0
        self._stands_since = self._due = time.monotonic()

    async def sample(self, connection: asyncpg.Connection, cursor: Cursor) -> None:
        """Set the gauges from one statement, at most once in `SAMPLE_SECONDS`."""
        now = time.monotonic()
        if now < self._due:
            return
        self._due = now + SAMPLE_SECONDS
        row = await connection.fetchrow(_SAMPLE, cursor.xid, cursor.id, MAX_ROWS_COUNTED)
        if row is None:
            return
        if row["xmin"] != self._horizon or row["xmin"] == row["xmax"]:
            self._horizon, self._stands_since = row["xmin"], now
        metrics.OUTBOX_HORIZON_AGE_SECONDS.set(now - self._stands_since)
        metrics.OUTBOX_LAG_SECONDS.set(max(0.0, row["lag_seconds"]))
        metrics.OUTBOX_LAG_ROWS.set(row["lag_rows"])
