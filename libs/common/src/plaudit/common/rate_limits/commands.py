"""Count what a network does, and refuse it when there is too much of it."""

from plaudit.common.db import Tx
from plaudit.common.rate_limits import store
from plaudit.common.rate_limits.domain import KEEP, Limit, LimitExceededError, hour_of, seconds_to_next_hour


async def spend(tx: Tx, tenant_id: str, limit: Limit) -> None:
    """Count one use of a limit, in the transaction of what it limits.

    Raises:
        LimitExceededError: the network has used it up for this hour.
    """
    if not await store.take(tx, tenant_id, limit, hour_of(tx.now), 1):
        raise LimitExceededError(seconds_to_next_hour(tx.now))


async def purge(tx: Tx, max_rows: int) -> int:
    """Delete up to `max_rows` counts of hours that are over, as a worker; return how many were deleted."""
    return await store.delete_before(tx, tx.now - KEEP, max_rows)
