"""The retention of the outbox: make tomorrow's partition, drop old days that are wholly published."""

from datetime import date, timedelta

import structlog

from plaudit.common.db import Database
from plaudit.common.db.roles import schema_name
from plaudit.common.outbox.cursor import Cursor

log = structlog.get_logger()

RETENTION_DAYS = 2
"""Published days that are kept before today."""
_PREFIX = "outbox_"
_DAY_FORMAT = "%Y%m%d"

_DAYS = """
SELECT right(child.relname, 8) AS day FROM pg_inherits
JOIN pg_class AS child ON child.oid = inhrelid
WHERE inhparent = 'outbox'::regclass AND child.relname ~ '^outbox_[0-9]{8}$'
ORDER BY day
"""
_UNPUBLISHED = """
SELECT EXISTS (
    SELECT FROM outbox
    WHERE written_at >= $1 AND written_at < $2 AND (outbox.xid, outbox.id) > ($3::xid8, $4::bigint)
)
"""


async def apply_retention(database: Database, cursor: Cursor) -> None:
    """Make today's and tomorrow's partitions if they are missing; drop published days beyond the retention."""
    schema = schema_name(database.service)
    async with database.transaction() as tx:
        today = await tx.raw.fetchval("SELECT (now() AT TIME ZONE 'UTC')::date")
        days = {date.fromisoformat(row["day"]) for row in await tx.raw.fetch(_DAYS)}
    for day in (today, today + timedelta(days=1)):
        if day not in days:
            async with database.transaction() as tx:
                await tx.raw.execute(f"SELECT {schema}.outbox_make_day($1)", day)
            log.info("outbox_day_made", table=f"{_PREFIX}{day:{_DAY_FORMAT}}")
    for day in sorted(days):
        if day < today - timedelta(days=RETENTION_DAYS):
            await _drop(database, schema, day, cursor)


async def _drop(database: Database, schema: str, day: date, cursor: Cursor) -> None:
    """Drop a day, unless it has a row after the cursor."""
    async with database.transaction() as tx:
        start = await tx.raw.fetchval("SELECT $1::date::timestamp AT TIME ZONE 'UTC'", day)
        if await tx.raw.fetchval(_UNPUBLISHED, start, start + timedelta(days=1), cursor.xid, cursor.id):
            return
        await tx.raw.execute(f"SELECT {schema}.outbox_drop_day($1)", day)
    log.info("outbox_day_dropped", table=f"{_PREFIX}{day:{_DAY_FORMAT}}")
