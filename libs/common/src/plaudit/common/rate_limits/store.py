"""Every SQL statement about `rate_limits`, a table of each service's schema."""

from datetime import datetime

from plaudit.common.db import Tx
from plaudit.common.db.results import rows_changed
from plaudit.common.rate_limits.domain import Limit

_COUNT = """
INSERT INTO rate_limits AS held (tenant_id, kind, network, hour, used) VALUES ($1, $2, $3, $4, 1)
ON CONFLICT (tenant_id, kind, network, hour) DO UPDATE SET used = held.used + 1 WHERE held.used < $5
RETURNING used
"""
_DELETE = """
DELETE FROM rate_limits WHERE (tenant_id, kind, network, hour) IN
    (SELECT tenant_id, kind, network, hour FROM rate_limits WHERE hour < $1 ORDER BY hour LIMIT $2)
"""


async def count(tx: Tx, tenant_id: str, limit: Limit, hour: datetime) -> bool:
    """Count one use within an hour; False when the limit is reached, and then nothing is counted."""
    used = await tx.raw.fetchval(_COUNT, tenant_id, limit.kind, limit.network, hour, limit.per_hour)
    return used is not None


async def delete_before(tx: Tx, before: datetime, max_rows: int) -> int:
    """Delete up to `max_rows` counts of the oldest hours that began before a time; return how many were deleted."""
    return rows_changed(await tx.raw.execute(_DELETE, before, max_rows))
