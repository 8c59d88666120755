"""Every SQL statement of scoring."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import func, select

from plaudit.common.db import Tx
from plaudit.scoring.domain.decay import Sums
from plaudit.scoring.domain.fold import Deltas
from plaudit.scoring.tables import COUNT_COLUMNS, SUM_COLUMNS, accumulators

_COLUMNS = (*SUM_COLUMNS, *COUNT_COLUMNS)

# SQL only adds: multiplication, power and exp raise on underflow, so a rescaling here would make a poison batch.
_ADD = f"""
INSERT INTO accumulators AS held (tenant_id, prefix, source_id, partition, landmark, {", ".join(_COLUMNS)})
SELECT * FROM unnest(
    $1::text[], $2::text[], $3::uuid[], $4::smallint[], $5::int[],
    {", ".join(f"${n}::float8[]" for n in range(6, 13))}, {", ".join(f"${n}::bigint[]" for n in range(13, 18))}
)
ON CONFLICT (tenant_id, prefix, source_id, partition, landmark) DO UPDATE
SET {", ".join(f"{name} = held.{name} + excluded.{name}" for name in _COLUMNS)}
"""

_APPEND = """
INSERT INTO ledger (tenant_id, partition, epoch, sequence, sign, review_id, revision, subject, source_id,
                    kind, rating, verified, origin, rated_at, known_at)
SELECT * FROM unnest($1::text[], $2::smallint[], $3::bigint[], $4::bigint[], $5::smallint[], $6::uuid[], $7::int[],
                     $8::text[], $9::uuid[], $10::text[], $11::float8[], $12::boolean[], $13::text[],
                     $14::timestamptz[], $15::timestamptz[])
"""


class LedgerEntry(NamedTuple):
    """One signed row of the ledger, in the order of its columns."""

    tenant_id: str
    partition: int
    epoch: int
    sequence: int
    sign: int
    review_id: str
    revision: int
    subject: str
    source_id: str
    kind: str
    rating: float
    verified: bool
    origin: str
    rated_at: datetime
    known_at: datetime


async def add(tx: Tx, deltas_by_partition: Mapping[int, Deltas]) -> None:
    """Add the deltas to their accumulators, in key order, so that two writers never wait for each other in a ring."""
    rows = sorted(
        (tenant, prefix, source, partition, landmark, *numbers)
        for partition, deltas in deltas_by_partition.items()
        for (tenant, prefix, source, landmark), numbers in deltas.items()
    )
    if rows:
        await tx.raw.execute(_ADD, *zip(*rows, strict=True))


async def append(tx: Tx, entries: Sequence[LedgerEntry]) -> None:
    """Append entries to the ledger."""
    if entries:
        await tx.raw.execute(_APPEND, *zip(*entries, strict=True))


def _totals() -> list[object]:
    columns = accumulators.c
    return [columns.landmark, *(func.sum(columns[name]).label(name) for name in _COLUMNS)]


def _row(row: Iterable[object]) -> Sums:
    return Sums._make(row)


async def rows_of(tx: Tx, tenant: str, prefix: str) -> list[tuple[int, Sums]]:
    """Return the prefix's sums over all sources and partitions, one row per landmark: (index, sums)."""
    return (await rows_of_many(tx, tenant, [prefix])).get(prefix, [])


async def rows_of_many(tx: Tx, tenant: str, prefixes: Sequence[str]) -> dict[str, list[tuple[int, Sums]]]:
    """Return prefix → its sums per landmark, for prefixes that have any."""
    columns = accumulators.c
    statement = (
        select(columns.prefix, *_totals())
        .where(columns.tenant_id == tenant, columns.prefix.in_(prefixes))
        .group_by(columns.prefix, columns.landmark)
    )
    found: dict[str, list[tuple[int, Sums]]] = {}
    for prefix, landmark, *numbers in await tx.sql.execute(statement):
        floats, counts = numbers[:7], numbers[7:]
        found.setdefault(prefix, []).append((landmark, _row([*floats, *(int(count) for count in counts)])))
    return found


async def prefixes_after(tx: Tx, tenant: str, after: str, under: str | None, limit: int) -> list[str]:
    """Return up to `limit` prefixes in order that come after `after`, all of them or `under` one and below."""
    columns = accumulators.c
    statement = (
        select(columns.prefix)
        .where(columns.tenant_id == tenant, columns.prefix > after)
        .group_by(columns.prefix)
        .order_by(columns.prefix)
        .limit(limit)
    )
    if under is not None:
        # '0' is the character after '/', so this range is exactly the paths below.
        below = (columns.prefix >= f"{under}/") & (columns.prefix < f"{under}0")
        statement = statement.where((columns.prefix == under) | below)
    return list((await tx.sql.execute(statement)).scalars())
