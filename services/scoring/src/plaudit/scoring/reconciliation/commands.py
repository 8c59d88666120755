"""What makes sums say again what the ledger says."""

import asyncio
from collections.abc import Collection
from typing import Final

from plaudit.common.db import Tx
from plaudit.scoring.reconciliation import store
from plaudit.scoring.reconciliation.domain import MAX_LATER_RECORDS, MAX_WAIT_SECONDS, Comparison, RowKey, left_out

POLL_SECONDS: Final = 0.02


async def hold_even(tx: Tx, partitions: Collection[int]) -> bool:
    """Hold live in these partitions until the transaction ends; return whether history has come as far as it.

    It is waited for as long as live may wait.
    """
    await store.hold(tx, partitions)
    for _ in range(round(MAX_WAIT_SECONDS / POLL_SECONDS)):
        if await store.is_even(tx, partitions):
            return True
        await asyncio.sleep(POLL_SECONDS)
    return False


async def repair(tx: Tx, tenant_id: str, root: str, partition: int, found: Comparison) -> Collection[RowKey] | None:
    """Sum rows of one partition anew that a comparison found; return those that were still wrong, None: nothing done.

    Nothing is where too much has happened since, where history has not come as far as live, or where one group has set
    aside a record that the other has applied: then the ledger does not say what sums should hold. A row that is right
    by now was repaired by another comparison, which has told it.

    Args:
        tx: the open transaction; it is to be ended at once, since live waits for it.
        tenant_id: whose rows.
        root: the subject of one segment that they are of or below.
        partition: theirs.
        found: what the comparison found.
    """
    if not await hold_even(tx, [partition]):
        return None
    since, place = found.places[partition], await store.place_of_live(tx, partition)
    if place is None or place.epoch != since.epoch or place.sequence - since.sequence > MAX_LATER_RECORDS:
        return None
    omitted = left_out(await store.letters(tx))
    if (tenant_id, root) in omitted.roots or partition in omitted.partitions:
        return None
    half_life_us = found.half_life_us
    if half_life_us is not None and not await store.is_live(tx, tenant_id, half_life_us, partition):
        return None  # it is being dropped, or filled again
    return await store.sum_anew(tx, tenant_id, partition, place, found)
