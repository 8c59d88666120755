"""How a tenant weighs people: its view of reach, and the personas that are muted now."""

from collections.abc import Mapping
from typing import Any

from plaudit.common.db import Tx
from plaudit.feedback_board.requests.domain.weighing import ReachView, Weighing

_FIND = """
SELECT view, cap, ARRAY(
    SELECT stratum FROM muted_strata WHERE muted_strata.tenant_id = asked.tenant_id AND until > $2
) AS muted
FROM (SELECT $1::text AS tenant_id) AS asked LEFT JOIN reach_views ON reach_views.tenant_id = asked.tenant_id
"""


def _weighing(row: Mapping[str, Any]) -> Weighing:
    muted = frozenset(row["muted"])
    if row["view"] is None:
        return Weighing(muted=muted)
    return Weighing(view=ReachView(row["view"]), cap=row["cap"], muted=muted)


async def find(tx: Tx, tenant_id: str) -> Weighing:
    """Return how a tenant weighs people at the time of the transaction: capped, unless it has said otherwise."""
    (row,) = await tx.raw.fetch(_FIND, tenant_id, tx.now)
    return _weighing(dict(row))
