"""The statement that finds the subjects to rank."""

from sqlalchemy import func, select

from plaudit.common.db import SqlTx
from plaudit.scoring.sums.tables import sums


async def subjects_at(tx: SqlTx, tenant_id: str, under: str | None, depth: int, limit: int) -> list[str]:
    """Return subjects that have or had reviews and lie so many segments below one, in their order.

    Args:
        tx: the open transaction.
        tenant_id: whose.
        under: below which subject; None for all.
        depth: how many segments below it, from 1 on.
        limit: at most so many.
    """
    prefix = sums.c.prefix
    segments = depth if under is None else under.count("/") + 1 + depth
    # '0' is the character after '/': the range is exactly what lies below.
    below = [] if under is None else [prefix >= f"{under}/", prefix < f"{under}0"]
    wanted = [sums.c.tenant_id == tenant_id, *below, func.cardinality(func.string_to_array(prefix, "/")) == segments]
    statement = select(prefix).where(*wanted).group_by(prefix).order_by(prefix).limit(limit)
    return list((await tx.sql.execute(statement)).scalars())
