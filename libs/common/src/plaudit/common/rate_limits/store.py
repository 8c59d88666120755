"""Every SQL statement about `rate_limits`, a table of each service's schema."""

from datetime import datetime

from plaudit.common.db import Tx
from plaudit.common.db.results import rows_changed
from plaudit.common.rate_limits.domain import Limit

_TAKE = """
INSERT INTO rate_limits AS held (tenant_id, kind, network, hour, used) VALUES ($1, $2, $3, $4, least($6, $5::int))
ON CONFLICT (tenant_id, kind, network, hour) DO UPDATE SET used = least(held.used + $6, $5::int) WHERE held.used < $5
RETURNING new.used - coalesce(old.used, 0)
"""
_DELETE = """
DELETE FROM rate_limits WHERE (tenant_id, kind, network, hour) IN
    (SELECT tenant_id, kind, network, hour FROM rate_limits WHERE hour < $1 ORDER BY hour LIMIT $2)
"""


async def take(tx: Tx, tenant_id: str, limit: Limit, hour: datetime, uses: int) -> int:
    """Count up to so many uses within an hour, as many as the limit leaves; return how many."""
    taken = await tx.raw.fetchval(_TAKE, tenant_id, limit.kind, limit.network, hour, limit.per_hour, uses)
    return taken or 0


async def network_key(tx: Tx) -> bytes:
    """Return the key of the hashes that limits count by before a tenant is known. Any role may ask."""
    key: bytes = await tx.raw.fetchval("SELECT common.sign_in_key()")
    return key


async def delete_before(tx: Tx, before: datetime, max_rows: int) -> int:
    """Delete up to `max_rows` counts of the oldest hours that began before a time; return how many were deleted."""
    return rows_changed(await tx.raw.execute(_DELETE, before, max_rows))
