"""What keeps the sums of large subjects' changes: days that are over are summed, and those that changed summed anew."""

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from plaudit.common.db import Tx
from plaudit.common.db.order_locks import try_lock
from plaudit.scoring.moves import store
from plaudit.scoring.moves.domain import GRAIN_BITS, SETTLED_DAYS
from plaudit.scoring.sums.domain.decay import EPOCH

SUMMED_ENTRIES: Final = 30_000
"""Of the tenant, about so many a turn."""
MAX_CHANGED: Final = 200
"""Past days of which more was learned, the most a turn: all sums of each are made anew."""


def end_of_settled(now: datetime) -> int:
    """Return the day since 1970 before which days may be summed."""
    return (now - EPOCH).days - SETTLED_DAYS


async def carry_on(tx: Tx) -> int:
    """Do a bounded amount of what is to be done; return how much was done.

    Only one transaction at a time changes these sums; another does nothing.
    """
    if not await try_lock(tx, [store.JOB_LOCK]):
        return 0
    return await carry_on_locked(tx)


async def carry_on_locked(tx: Tx) -> int:
    """Do the same where nobody else can change these sums."""
    changed = await store.take_changed(tx, MAX_CHANGED)
    for tenant_id, days in changed.items():
        for day in sorted(days):
            await _sum_anew(tx, tenant_id, day)
    if changed:
        return sum(map(len, changed.values()))
    await store.name_new(tx)
    behind = await store.behind(tx, end_of_settled(tx.now))
    if behind is None:
        return 0
    await _sum_further(tx, behind, end_of_settled(tx.now))
    return 1


async def _sum_further(tx: Tx, behind: store.Behind, end_day: int) -> None:
    """Sum the next days of subjects, and the longer spans that they complete."""
    first = behind.next_day
    reached = await store.chunk_end(tx, behind.tenant_id, first, SUMMED_ENTRIES)
    end = end_day if reached is None else min(end_day, max(reached, first + 1))
    await store.sum_days(tx, behind.tenant_id, behind.prefixes, first, end)
    for grain, bits in enumerate(GRAIN_BITS):
        if grain and first >> bits < end >> bits:
            await store.sum_spans(tx, behind.tenant_id, behind.prefixes, grain, first >> bits, end >> bits)
    await store.advance(tx, behind.tenant_id, behind.prefixes, end)


async def _sum_anew(tx: Tx, tenant_id: str, day: int) -> None:
    """Sum a day anew, and the longer spans that hold it, of the subjects that have sums of it."""
    ends = await store.prefixes_past(tx, tenant_id, day)
    if not ends:
        return
    await store.delete_spans(tx, tenant_id, list(ends), 0, day, day + 1)
    await store.sum_days(tx, tenant_id, list(ends), day, day + 1)
    for grain, bits in enumerate(GRAIN_BITS):
        span = day >> bits
        whole = list(_summed_past((span + 1) << bits, ends.items()))
        if grain and whole:
            await store.delete_spans(tx, tenant_id, whole, grain, span, span + 1)
            await store.sum_spans(tx, tenant_id, whole, grain, span, span + 1)


def _summed_past(end_day: int, ends: Iterable[tuple[str, int]]) -> Iterable[str]:
    return (prefix for prefix, next_day in ends if next_day >= end_day)
