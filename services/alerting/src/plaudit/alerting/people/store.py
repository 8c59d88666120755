"""Every statement about what tenants say of their people."""

from collections.abc import Collection, Sequence
from functools import lru_cache
from typing import Final

import msgspec
from asyncpg import Record

from plaudit.alerting.people.domain.owners import Owners
from plaudit.alerting.people.domain.stored import OwnersRevision
from plaudit.alerting.people.tables import owner_revisions
from plaudit.alerting.policies.domain.document import Format
from plaudit.common.db import Tx
from plaudit.common.db.columns import Columns

CACHED_REVISIONS: Final = 256

_ALL: Final = Columns(owner_revisions)
_NEWEST: Final = """
SELECT k.tenant_id, r.compiled, common.deactivated_people(k.tenant_id) AS has_left
FROM unnest($1::text[]) AS k (tenant_id)
CROSS JOIN LATERAL (
    SELECT compiled FROM owner_revisions WHERE tenant_id = k.tenant_id ORDER BY number DESC LIMIT 1
) r
"""
_LISTED: Final = f"""
SELECT {_ALL.listed} FROM owner_revisions
WHERE tenant_id = $1 AND ($2::int IS NULL OR number < $2) ORDER BY number DESC LIMIT $3
"""
_ADD: Final = f"INSERT INTO owner_revisions ({_ALL.listed}) VALUES ({_ALL.values()})"
_decoder: Final = msgspec.json.Decoder(Owners)


async def load(tx: Tx, tenants: Collection[str]) -> dict[str, Owners]:
    """Return tenant → what is in force, without people whose account is deactivated.

    Nobody is named for a tenant that has saved none.
    """
    rows = await tx.raw.fetch(_NEWEST, sorted(tenants))
    found = {row["tenant_id"]: _present(row["compiled"], tuple(row["has_left"])) for row in rows}
    return {**dict.fromkeys(tenants, Owners()), **found}


async def revisions(tx: Tx, tenant_id: str, limit: int, before: int | None = None) -> Sequence[OwnersRevision]:
    """Return revisions before a number, or from the last one on, the newest first."""
    return [_revision(row) for row in await tx.raw.fetch(_LISTED, tenant_id, before, limit)]


async def newest(tx: Tx, tenant_id: str) -> OwnersRevision | None:
    """Return the revision in force; none where none was saved."""
    found = await revisions(tx, tenant_id, 1)
    return found[0] if found else None


async def add(tx: Tx, tenant_id: str, revision: OwnersRevision) -> None:
    """Store a revision."""
    owners = msgspec.json.encode(revision.owners).decode()
    values = (revision.format, revision.document, owners, revision.saved_at, revision.saved_by)
    await tx.raw.execute(_ADD, tenant_id, revision.owners.number, *values)


@lru_cache(maxsize=CACHED_REVISIONS)
def _decoded(compiled: str) -> Owners:
    return _decoder.decode(compiled)


@lru_cache(maxsize=CACHED_REVISIONS)
def _present(compiled: str, has_left: tuple[str, ...]) -> Owners:
    return _decoded(compiled).without(has_left)


def _revision(row: Record) -> OwnersRevision:
    return OwnersRevision(
        owners=_decoded(row["compiled"]),
        format=Format(row["format"]),
        document=row["document"],
        saved_at=row["saved_at"],
        saved_by=row["saved_by"],
    )
