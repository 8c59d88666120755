"""The statements of the log of deliveries, and of events that wait for their reviews. `hooks/store.py` writes both."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, literal_column, select, tuple_

from plaudit.common.db import SqlTx, Tx
from plaudit.common.db.results import rows_changed
from plaudit.ingest.deliveries.tables import deliveries, failed_attempts
from plaudit.ingest.reviews.tables import held_events

Row = dict[str, Any]
"""Columns by name, with `body_bytes`."""

WaitedFor = tuple[str, str, str]
"""An unknown review that events wait for: (tenant id, source id, external id)"""

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


async def held_page(
    tx: SqlTx, tenant_id: str, source_id: UUID | None, after: tuple[datetime, UUID] | None, limit: int
) -> list[Row]:
    """Return up to `limit` events that wait for their reviews, the latest first."""
    columns = held_events.c
    statement = select(held_events).where(columns.tenant_id == tenant_id)
    if source_id is not None:
        statement = statement.where(columns.source_id == source_id)
    if after is not None:
        statement = statement.where(tuple_(columns.received_at, columns.id) < after)
    ordered = statement.order_by(columns.received_at.desc(), columns.id.desc()).limit(limit)
    return [dict(row) for row in (await tx.sql.execute(ordered)).mappings()]


async def waited_for_since(tx: Tx, before: datetime, limit: int) -> list[WaitedFor]:
    """Return unknown reviews that events from before a time still wait for, under a worker."""
    rows = await tx.raw.fetch(_WAITED_FOR, before, limit)
    return sorted({(row["tenant_id"], str(row["source_id"]), row["external_id"]) for row in rows})


async def quarantine_held(tx: Tx, before: datetime, reviews: Sequence[WaitedFor], reason: str) -> int:
    """Move the events from before a time into the quarantine of their deliveries; return how many that were."""
    expired: int = await tx.raw.fetchval(_QUARANTINE_HELD, before, *_arrays(reviews), reason)
    return expired


async def delete_unknown(tx: Tx, reviews: Sequence[WaitedFor]) -> None:
    """Delete the rows of unknown reviews that no event waits for."""
    await tx.raw.execute(_DELETE_UNKNOWN, *_arrays(reviews))


def _arrays(reviews: Sequence[WaitedFor]) -> tuple[list[str], list[str]]:
    return [source_id for _, source_id, _ in reviews], [external_id for _, _, external_id in reviews]


_WAITED_FOR = """
SELECT tenant_id, source_id, external_id FROM held_events WHERE received_at < $1 ORDER BY received_at LIMIT $2
"""
_QUARANTINE_HELD = """
WITH expired AS (
    DELETE FROM held_events h USING unnest($2::uuid[], $3::text[]) AS of_review (source_id, external_id)
    WHERE h.source_id = of_review.source_id AND h.external_id = of_review.external_id AND h.received_at < $1
    RETURNING h.delivery_id, h.event_index
),
by_delivery AS (
    SELECT delivery_id, array_agg(event_index) AS indexes,
           jsonb_agg(jsonb_build_array(event_index, $4::text)) AS quarantined
    FROM expired GROUP BY delivery_id
),
quarantined AS (
    UPDATE deliveries d SET
        quarantined = (
            SELECT jsonb_agg(event ORDER BY (event ->> 0)::int)
            FROM jsonb_array_elements(coalesce(d.quarantined, '[]') || e.quarantined) AS event
        ),
        set_aside = jsonb_set(coalesce(d.set_aside, '{}'), '{held}', coalesce((
            SELECT jsonb_agg(event) FROM jsonb_array_elements(d.set_aside -> 'held') AS event
            WHERE (event ->> 0)::int <> ALL(e.indexes)
        ), '[]'))
    FROM by_delivery e WHERE d.id = e.delivery_id
)
SELECT count(*) FROM expired
"""
_DELETE_UNKNOWN = """
DELETE FROM reviews r USING unnest($1::uuid[], $2::text[]) AS of_review (source_id, external_id)
WHERE r.source_id = of_review.source_id AND r.external_id = of_review.external_id AND r.revision = 0
AND NOT EXISTS (
    SELECT FROM held_events h WHERE h.source_id = r.source_id AND h.external_id = r.external_id
)
"""


async def failed_attempts_page(
    tx: SqlTx, tenant_id: str, source_id: UUID, after: tuple[datetime, str] | None, limit: int
) -> list[Row]:
    """Return up to `limit` lines of a source's failed attempts, the latest hour first."""
    columns = failed_attempts.c
    statement = select(failed_attempts).where(columns.tenant_id == tenant_id, columns.source_id == source_id)
    if after is not None:
        statement = statement.where(tuple_(columns.hour, columns.reason) < after)
    ordered = statement.order_by(columns.hour.desc(), columns.reason.desc()).limit(limit)
    return [dict(row) for row in (await tx.sql.execute(ordered)).mappings()]


async def delete_before(tx: Tx, before: datetime, max_rows: int) -> int:
    """Delete up to `max_rows` of the oldest deliveries that were received before a time; return how many."""
    return rows_changed(await tx.raw.execute(_DELETE, before, max_rows))
