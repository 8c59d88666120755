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


async def carry_on(tx: Tx, halvings: int = 0) -> int:
    """Do a bounded amount of what is to be done; return how many records and entries it was.

    Only one transaction at a time changes cells; another does nothing.

    Args:
        tx: the open transaction.
        halvings: how often the amounts of a turn are halved, where the whole of them took too long.
    """
    if not await try_lock(tx, [store.JOB_LOCK]):
        return 0
    return await carry_on_locked(tx, max(1, FILLED_ENTRIES >> halvings), max(1, MAX_RECORDS >> halvings))


async def carry_on_locked(tx: Tx, filled_entries: int, max_records: int | None = None) -> int:
    """Do the same where nobody else can change these cells, and fill them with about so many entries a step.

    Args:
        tx: the open transaction.
        filled_entries: of the ledger.
        max_records: of the tail; as many as `MAX_RECORDS` if not given.
    """
    await store.plan_anew(tx)
    asking = await store.take_tail(tx, MAX_RUNS, MAX_RECORDS if max_records is None else max_records)
    await store.name_large(tx, asking)
    filling = await store.to_fill(tx)
    if filling is None:
        return asking.records
    await store.fill(tx, filling, filled_entries)
    return asking.records + filled_entries
