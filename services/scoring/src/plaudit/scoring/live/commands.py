"""What the live group does with review changes: it counts them in the sums, and marks what has changed."""

from collections.abc import Sequence

from plaudit.common.db import Tx
from plaudit.scoring.half_lives import store as half_lives
from plaudit.scoring.live.domain import Counted, KnownRows, fold_batch, fold_half_lives, tenants_of
from plaudit.scoring.sums import store


async def count(tx: Tx, changes: Sequence[Counted], known: KnownRows) -> None:
    """Count changes in the sums, and mark the rows. Their order makes no difference to a sum.

    Rows that are known are updated by their ids; the others are found or made by their keys, and known from then on.

    Raises:
        InvalidReviewError: a change cannot be scored; nothing of the batch was written.
        RowsMissingError: a row that is known is not there; the transaction must be rolled back, and `known` be dropped.
    """
    found = fold_batch(changes, known)
    changed = [*found.one_star, *found.several_stars]
    await store.add_by_id(tx, known.table_file, found.one_star, found.several_stars)
    if found.by_key:
        added = await store.add(tx, found.by_key)
        if not known.learn(found.unknown, added.ids, added.table_file):
            raise store.RowsMissingError("the rows that were known are of another table")
        changed += added.ids.values()
        if found.subtracted:
            await store.mark_rounded(tx, {added.ids[key]: weights for key, weights in found.subtracted.items()})
    await store.mark(tx, changed)
    if tenants := await half_lives.tenants(tx):
        await _count_in_half_lives(tx, changes, tenants)


async def _count_in_half_lives(tx: Tx, changes: Sequence[Counted], tenants: frozenset[str]) -> None:
    """Count changes of tenants with half-lives of their own in the sums of these.

    The position rows of the batch's partitions are held, so no partition joins or leaves in between.
    """
    live = await half_lives.live(tx, tenants & tenants_of(changes))
    if live:
        deltas, subtracted = fold_half_lives(changes, live)
        await half_lives.add(tx, deltas)
        await half_lives.mark_rounded(tx, subtracted)
