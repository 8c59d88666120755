"""What an operator does with dead letters: look at them, and settle those of a group.

No record is applied again. What one told is made good otherwise, or nothing more comes of it.
"""

from typing import Final

from plaudit.common.db import Tx
from plaudit.common.refusals import RefusedError

OPEN: Final = "open"
DISCARDED: Final = "discarded"
"""Nothing more is to come of what the record tells."""
MADE_GOOD: Final = "redriven"
"""The group holds what the record tells; the name is that of the stored state."""

_SERVICES: Final = """
SELECT nspname FROM pg_class JOIN pg_namespace AS n ON n.oid = relnamespace WHERE relname = 'dead_letters' ORDER BY 1
"""
_COUNTS: Final = """
SELECT consumer_group, topic, CASE state WHEN 'redriven' THEN 'made good' ELSE state END AS state, reason,
    count(*) AS letters, min(created_at) AS first_at, max(created_at) AS last_at
FROM dead_letters GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4
"""
# Before the letters, as the groups do that write them.
_HOLD_POSITIONS: Final = """
SELECT FROM positions WHERE consumer_group = $1 ORDER BY topic, partition FOR UPDATE
"""
_SETTLE: Final = """
WITH settled AS (
    UPDATE dead_letters SET state = $2 WHERE consumer_group = $1 AND state = ANY($3::text[]) RETURNING true
)
SELECT count(*) FROM settled
"""
_COUNT_PARKED: Final = """
UPDATE positions AS held SET parked = (
    SELECT count(*) FROM dead_letters AS letter
    WHERE letter.state = 'open' AND letter.order_keys <> '{}'
      AND (letter.consumer_group, letter.topic, letter.partition) = (held.consumer_group, held.topic, held.partition)
) WHERE consumer_group = $1
"""
_BEFORE: Final = {DISCARDED: [OPEN], MADE_GOOD: [OPEN, DISCARDED]}


async def services(tx: Tx) -> list[str]:
    """Return the services that keep dead letters, by the names of their schemas."""
    return [row["nspname"] for row in await tx.raw.fetch(_SERVICES)]


async def counts(tx: Tx) -> list[dict[str, object]]:
    """Return how many letters each group of a service has, by topic, state and reason, and when they were written."""
    return [dict(row) for row in await tx.raw.fetch(_COUNTS)]


async def settle(tx: Tx, group: str, state: str) -> int:
    """Settle all letters of a group that may be, so that no record waits behind them; return how many.

    Args:
        tx: an open transaction of a worker of the service.
        group: whose.
        state: `DISCARDED`, of open ones, or `MADE_GOOD`, of open and of discarded ones.

    Raises:
        RefusedError: there is none.
    """
    await tx.raw.execute(_HOLD_POSITIONS, group)
    settled: int = await tx.raw.fetchval(_SETTLE, group, state, _BEFORE[state])
    if not settled:
        raise RefusedError(
            f"the group {group} has no dead letter that is {' or '.join(_BEFORE[state])}: `plaudit dead-letters list` "
            "shows those that there are"
        )
    await tx.raw.execute(_COUNT_PARKED, group)
    return settled
