"""Guidelines and their revisions. A guideline that the tenant has not changed is as it is shipped."""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

import msgspec

from plaudit.alerting.library.domain.guideline import Revision
from plaudit.alerting.library.domain.shipped import shipped
from plaudit.alerting.library.tables import guidelines
from plaudit.common.db import Tx
from plaudit.common.db.columns import Columns

_REVISION: Final = Columns(guidelines)

_NEWEST = f"SELECT DISTINCT ON (id) {_REVISION.listed} FROM guidelines WHERE tenant_id = $1 ORDER BY id, number DESC"
_LOG = f"SELECT {_REVISION.listed} FROM guidelines WHERE tenant_id = $1 AND id = $2 ORDER BY number"
_ADD = f"INSERT INTO guidelines ({_REVISION.listed}) VALUES ({_REVISION.values()})"


async def newest(tx: Tx, tenant_id: str) -> list[Revision]:
    """Return the newest revision of each of the tenant's guidelines, withdrawn ones too, in the order of their ids."""
    own = {each.id: each for each in map(_revision, await tx.raw.fetch(_NEWEST, tenant_id))}
    return sorted(({each.id: each for each in shipped(tenant_id)} | own).values(), key=lambda each: each.id)


async def log_of(tx: Tx, tenant_id: str, guideline_id: UUID) -> list[Revision]:
    """Return all revisions of a guideline, the oldest first; the shipped one is the first."""
    own = [_revision(row) for row in await tx.raw.fetch(_LOG, tenant_id, guideline_id)]
    return [each for each in shipped(tenant_id) if each.id == guideline_id] + own


async def add(tx: Tx, revision: Revision) -> None:
    """Store a revision."""
    await tx.raw.execute(_ADD, *_REVISION.row(revision))


def _revision(row: Mapping[str, Any] | Any) -> Revision:
    return msgspec.convert(dict(row), Revision)
