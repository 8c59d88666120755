"""The statement that says how many reviews of a subject came lately."""

from datetime import datetime
from typing import Final
from uuid import UUID

from plaudit.common.db import Tx
from plaudit.common.db.subjects import is_within
from plaudit.scoring.projection.domain.outlook import Arrived

# What was rated after an instant takes effect after it, too; that narrows the index.
_ARRIVED: Final = f"""
SELECT source_id::text AS source_id, traits, sum(sign)::bigint AS reviews, sum(sign * rating) AS total
FROM ledger
WHERE tenant_id = $1 AND {is_within("subject", "$2")}
  AND valid_at > $3 AND valid_at <= $4 AND rated_at > $3 AND ($5::uuid IS NULL OR source_id = $5)
GROUP BY source_id, traits
"""


async def arrived(
    tx: Tx, tenant_id: str, subject: str, since: datetime, until: datetime, source_id: UUID | None = None
) -> list[Arrived]:
    """Return how many reviews of a subject and all below it were rated between two instants and stand at the later.

    What was removed or rated anew is taken away by its entry of the same rating time, as everywhere in the ledger.

    Args:
        tx: the open transaction.
        tenant_id: whose.
        subject: it.
        since: the first instant; it does not count.
        until: the later one; it does.
        source_id: of this source alone, if given.
    """
    rows = await tx.raw.fetch(_ARRIVED, tenant_id, subject, since, until, source_id)
    return [Arrived(row["source_id"], row["traits"], row["reviews"], row["total"]) for row in rows if row["reviews"]]
