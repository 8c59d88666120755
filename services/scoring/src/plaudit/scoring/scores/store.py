"""The statements that read sums for scores. `sums/store.py` has the one that adds to them."""

from collections.abc import Sequence

from sqlalchemy import Select, Table, cast, func, select, union

from plaudit.common.db import SqlTx, Tx
from plaudit.common.db.subjects import within
from plaudit.scoring.subjects.tables import unscored_subjects
from plaudit.scoring.sums.domain.decay import Sums
from plaudit.scoring.sums.tables import sums

# Each step looks up the next prefix in the index, and goes past all that lies below the present child at once. No
# character of a subject sorts after '~', and '0' is the one after '/'.
_CHILDREN = """
WITH RECURSIVE steps AS (
    (SELECT prefix FROM {table} WHERE tenant_id = $1 AND prefix >= $2 AND prefix < $3 ORDER BY prefix LIMIT 1)
    UNION ALL
    SELECT (
        SELECT prefix FROM {table}
        WHERE tenant_id = $1 AND prefix < $3 AND prefix > CASE
            WHEN cardinality(parts) > $4 THEN array_to_string(parts[1:$4], '/') || '/~' ELSE steps.prefix
        END COLLATE "C"
        ORDER BY prefix LIMIT 1
    )
    FROM steps, string_to_array(steps.prefix, '/') AS parts WHERE steps.prefix IS NOT NULL
)
SELECT prefix FROM steps WHERE cardinality(string_to_array(prefix, '/')) = $4 LIMIT $5
"""
_TABLES = (sums, unscored_subjects)
_TOTALS = [cast(func.sum(sums.c[name]), sums.c[name].type).label(name) for name in Sums._fields]


async def sums_of(tx: SqlTx, tenant_id: str, prefixes: Sequence[str]) -> dict[str, list[tuple[int, Sums]]]:
    """Return prefix → its sums over all sources and partitions, one `(landmark index, sums)` per landmark.

    A prefix that never had a review that counts is left out.
    """
    statement = (
        select(sums.c.prefix, sums.c.landmark, *_TOTALS)
        .where(sums.c.tenant_id == tenant_id, sums.c.prefix.in_(prefixes))
        .group_by(sums.c.prefix, sums.c.landmark)
    )
    found: dict[str, list[tuple[int, Sums]]] = {}
    for row in await tx.sql.execute(statement):
        totals = Sums._make(getattr(row, name) for name in Sums._fields)
        found.setdefault(row.prefix, []).append((row.landmark, totals))
    return found


async def without_score(tx: SqlTx, tenant_id: str, prefixes: Sequence[str]) -> set[str]:
    """Return those of these prefixes that had a review of a kind that no profile counts."""
    statement = select(unscored_subjects.c.prefix).where(
        unscored_subjects.c.tenant_id == tenant_id, unscored_subjects.c.prefix.in_(prefixes)
    )
    return set((await tx.sql.execute(statement)).scalars())


async def prefixes_after(tx: SqlTx, tenant_id: str, after: str, under: str | None, limit: int) -> list[str]:
    """Return prefixes that have or had reviews of any kind, in their order.

    Args:
        tx: the open transaction.
        tenant_id: whose prefixes.
        after: only those that come after this one; the empty text comes before all.
        under: only this subject and what is below it, if given.
        limit: at most so many.
    """

    def first(table: Table) -> Select[tuple[str]]:
        prefix = table.c.prefix
        wanted = [table.c.tenant_id == tenant_id, prefix > after, *([] if under is None else [within(prefix, under)])]
        return select(prefix).where(*wanted).group_by(prefix).order_by(prefix).limit(limit)

    both = union(*(select(first(table).subquery().c.prefix) for table in _TABLES)).subquery()
    return list((await tx.sql.execute(select(both.c.prefix).order_by(both.c.prefix).limit(limit))).scalars())


async def children_of(tx: Tx, tenant_id: str, parent: str, limit: int) -> list[str]:
    """Return up to `limit` prefixes with reviews that lie one segment below a prefix, or those of one segment.

    Args:
        tx: the open transaction.
        tenant_id: whose prefixes.
        parent: the prefix; the empty text for those of one segment.
        limit: at most so many.
    """
    low, high, depth = (f"{parent}/", f"{parent}0", parent.count("/") + 2) if parent else ("", "~", 1)
    found = {
        row["prefix"]
        for table in _TABLES
        for row in await tx.raw.fetch(_CHILDREN.format(table=table.name), tenant_id, low, high, depth, limit)
    }
    return sorted(found)[:limit]
