"""Statements about clocks of which nobody knows whether they were met."""

from datetime import datetime
from typing import Final
from uuid import UUID

from plaudit.alerting.reports.domain.asked import Window
from plaudit.alerting.reports.domain.look_up import MAX_LINES, LookUp, OfSource, Unknown
from plaudit.common.db import Tx

_WHICH: Final = "tenant_id = $1 AND state = 'unknown' AND settled_due_at >= $2 AND settled_due_at < $3"
_COLUMNS: Final = "id AS clock_id, " + ", ".join(Unknown._fields[1:])
_LISTED: Final = f"""
SELECT {_COLUMNS} FROM clocks WHERE {_WHICH} AND ($4::timestamptz IS NULL OR (settled_due_at, id) > ($4, $5::uuid))
ORDER BY settled_due_at, id LIMIT $6
"""
_BY_SOURCE: Final = f"""
SELECT source_id, coalesce(max(source_name), 'no source') AS name, count(*) AS clocks
FROM clocks WHERE {_WHICH} GROUP BY source_id ORDER BY count(*) DESC, name
"""


async def listed(
    tx: Tx, tenant_id: str, window: Window, after: tuple[datetime, UUID] | None, limit: int
) -> list[Unknown]:
    """Return clocks that came due in a time, and of which nobody knows whether they were met, the earliest due first.

    Args:
        tx: the open transaction.
        tenant_id: whose.
        window: of the due times.
        after: due time and id of the last one of the page before.
        limit: at most so many.
    """
    at, clock_id = after or (None, None)
    rows = await tx.raw.fetch(_LISTED, tenant_id, window.start, window.end, at, clock_id, limit)
    return [Unknown(**row) for row in rows]


async def to_look_up(tx: Tx, tenant_id: str, window: Window) -> LookUp:
    """Return what has to be looked up of a time: how much at each source, and what was due first."""
    rows = await tx.raw.fetch(_BY_SOURCE, tenant_id, window.start, window.end)
    first = await listed(tx, tenant_id, window, None, MAX_LINES)
    return LookUp(tuple(OfSource(**row) for row in rows), tuple(first))
