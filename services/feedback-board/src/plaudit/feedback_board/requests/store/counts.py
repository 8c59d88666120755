"""How many requests have each status, without those that are held, removed or merged into others.

A trigger of `requests` appends a row for each that comes, goes or changes its status, and a job adds them up: so a page
reads a few rows, however many requests there are, and nobody waits for a counter.
"""

from typing import Final

from plaudit.common.db import Tx
from plaudit.feedback_board.requests.domain.status import Status

_BY_STATUS = "SELECT status, sum(number)::bigint AS number FROM request_counts WHERE tenant_id = $1 GROUP BY status"

ANY_TO_ADD_UP: Final = "SELECT EXISTS (SELECT FROM request_counts WHERE NOT is_sum)"
"""For `Database.holds`."""

# Two that do this at once wait for each other at the rows, and each row is taken by one of them.
_ADD_UP = """
WITH oldest AS (
    SELECT DISTINCT tenant_id FROM (
        SELECT tenant_id FROM request_counts WHERE NOT is_sum ORDER BY id LIMIT $1
    ) AS waiting
),
taken AS (
    DELETE FROM request_counts WHERE tenant_id IN (SELECT tenant_id FROM oldest)
    RETURNING tenant_id, status, number, is_sum
),
added AS (
    INSERT INTO request_counts (tenant_id, status, number, is_sum)
    SELECT tenant_id, status, sum(number), true FROM taken GROUP BY tenant_id, status HAVING sum(number) <> 0
)
SELECT count(*) FROM taken WHERE NOT is_sum
"""


async def by_status(tx: Tx, tenant_id: str) -> dict[Status, int]:
    """Return the number of requests of each status, without those that are held, removed or merged into others."""
    counted = {Status(row["status"]): row["number"] for row in await tx.raw.fetch(_BY_STATUS, tenant_id)}
    return {status: counted.get(status, 0) for status in Status}


async def add_up(tx: Tx, limit: int) -> int:
    """Make one row per status of the rows of those tenants that the `limit` oldest are of; return how many were new."""
    added: int = await tx.raw.fetchval(_ADD_UP, limit)
    return added
