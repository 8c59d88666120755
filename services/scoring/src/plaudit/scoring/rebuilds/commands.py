"""What makes all sums anew from the ledger."""

from plaudit.common.db import Database, Tx
from plaudit.common.db.order_locks import try_lock
from plaudit.scoring.rebuilds import store
from plaudit.scoring.rebuilds.domain import MAX_LEFT_RECORDS, STEP_ENTRIES, RebuildStoppedError
from plaudit.scoring.reconciliation.commands import hold_even
from plaudit.scoring.reconciliation.domain import left_out
from plaudit.scoring.reconciliation.store import letters


async def sum_some(tx: Tx) -> bool:
    """Take one step; return False where nothing is left to sum.

    Raises:
        RebuildStoppedError: another process makes sums anew.
    """
    if not await try_lock(tx, [store.JOB_LOCK]):
        raise RebuildStoppedError("another process makes sums anew; wait for it, or stop it and run this again")
    if await store.is_refilled(tx):
        raise RebuildStoppedError(
            "the ledger is being made anew from ingest's feed: go on with that by --from-feed, or --discard it first"
        )
    return await store.sum_some(tx, STEP_ENTRIES)


async def switch(owner: Tx, worker: Database) -> bool:
    """Sum what is left and put the new sums in the place of the old ones, while live waits.

    It is not done, and False returned, where too much is left or history is behind live.

    Args:
        owner: an open transaction of the owner of the tables, to be committed at once.
        worker: sees the rows of all tenants.

    Raises:
        RebuildStoppedError: a group has set aside a record that the other has applied.
    """
    await store.hold_half_lives(owner)
    if not await hold_even(owner, await store.partitions(owner)):
        return False
    async with worker.driver_transaction() as tx:
        omitted = left_out(await letters(tx))
        if omitted.roots or omitted.partitions:
            raise RebuildStoppedError(
                "a group has set a record aside that the other one has applied: make the ledger anew with `plaudit "
                "score rebuild --from-feed`, note that with `plaudit dead-letters made-good GROUP --service scoring`, "
                "and run this again"
            )
        if (await store.progress(tx)).left > MAX_LEFT_RECORDS:
            return False
        while await sum_some(tx):
            pass
    await store.take_the_place(owner)
    return True
