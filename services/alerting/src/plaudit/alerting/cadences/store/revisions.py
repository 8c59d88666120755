"""Revisions of the rules."""

from collections.abc import Collection, Sequence

import msgspec
from asyncpg import Record

from plaudit.alerting.cadences.domain.rules import Cadences, Revision
from plaudit.alerting.cadences.tables import cadence_revisions
from plaudit.common.db import Tx
from plaudit.common.db.columns import Columns

_REVISION = Columns(cadence_revisions)
_NEWEST = f"""
SELECT DISTINCT ON (tenant_id) {_REVISION.listed} FROM cadence_revisions
WHERE tenant_id = ANY($1::text[]) ORDER BY tenant_id, number DESC
"""
_ADD = f"INSERT INTO cadence_revisions ({_REVISION.listed}) VALUES ({_REVISION.values()}) ON CONFLICT DO NOTHING"
_HISTORY = f"SELECT {_REVISION.listed} FROM cadence_revisions WHERE tenant_id = $1 ORDER BY number DESC LIMIT $2"


async def newest(tx: Tx, tenants: Collection[str]) -> dict[str, Revision]:
    """Return tenant → the revision in force, of those tenants that have one."""
    rows = await tx.raw.fetch(_NEWEST, list(tenants))
    return {row["tenant_id"]: _revision(row) for row in rows}


async def history(tx: Tx, tenant_id: str, limit: int) -> Sequence[Revision]:
    """Return the newest revisions of a tenant, the one in force first."""
    return [_revision(row) for row in await tx.raw.fetch(_HISTORY, tenant_id, limit)]


async def add(tx: Tx, revision: Revision) -> bool:
    """Store a revision; return whether it was not there."""
    document = msgspec.json.encode(revision.cadences).decode()
    values = (revision.tenant_id, revision.number, document, revision.active_from, revision.saved_by)
    return str(await tx.raw.execute(_ADD, *values)).endswith(" 1")


def _revision(row: Record) -> Revision:
    cadences = msgspec.convert(row["cadences"], Cadences)
    return Revision(**{**dict(row), "cadences": cadences})
