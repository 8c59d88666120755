"""What changes cells: the tail of the ledger is added to them, and those of a subject that became large are filled."""

from typing import Final

from plaudit.common.db import Tx
from plaudit.common.db.order_locks import try_lock
from plaudit.scoring.cells import store

MAX_RUNS: Final = 1_000
"""Of the tail, the most runs of records a turn: looking at what is first in it stays short, however small they are."""
MAX_RECORDS: Final = 16_000
"""Of the tail, about so many records a turn: a run is taken as long as those before it are fewer."""
FILLED_ENTRIES: Final = 30_000
"""Of a tenant with subjects that became large, about so many entries of the ledger a turn."""


async def carry_on(tx: Tx) -> int:
    """Do a bounded amount of what is to be done; return how many records and entries it was.

    Only one transaction at a time changes cells; another does nothing.
    """
    if not await try_lock(tx, [store.JOB_LOCK]):
        return 0
    return await carry_on_locked(tx, FILLED_ENTRIES)


async def carry_on_locked(tx: Tx, filled_entries: int) -> int:
    """Do the same where nobody else can change these cells, and fill them with about so many entries a step."""
    await store.plan_anew(tx)
    asking = await store.take_tail(tx, MAX_RUNS, MAX_RECORDS)
    await store.name_large(tx, asking)
    filling = await store.to_fill(tx)
    if filling is None:
        return asking.records
    await store.fill(tx, filling, filled_entries)
    return asking.records + filled_entries
