"""Every statement that reads the log of deliveries, and deletes from it. `hooks/store.py` writes it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, literal_column, select, tuple_

from plaudit.common.db import SqlTx, Tx
from plaudit.common.db.results import rows_changed
from plaudit.ingest.deliveries.tables import deliveries

Row = dict[str, Any]
"""Columns by name, with `body_bytes`."""

_BODY_BYTES = func.length(deliveries.c.body).label("body_bytes")
_OF_LOG = deliveries.c.received_at > literal_column("'-infinity'::timestamptz")
"""Always true: it is the condition of the index `deliveries_log`, which only queries that state it can use."""
# Ids begin with the time, so the oldest are the first of the primary key.
_DELETE = """
DELETE FROM deliveries WHERE id IN (
    SELECT id FROM (SELECT id, received_at FROM deliveries ORDER BY id LIMIT $2) AS oldest WHERE received_at < $1
)
"""
_WITHOUT_BODY = [column for column in deliveries.c if column.name != "body"]


@dataclass(frozen=True)
class Filters:
    """Which deliveries a list holds; what is None does not restrict it."""

    source_id: UUID | None = None
    sent_id: str | None = None
    quarantined: bool | None = None
    """Only those with something quarantined, or only those without."""


async def page(
    tx: SqlTx, tenant_id: str, filters: Filters, after: tuple[datetime, UUID] | None, limit: int
) -> list[Row]:
    """Return up to `limit` deliveries without their bodies, the latest first."""
    columns = deliveries.c
    statement = select(*_WITHOUT_BODY, _BODY_BYTES).where(columns.tenant_id == tenant_id, _OF_LOG)
    if filters.source_id is not None:
        statement = statement.where(columns.source_id == filters.source_id)
    if filters.sent_id is not None:
        statement = statement.where(columns.sent_id == filters.sent_id)
    if filters.quarantined is not None:
        has_any = columns.quarantine_reason.is_not(None) | columns.quarantined.is_not(None)
        statement = statement.where(has_any if filters.quarantined else ~has_any)
    if after is not None:
        statement = statement.where(tuple_(columns.received_at, columns.id) < after)
    ordered = statement.order_by(columns.received_at.desc(), columns.id.desc()).limit(limit)
    return [dict(row) for row in (await tx.sql.execute(ordered)).mappings()]


async def get(tx: SqlTx, tenant_id: str, delivery_id: UUID) -> Row | None:
    """Return one delivery with its body, byte for byte."""
    statement = select(deliveries, _BODY_BYTES).where(
        deliveries.c.tenant_id == tenant_id, deliveries.c.id == delivery_id
    )
    row = (await tx.sql.execute(statement)).mappings().one_or_none()
    return None if row is None else dict(row)


async def delete_before(tx: Tx, before: datetime, max_rows: int) -> int:
    """Delete up to `max_rows` of the oldest deliveries that were received before a time; return how many."""
    return rows_changed(await tx.raw.execute(_DELETE, before, max_rows))
