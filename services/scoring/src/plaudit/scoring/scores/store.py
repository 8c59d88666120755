"""The statements that read sums for scores. `sums/store.py` has those that add to them."""

from collections.abc import Sequence

from sqlalchemy import cast, func, select

from plaudit.common.db import SqlTx, Tx
from plaudit.common.db.subjects import within
from plaudit.scoring.cells import store as cells
from plaudit.scoring.scores.domain import FOR_EVER, Moment
from plaudit.scoring.sums.domain.kept import KeptSums
from plaudit.scoring.sums.domain.parts import KeptPart
from plaudit.scoring.sums.tables import sums

# Each step looks up the next prefix in the index, and goes past all that lies below the present child at once. No
# character of a subject sorts after '~', and '0' is the one after '/'.
_CHILDREN = """
WITH RECURSIVE steps AS (
    (SELECT prefix FROM sums WHERE tenant_id = $1 AND prefix >= $2 AND prefix < $3 ORDER BY prefix LIMIT 1)
    UNION ALL
    SELECT (
        SELECT prefix FROM sums
        WHERE tenant_id = $1 AND prefix < $3 AND prefix > CASE
            WHEN cardinality(parts) > $4 THEN array_to_string(parts[1:$4], '/') || '/~' ELSE steps.prefix
        END COLLATE "C"
        ORDER BY prefix LIMIT 1
    )
    FROM steps, string_to_array(steps.prefix, '/') AS parts WHERE steps.prefix IS NOT NULL
)
SELECT prefix FROM steps WHERE cardinality(string_to_array(prefix, '/')) = $4 LIMIT $5
"""
_TOTALS = [
    cast((func.max if name == "newest_us" else func.sum)(sums.c[name]), sums.c[name].type).label(name)
    for name in KeptSums._fields
]


async def sums_of(
    tx: SqlTx, tenant_id: str, prefixes: Sequence[str], *, by_source: bool = False
) -> dict[str, list[KeptPart]]:
    """Return prefix → its sums over all partitions, by traits and block.

    A prefix that never had a review is left out.

    Args:
        tx: the open transaction.
        tenant_id: whose.
        prefixes: of which subjects.
        by_source: whether each source's sums stand apart; otherwise all sources are one, which is None.
    """
    groups = [sums.c.prefix, *([sums.c.source_id] if by_source else []), sums.c.traits, sums.c.block]
    statement = (
        select(*groups, *_TOTALS).where(sums.c.tenant_id == tenant_id, sums.c.prefix.in_(prefixes)).group_by(*groups)
    )
    found: dict[str, list[KeptPart]] = {}
    for row in await tx.sql.execute(statement):
        kept = KeptSums._make(getattr(row, name) for name in KeptSums._fields)
        source_id = str(row.source_id) if by_source else None
        found.setdefault(row.prefix, []).append(KeptPart(source_id, row.traits, row.block, kept))
    return found


async def kept_of(
    tx: SqlTx, tenant_id: str, subject: str, moment: Moment, *, source_id: str | None = None
) -> list[KeptPart]:
    """Return the kept sums of a subject and all below it, as they stand or stood; by source.

    Args:
        tx: the open transaction.
        tenant_id: whose.
        subject: it.
        moment: when. What stands now is read from the sums, everything else is computed from the ledger.
        source_id: of this source alone, if given.
    """
    if moment.is_now:
        parts = (await sums_of(tx, tenant_id, [subject], by_source=True)).get(subject, [])
    else:
        known_at = None if moment.known_at == FOR_EVER else moment.known_at
        parts = await cells.kept_at(tx, tenant_id, subject, moment.at, known_at)
    return [part for part in parts if source_id is None or part.source_id == source_id]


async def is_known(tx: SqlTx, tenant_id: str, subject: str) -> bool:
    """Return whether a subject ever had a review of any kind."""
    wanted = select(sums.c.prefix).where(sums.c.tenant_id == tenant_id, sums.c.prefix == subject).limit(1)
    return (await tx.sql.execute(wanted)).first() is not None


async def prefixes_after(tx: SqlTx, tenant_id: str, after: str, under: str | None, limit: int) -> list[str]:
    """Return prefixes that have or had reviews of any kind, in their order.

    Args:
        tx: the open transaction.
        tenant_id: whose prefixes.
        after: only those that come after this one; the empty text comes before all.
        under: only this subject and what is below it, if given.
        limit: at most so many.
    """
    prefix = sums.c.prefix
    wanted = [sums.c.tenant_id == tenant_id, prefix > after, *([] if under is None else [within(prefix, under)])]
    statement = select(prefix).where(*wanted).group_by(prefix).order_by(prefix).limit(limit)
    return list((await tx.sql.execute(statement)).scalars())


async def children_of(tx: Tx, tenant_id: str, parent: str, limit: int) -> list[str]:
    """Return up to `limit` prefixes with reviews that lie one segment below a prefix, or those of one segment.

    Args:
        tx: the open transaction.
        tenant_id: whose prefixes.
        parent: the prefix; the empty text for those of one segment.
        limit: at most so many.
    """
    low, high, depth = (f"{parent}/", f"{parent}0", parent.count("/") + 2) if parent else ("", "~", 1)
    return [row["prefix"] for row in await tx.raw.fetch(_CHILDREN, tenant_id, low, high, depth, limit)]
