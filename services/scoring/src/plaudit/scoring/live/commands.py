"""What the live group does with review changes: it counts them in the sums."""

from collections.abc import Iterable

from plaudit.common.db import Tx
from plaudit.scoring.profiles.domain import TRUST
from plaudit.scoring.sums import store
from plaudit.scoring.sums.domain.fold import Deltas, fold
from plaudit.scoring.sums.domain.review import ScoredChange


async def count(tx: Tx, changes: Iterable[tuple[str, int, ScoredChange]]) -> None:
    """Count changes, each `(tenant id, partition, change)`, in the sums. Their order makes no difference to a sum.

    Raises:
        InvalidReviewError: a change cannot be scored; nothing of the batch was written.
    """
    deltas: Deltas = {}
    for tenant_id, partition, change in changes:
        fold(deltas, tenant_id, partition, change, TRUST)
    await store.add(tx, deltas)
