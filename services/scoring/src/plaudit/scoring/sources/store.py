"""Every SQL statement over what sources are called."""

from collections.abc import Collection, Sequence
from typing import Any

from plaudit.common.db import Tx
from plaudit.common.db.columns import Columns
from plaudit.scoring.sources.domain import Source
from plaudit.scoring.sources.tables import sources

_SOURCE = Columns(sources)
# What is known already is not written: an upsert would lock it, thousands of times a day for nothing.
_NOTE = f"""
INSERT INTO sources AS known ({_SOURCE.listed})
SELECT {_SOURCE.of("told")} FROM {_SOURCE.unnest()} AS told ({_SOURCE.listed})
WHERE NOT EXISTS (
    SELECT FROM sources AS same WHERE same.tenant_id = told.tenant_id AND same.source_id = told.source_id
        AND (same.told_at >= told.told_at OR (same.name, same.platform) = (told.name, told.platform))
)
ORDER BY told.tenant_id, told.source_id
ON CONFLICT (tenant_id, source_id) DO UPDATE SET {_SOURCE.excluded()} WHERE known.told_at < excluded.told_at
"""
_NAMED = f"SELECT {_SOURCE.listed} FROM sources WHERE tenant_id = $1 AND source_id = ANY($2::uuid[])"
_FIRST = f"SELECT {_SOURCE.listed} FROM sources WHERE tenant_id = $1 ORDER BY lower(name), name, source_id LIMIT $2"


async def note(tx: Tx, told: Sequence[Source]) -> None:
    """Remember what sources are called, each told once; what was told earlier than what is known changes nothing."""
    if told:
        await tx.raw.execute(_NOTE, *_SOURCE.arrays(told))


async def named(tx: Tx, tenant_id: str, source_ids: Collection[str]) -> dict[str, Source]:
    """Return id → source, of those sources that a review has told of."""
    if not source_ids:
        return {}
    return _by_id(await tx.raw.fetch(_NAMED, tenant_id, sorted(source_ids)))


async def first(tx: Tx, tenant_id: str, limit: int) -> dict[str, Source]:
    """Return id → source of a tenant's sources that reviews have told of, the first so many by their names."""
    return _by_id(await tx.raw.fetch(_FIRST, tenant_id, limit))


def _by_id(rows: Sequence[Any]) -> dict[str, Source]:
    found = (Source(**{**row, "source_id": str(row["source_id"])}) for row in rows)
    return {each.source_id: each for each in found}
