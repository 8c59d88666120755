"""Reading the log of deliveries."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, func, select, tuple_

from plaudit.common.db import Tx
from plaudit.ingest.tables import deliveries

AnyRow = Row[*tuple[Any, ...]]

_HEAD = [column for column in deliveries.c if column.name != "body"]


async def page(
    tx: Tx,
    tenant: str,
    source_id: UUID | None,
    sent_id: str | None,
    quarantined: bool | None,
    after: tuple[datetime, UUID] | None,
    limit: int,
) -> Sequence[AnyRow]:
    """Return up to `limit` deliveries without their bodies, the latest first."""
    columns = deliveries.c
    statement = select(*_HEAD, func.length(columns.body).label("body_bytes")).where(columns.tenant_id == tenant)
    if source_id is not None:
        statement = statement.where(columns.source_id == source_id)
    if sent_id is not None:
        statement = statement.where(columns.sent_id == sent_id)
    if quarantined is not None:
        has_any = columns.quarantine_reason.is_not(None) | columns.quarantined.is_not(None)
        statement = statement.where(has_any if quarantined else ~has_any)
    if after is not None:
        statement = statement.where(tuple_(columns.received_at, columns.id) < after)
    ordered = statement.order_by(columns.received_at.desc(), columns.id.desc()).limit(limit)
    return (await tx.sql.execute(ordered)).all()


async def get(tx: Tx, tenant: str, delivery_id: UUID) -> AnyRow | None:
    """Return one delivery with its body, byte for byte."""
    statement = select(deliveries, func.length(deliveries.c.body).label("body_bytes")).where(
        deliveries.c.tenant_id == tenant, deliveries.c.id == delivery_id
    )
    return (await tx.sql.execute(statement)).one_or_none()
