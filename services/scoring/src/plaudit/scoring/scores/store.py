"""The statements that read sums for scores. `sums/store.py` has the one that adds to them."""

from collections.abc import Sequence

from sqlalchemy import cast, func, select

from plaudit.common.db import SqlTx
from plaudit.common.db.subjects import within
from plaudit.scoring.sums.domain.decay import Sums
from plaudit.scoring.sums.tables import sums

_TOTALS = [cast(func.sum(sums.c[name]), sums.c[name].type).label(name) for name in Sums._fields]


async def sums_of(tx: SqlTx, tenant_id: str, prefixes: Sequence[str]) -> dict[str, list[tuple[int, Sums]]]:
    """Return prefix → its sums over all sources and partitions, one `(landmark index, sums)` per landmark.

    A prefix that never had a review is left out.
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


async def prefixes_after(tx: SqlTx, tenant_id: str, after: str, under: str | None, limit: int) -> list[str]:
    """Return prefixes that have or had reviews, in their order.

    Args:
        tx: the open transaction.
        tenant_id: whose prefixes.
        after: only those that come after this one; the empty text comes before all.
        under: only this subject and what is below it, if given.
        limit: at most so many.
    """
    statement = (
        select(sums.c.prefix)
        .where(sums.c.tenant_id == tenant_id, sums.c.prefix > after)
        .group_by(sums.c.prefix)
        .order_by(sums.c.prefix)
        .limit(limit)
    )
    if under is not None:
        statement = statement.where(within(sums.c.prefix, under))
    return list((await tx.sql.execute(statement)).scalars())
