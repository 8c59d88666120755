"""What the live group does with review changes: it counts them in the sums."""

from collections.abc import Iterable

from plaudit.common.db import Tx
from plaudit.scoring.live.domain import Counted, KnownRows, fold_batch
from plaudit.scoring.sums import store


async def count(tx: Tx, changes: Iterable[Counted], known: KnownRows) -> None:
    """Count changes in the sums. Their order makes no difference to a sum.

    Rows that are known are updated by their ids; the others are found or made by their keys, and known from then on.

    Raises:
        InvalidReviewError: a change cannot be scored; nothing of the batch was written.
        RowsMissingError: a row that is known is not there; the transaction must be rolled back, and `known` be dropped.
    """
    found = fold_batch(changes, known)
    await store.add_by_id(tx, known.table_file, found.one_star, found.several_stars)
    if found.by_key:
        added = await store.add(tx, found.by_key)
        if not known.learn(found.unknown, added.ids, added.table_file):
            raise store.RowsMissingError("the rows that were known are of another table")
        if found.subtracted:
            await store.mark_rounded(tx, {added.ids[key]: weights for key, weights in found.subtracted.items()})
