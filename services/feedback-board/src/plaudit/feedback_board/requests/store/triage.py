"""Counts what waits for the team."""

from typing import Final

from plaudit.common.db import Tx
from plaudit.common.delivery import store as deliveries
from plaudit.feedback_board.requests.domain.triage import (
    IN_PROGRESS_FOR,
    LARGE_REACH,
    MAX_FAILED,
    NEW_FOR,
    OPEN_FOR,
    PLANNED_FOR,
    Triage,
)

_COUNT: Final = """
SELECT count(*) FILTER (WHERE created_at > $2) AS new,
       count(*) FILTER (WHERE status IN ('open', 'under_review')) AS waiting,
       count(*) FILTER (WHERE status = 'open' AND status_changed_at < $3) AS stale_open,
       count(*) FILTER (WHERE status = 'planned' AND status_changed_at < $4) AS stale_planned,
       count(*) FILTER (WHERE status = 'in_progress' AND status_changed_at < $5) AS stale_in_progress,
       count(*) FILTER (
           WHERE status IN ('open', 'under_review') AND priority IS NULL AND reach >= $6
       ) AS unsized_large
FROM requests WHERE tenant_id = $1 AND merged_into IS NULL AND visibility = 'published'
"""


async def count(tx: Tx, tenant_id: str) -> Triage:
    """Count what waits at the time of the transaction."""
    since = (tx.now - each for each in (NEW_FOR, OPEN_FOR, PLANNED_FOR, IN_PROGRESS_FOR))
    row = await tx.raw.fetchrow(_COUNT, tenant_id, *since, LARGE_REACH)
    assert row is not None, "an aggregate has one row"
    failed = await deliveries.count_failed(tx, tenant_id, MAX_FAILED)
    return Triage(**row, failed_mails=failed)
