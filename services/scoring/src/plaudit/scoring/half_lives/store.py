"""The statements over half-lives of tenants' own and their sums, but for those that fill them."""

from collections.abc import Collection, Mapping, Sequence
from typing import Final
from uuid import UUID

from sqlalchemy import select

from plaudit.common.db import SqlTx, Tx
from plaudit.common.db.columns import Columns
from plaudit.scoring.half_lives.domain import KEPT_UNUSED, Phase, Progress
from plaudit.scoring.half_lives.tables import ROW, tenant_sums
from plaudit.scoring.sums.domain.decay import Sums
from plaudit.scoring.sums.domain.fold import Deltas, SubtractedWeights
from plaudit.scoring.sums.domain.kept import MOST_CANCELLED
from plaudit.scoring.sums.domain.parts import Part
from plaudit.scoring.sums.store import added, totals

# Where nobody wanted it for a while, it goes on where it stood; one that is being cleared is then filled anew.
_WANT = """
INSERT INTO half_lives AS held (tenant_id, half_life_us, phase, wanted_at, next_turn_at)
SELECT $1, wanted, 'clearing', $3, $3 FROM unnest($2::bigint[]) AS wanted
ON CONFLICT (tenant_id, half_life_us) DO UPDATE SET unused_since = NULL,
    next_turn_at = CASE WHEN held.unused_since IS NULL THEN held.next_turn_at ELSE excluded.next_turn_at END
"""
_LEAVE = """
UPDATE half_lives SET unused_since = $3, next_turn_at = $4
WHERE tenant_id = $1 AND unused_since IS NULL AND half_life_us <> ALL($2::bigint[])
"""
_PROGRESS: Final = """
SELECT h.half_life_us, h.phase, h.entries_read, h.entries_total, h.waits_for,
    (SELECT count(*) FROM half_life_partitions p
     WHERE p.tenant_id = h.tenant_id AND p.half_life_us = h.half_life_us AND p.is_live) AS partitions_live
FROM half_lives h WHERE h.tenant_id = $1 AND h.half_life_us = ANY($2::bigint[])
"""
_IS_KEPT = """
SELECT phase = 'kept' FROM half_lives WHERE tenant_id = $1 AND half_life_us = $2 FOR UPDATE
"""
_TENANTS = "SELECT array_agg(DISTINCT tenant_id) FROM half_lives"
_LIVE = """
SELECT tenant_id, partition, array_agg(half_life_us ORDER BY half_life_us) AS half_lives FROM half_life_partitions
WHERE is_live AND tenant_id = ANY($1::text[]) GROUP BY tenant_id, partition
"""
_COLUMNS = Columns(tenant_sums)
_KEY: Final = ("tenant_id", "half_life_us", "prefix", "source_id", "traits", "partition", "landmark")
# As in `sums/store.py`, SQL only adds.
_ADD = f"""
INSERT INTO tenant_sums AS held ({_COLUMNS.listed}) SELECT * FROM {_COLUMNS.unnest()}
ON CONFLICT ({", ".join(_KEY)}) DO UPDATE SET {added(ROW)}
"""
# As in `sums/store.py`: where so much is taken away that rounding shows in what is left, the row is to be summed anew.
_WEIGHT: Final = "held.w1 + held.w2 + held.w3 + held.w4 + held.w5"
_MARK_ROUNDED = f"""
INSERT INTO rounded_tenant_sums (tenant_id, half_life_us, prefix)
SELECT DISTINCT tenant_id, half_life_us, prefix
FROM tenant_sums AS held JOIN unnest(
    $1::text[], $2::bigint[], $3::text[], $4::uuid[], $5::smallint[], $6::smallint[], $7::int[], $8::float8[]
) AS taken ({", ".join(_KEY)}, weight) USING ({", ".join(_KEY)})
WHERE {_WEIGHT} < taken.weight * {MOST_CANCELLED}
  AND NOT ({" AND ".join(f"held.{name} = 0" for name in Sums._fields)})
"""
_TOTALS = totals(tenant_sums, ROW)


async def want(tx: Tx, tenant_id: str, half_lives: Collection[int]) -> None:
    """Say which half-lives the profiles of a tenant's own have now: new ones are filled, others dropped after a while.

    Args:
        tx: the open transaction.
        tenant_id: whose.
        half_lives: all of them, in microseconds.
    """
    wanted = sorted(half_lives)
    await tx.raw.execute(_WANT, tenant_id, wanted, tx.now)
    await tx.raw.execute(_LEAVE, tenant_id, wanted, tx.now, tx.now + KEPT_UNUSED)


async def progress(tx: Tx, tenant_id: str, half_lives: Collection[int]) -> dict[int, Progress]:
    """Return half-life → how far it is filled, of those that there are."""
    rows = await tx.raw.fetch(_PROGRESS, tenant_id, list(half_lives))
    return {
        row["half_life_us"]: Progress(
            phase=Phase(row["phase"]),
            entries_read=row["entries_read"],
            entries_total=row["entries_total"],
            partitions_live=row["partitions_live"],
            waits_for=row["waits_for"],
        )
        for row in rows
    }


async def stays_kept(tx: Tx, tenant_id: str, half_life_us: int) -> bool:
    """Return whether a half-life is kept; if so, it is until the transaction ends."""
    return bool(await tx.raw.fetchval(_IS_KEPT, tenant_id, half_life_us))


async def tenants(tx: Tx) -> frozenset[str]:
    """Return the tenants that have half-lives of their own; one small statement where there are none."""
    found: Sequence[str] | None = await tx.raw.fetchval(_TENANTS)
    return frozenset(found or ())


async def live(tx: Tx, tenants: Collection[str]) -> dict[tuple[str, int], Sequence[int]]:
    """Return (tenant, partition) → the half-lives that live adds to there.

    Whoever holds the position row of a partition may rely on it until the transaction ends.
    """
    rows = await tx.raw.fetch(_LIVE, list(tenants))
    return {(row["tenant_id"], row["partition"]): row["half_lives"] for row in rows}


async def add(tx: Tx, deltas: Mapping[int, Deltas]) -> None:
    """Add deltas to their rows, in the order of the primary key; rows that do not exist are made.

    Args:
        tx: the open transaction.
        deltas: half-life in microseconds → what `fold_half_life` makes of changes.
    """
    rows = [
        (tenant_id, half_life_us, prefix, str(UUID(source_id)), *rest, *numbers)
        for half_life_us, of_one in deltas.items()
        for (tenant_id, prefix, source_id, *rest), numbers in of_one.items()
    ]
    if not rows:
        return
    rows.sort()
    by_name = dict(zip((*_KEY, *ROW), zip(*rows, strict=True), strict=True))
    await tx.raw.execute(_ADD, *(by_name[name] for name in _COLUMNS.names))


async def mark_rounded(tx: Tx, subtracted: Mapping[int, SubtractedWeights]) -> None:
    """Mark those rows from which so much was taken away that rounding shows in what is left.

    Args:
        tx: the open transaction, which has taken it away.
        subtracted: half-life in microseconds → the weights that were taken away.
    """
    rows = [
        (tenant_id, half_life_us, prefix, str(UUID(source_id)), *rest, weight)
        for half_life_us, of_one in subtracted.items()
        for (tenant_id, prefix, source_id, *rest), weight in of_one.items()
    ]
    if rows:
        await tx.raw.execute(_MARK_ROUNDED, *zip(*rows, strict=True))


async def parts_of(
    tx: SqlTx, tenant_id: str, half_life_us: int, prefixes: Collection[str], *, by_source: bool
) -> dict[str, list[Part]]:
    """Return prefix → its sums of a half-life over all partitions, by traits and landmark.

    Args:
        tx: the open transaction.
        tenant_id: whose.
        half_life_us: a half-life of its own that is kept, in microseconds.
        prefixes: of which subjects; one that never had a review is left out.
        by_source: whether each source's sums stand apart; otherwise all sources are one, which is None.
    """
    columns = tenant_sums.c
    groups = [columns.prefix, *([columns.source_id] if by_source else []), columns.traits, columns.landmark]
    wanted = [columns.tenant_id == tenant_id, columns.half_life_us == half_life_us, columns.prefix.in_(prefixes)]
    found: dict[str, list[Part]] = {}
    for row in await tx.sql.execute(select(*groups, *_TOTALS).where(*wanted).group_by(*groups)):
        sums = Sums._make(getattr(row, name) for name in Sums._fields)
        source_id = str(row.source_id) if by_source else None
        found.setdefault(row.prefix, []).append(Part(source_id, row.traits, row.landmark, sums, row.newest_us))
    return found
