"""Sources: configured accounts on platforms."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Row, insert, select, tuple_

from plaudit.common.db import Tx
from plaudit.ingest.tables import sources


@dataclass(frozen=True, slots=True)
class Source:
    """One configured account, with its tenant's key for person keys."""

    tenant_id: str
    id: UUID
    name: str
    platform: str
    subject: str
    secret: str
    path_token: str | None
    created_at: datetime
    person_key: bytes


async def add(tx: Tx, source: Source) -> None:
    """Keep a new source."""
    await tx.sql.execute(
        insert(sources).values(
            tenant_id=source.tenant_id,
            id=source.id,
            name=source.name,
            platform=source.platform,
            subject=source.subject,
            secret=source.secret,
            path_token=source.path_token,
            created_at=source.created_at,
        )
    )


async def find(tx: Tx, source_id: UUID) -> Source | None:
    """Return a source before its tenant is known: a single-row look-up that row level security does not bind."""
    row = await tx.raw.fetchrow("SELECT * FROM find_source($1)", source_id)
    return Source(**dict(row)) if row is not None else None


async def get(tx: Tx, tenant: str, source_id: UUID) -> Row[tuple[object, ...]] | None:
    """Return one of the tenant's sources."""
    statement = select(sources).where(sources.c.tenant_id == tenant, sources.c.id == source_id)
    return (await tx.sql.execute(statement)).one_or_none()


async def page(
    tx: Tx, tenant: str, after: tuple[datetime, UUID] | None, limit: int
) -> Sequence[Row[tuple[object, ...]]]:
    """Return up to `limit` of the tenant's sources, oldest first."""
    columns = sources.c
    statement = select(sources).where(columns.tenant_id == tenant).order_by(columns.created_at, columns.id).limit(limit)
    if after is not None:
        statement = statement.where(tuple_(columns.created_at, columns.id) > after)
    return (await tx.sql.execute(statement)).all()
