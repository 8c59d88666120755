"""Every statement about sources."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import insert, select, tuple_, update

from plaudit.common.db import SqlTx, Tx
from plaudit.ingest.sources.domain import KeyedSource, Source
from plaudit.ingest.sources.tables import sources

_FIND = "SELECT * FROM find_source($1)"


async def add(tx: SqlTx, source: Source) -> None:
    """Store a new source."""
    await tx.sql.execute(insert(sources).values({**msgspec.structs.asdict(source), "id": UUID(source.id)}))


async def find(tx: Tx, source_id: UUID) -> KeyedSource | None:
    """Return a source before its tenant is known: a single-row look-up that row level security does not bind."""
    row = await tx.raw.fetchrow(_FIND, source_id)
    return None if row is None else KeyedSource(**_values(dict(row)))


async def get(tx: SqlTx, tenant_id: str, source_id: UUID) -> Source | None:
    """Return one of the tenant's sources."""
    statement = select(sources).where(sources.c.tenant_id == tenant_id, sources.c.id == source_id)
    row = (await tx.sql.execute(statement)).mappings().one_or_none()
    return None if row is None else Source(**_values(row))


async def set_secrets(tx: SqlTx, source: Source) -> None:
    """Store which secrets count for a source."""
    secrets = {"secret": source.secret, "more_secrets": list(source.more_secrets)}
    of_source = (sources.c.tenant_id == source.tenant_id) & (sources.c.id == UUID(source.id))
    await tx.sql.execute(update(sources).where(of_source).values(secrets))


async def page(tx: SqlTx, tenant_id: str, after: tuple[datetime, UUID] | None, limit: int) -> list[Source]:
    """Return up to `limit` of the tenant's sources, oldest first."""
    columns = sources.c
    statement = select(sources).where(columns.tenant_id == tenant_id)
    if after is not None:
        statement = statement.where(tuple_(columns.created_at, columns.id) > after)
    ordered = statement.order_by(columns.created_at, columns.id).limit(limit)
    return [Source(**_values(row)) for row in (await tx.sql.execute(ordered)).mappings()]


def _values(row: Mapping[Any, Any]) -> dict[str, Any]:
    lists = {name: tuple(row[name]) for name in ("more_secrets", "allowed_addresses")}
    return {**row, "id": str(row["id"]), **lists}
