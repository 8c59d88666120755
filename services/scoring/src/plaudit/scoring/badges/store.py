"""Every SQL statement over badges."""

from typing import Any, Final

from plaudit.common.db import Tx
from plaudit.common.db.columns import Columns
from plaudit.common.db.results import rows_changed
from plaudit.scoring.badges.domain.badge import Badge, Kind
from plaudit.scoring.badges.tables import badges

_COLUMNS: Final = Columns(badges)
_FIND: Final = f"SELECT {_COLUMNS.listed} FROM badges WHERE tenant_id = $1 AND subject = $2"
_AFTER: Final = f"""
SELECT {_COLUMNS.listed} FROM badges WHERE tenant_id = $1 AND subject > $2 ORDER BY subject LIMIT $3
"""
_COUNT: Final = "SELECT count(*) FROM badges WHERE tenant_id = $1"
_SAVE: Final = f"""
INSERT INTO badges ({_COLUMNS.listed}) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (tenant_id, subject) DO UPDATE SET (name, kind, allowed_by) = ($3, $4, $5)
"""
_DELETE: Final = "DELETE FROM badges WHERE tenant_id = $1 AND subject = $2"


async def find(tx: Tx, tenant_id: str, subject: str) -> Badge | None:
    """Return the badge of a subject; None where its score is not public."""
    row = await tx.raw.fetchrow(_FIND, tenant_id, subject)
    return None if row is None else _badge(row)


async def list_after(tx: Tx, tenant_id: str, after: str, limit: int) -> list[Badge]:
    """Return badges in the order of their subjects: at most so many, after one; the empty text comes before all."""
    return [_badge(row) for row in await tx.raw.fetch(_AFTER, tenant_id, after, limit)]


async def count(tx: Tx, tenant_id: str) -> int:
    """Return how many badges a tenant has."""
    number: int = await tx.raw.fetchval(_COUNT, tenant_id)
    return number


async def save(tx: Tx, badge: Badge) -> None:
    """Store a badge, in place of the one that its subject may have."""
    await tx.raw.execute(_SAVE, *(getattr(badge, name) for name in _COLUMNS.names))


async def delete(tx: Tx, tenant_id: str, subject: str) -> bool:
    """Delete the badge of a subject; False where there was none."""
    return rows_changed(await tx.raw.execute(_DELETE, tenant_id, subject)) == 1


def _badge(row: Any) -> Badge:
    return Badge(**{**dict(row), "kind": Kind(row["kind"])})
