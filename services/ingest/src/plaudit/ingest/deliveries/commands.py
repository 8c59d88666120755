"""What time changes of deliveries: events that have waited too long for their reviews are quarantined."""

from collections.abc import Sequence

from plaudit.common.db import Tx
from plaudit.ingest.deliveries import store
from plaudit.ingest.reviews.domain.held import HELD_FOR


async def expire(tx: Tx, reviews: Sequence[store.WaitedFor]) -> int:
    """Quarantine what has waited for some reviews for too long; return how many events that were.

    The order keys of the reviews must be locked.
    """
    reason = f"its review did not come in {HELD_FOR.days} days"
    expired = await store.quarantine_held(tx, tx.now - HELD_FOR, reviews, reason)
    await store.delete_unknown(tx, reviews)
    return expired
