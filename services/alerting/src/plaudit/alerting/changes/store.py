"""Every statement over changes.

One row says that a transaction changed something of a tenant: none waits for another, however many write.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from plaudit.alerting.changes.domain import Place
from plaudit.common.db import Tx
from plaudit.common.db.results import rows_changed

_NOTE: Final = """
INSERT INTO changes (tenant_id, noted_at) SELECT tenant_id, $2 FROM unnest($1::text[]) AS t (tenant_id)
ON CONFLICT (tenant_id, xid) DO NOTHING
"""
# Only where all transactions have ended: so nothing new comes before what was read.
_AFTER: Final = """
SELECT xid, noted_at FROM changes
WHERE tenant_id = $1 AND xid > $2::xid8 AND xid < pg_snapshot_xmin(pg_current_snapshot()) ORDER BY xid LIMIT $3
"""
# The oldest that runs, or the next one where none runs, is still to come.
_END: Final = "SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint - 1"
_DELETE_OLD: Final = """
DELETE FROM changes WHERE (tenant_id, xid) IN (
    SELECT old.tenant_id, old.xid FROM changes AS old
    WHERE old.noted_at < $1
    AND EXISTS (SELECT FROM changes AS later WHERE later.tenant_id = old.tenant_id AND later.xid > old.xid)
    ORDER BY old.noted_at LIMIT $2
)
"""


async def note(tx: Tx, tenants: Iterable[str]) -> None:
    """Note that this transaction changes what pages of these tenants show."""
    wanted = sorted(set(tenants))
    if wanted:
        await tx.raw.execute(_NOTE, wanted, tx.now)


async def after(tx: Tx, tenant_id: str, place: Place, limit: int) -> list[tuple[Place, datetime]]:
    """Return changes behind a place with their times, in their order."""
    rows = await tx.raw.fetch(_AFTER, tenant_id, place.xid, limit)
    return [(Place(row["xid"]), row["noted_at"]) for row in rows]


async def end(tx: Tx) -> Place:
    """Return the place behind all that may follow any."""
    return Place(await tx.raw.fetchval(_END))


async def delete_old(tx: Tx, before: datetime, limit: int) -> int:
    """Delete changes of before an instant, but the last one of each tenant; return how many."""
    return rows_changed(await tx.raw.execute(_DELETE_OLD, before, limit))
