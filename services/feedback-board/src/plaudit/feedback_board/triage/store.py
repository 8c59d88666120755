"""Counts and lists what waits for the team."""

import json
from collections.abc import Sequence
from typing import Final

from plaudit.common.db import SqlTx, Tx
from plaudit.common.delivery import store as deliveries
from plaudit.feedback_board.holds import store as holds
from plaudit.feedback_board.requests.domain.order import Order
from plaudit.feedback_board.requests.domain.request import Request
from plaudit.feedback_board.requests.domain.status import UNDECIDED, Status
from plaudit.feedback_board.requests.store import requests
from plaudit.feedback_board.requests.tables import requests as table
from plaudit.feedback_board.triage.domain import (
    BURST_VOTES,
    BURSTS_FOR,
    IN_PROGRESS_FOR,
    LARGE_REACH,
    MAX_FAILED,
    NEW_FOR,
    OPEN_FOR,
    PLANNED_FOR,
    STALE,
    Burst,
    Section,
    Triage,
)

TITLES_OF_A_BURST: Final = 3

_COUNT: Final = """
SELECT count(*) FILTER (WHERE created_at > $2) AS new,
       count(*) FILTER (WHERE status = 'open' AND created_at > $2) AS new_open,
       count(*) FILTER (WHERE status IN ('open', 'under_review')) AS waiting,
       count(*) FILTER (WHERE status = 'under_review') AS under_review,
       count(*) FILTER (WHERE status = 'open' AND status_changed_at < $3) AS stale_open,
       count(*) FILTER (WHERE status = 'planned' AND status_changed_at < $4) AS stale_planned,
       count(*) FILTER (WHERE status = 'in_progress' AND status_changed_at < $5) AS stale_in_progress,
       count(*) FILTER (
           WHERE status IN ('open', 'under_review') AND priority IS NULL AND reach >= $6
       ) AS unsized_large
FROM requests WHERE tenant_id = $1 AND merged_into IS NULL AND visibility = 'published'
"""

_COUNT_BURSTS: Final = """
SELECT count(*) FROM (
    SELECT FROM vote_networks WHERE tenant_id = $1 AND hour > $2 GROUP BY network, hour HAVING sum(votes) > $3
) AS bursts
"""

# A request that was merged meanwhile has its title yet; one that is held or removed is not named.
_BURSTS: Final = """
SELECT hour, sum(votes)::int AS votes,
       (SELECT json_object_agg(named.id, named.title) FROM (
           SELECT requests.id, requests.title FROM vote_networks AS within
           JOIN requests ON requests.tenant_id = within.tenant_id AND requests.id = within.request_id
           WHERE within.tenant_id = $1 AND within.network = vote_networks.network AND within.hour = vote_networks.hour
             AND requests.visibility = 'published'
           ORDER BY within.votes DESC, requests.id LIMIT $5
       ) AS named)::text AS titles
FROM vote_networks WHERE tenant_id = $1 AND hour > $2
GROUP BY network, hour HAVING sum(votes) > $3
ORDER BY hour DESC, votes DESC, network LIMIT $4
"""


async def count(tx: Tx, tenant_id: str) -> Triage:
    """Count what waits at the time of the transaction."""
    since = (tx.now - each for each in (NEW_FOR, OPEN_FOR, PLANNED_FOR, IN_PROGRESS_FOR))
    row = await tx.raw.fetchrow(_COUNT, tenant_id, *since, LARGE_REACH)
    assert row is not None, "an aggregate has one row"
    return Triage(
        **row,
        held_posts=await holds.count_waiting(tx, tenant_id),
        vote_bursts=await tx.raw.fetchval(_COUNT_BURSTS, tenant_id, tx.now - BURSTS_FOR, BURST_VOTES),
        suggested_links=0,  # nothing proposes links yet
        failed_mails=await deliveries.count_failed(tx, tenant_id, MAX_FAILED),
    )


async def list_requests(tx: SqlTx, tenant_id: str, section: Section, limit: int) -> Sequence[Request]:
    """Return the first requests of a section: by priority, by reach where they have none, else the oldest first."""
    match section:
        case Section.NEW:
            since = table.c.created_at > tx.now - NEW_FOR
            return await requests.list_in_order(
                tx, tenant_id, Order.NEWEST, statuses=(Status.OPEN,), where=(since,), limit=limit
            )
        case Section.WAITING:
            return await requests.list_in_order(
                tx, tenant_id, Order.PRIORITY, statuses=(Status.UNDER_REVIEW,), limit=limit
            )
        case Section.UNSIZED:
            unsized = (table.c.priority.is_(None), table.c.reach >= LARGE_REACH)
            return await requests.list_in_order(
                tx, tenant_id, Order.PRIORITY, statuses=UNDECIDED, where=unsized, limit=limit
            )
        case Section.STALE_OPEN | Section.STALE_PLANNED | Section.STALE_IN_PROGRESS:
            status, age = STALE[section]
            return await requests.list_stale(tx, tenant_id, status, tx.now - age, limit=limit)
        case Section.SUSPICIOUS | Section.LINKS:
            return ()


async def list_bursts(tx: Tx, tenant_id: str, limit: int) -> list[Burst]:
    """Return bursts of anonymous votes, the latest first."""
    found = await tx.raw.fetch(_BURSTS, tenant_id, tx.now - BURSTS_FOR, BURST_VOTES, limit, TITLES_OF_A_BURST)
    return [Burst(hour=row["hour"], votes=row["votes"], titles=json.loads(row["titles"] or "{}")) for row in found]
