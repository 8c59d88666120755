"""What fills the sums of a half-life, and drops those that no profile has: a bounded part in each transaction."""

import asyncio
from datetime import timedelta
from typing import Final

from msgspec.structs import replace

from plaudit.common.db import Tx
from plaudit.common.failpoints import failpoint
from plaudit.scoring.filling import store
from plaudit.scoring.filling.domain import (
    BEGINNING,
    FillingPartition,
    Standing,
    fold_standing,
    waits_for_letters,
    whole_records,
)
from plaudit.scoring.half_lives import store as half_lives
from plaudit.scoring.half_lives.domain import HalfLife, Phase
from plaudit.scoring.history.consumer import HISTORY
from plaudit.scoring.history.domain import Place
from plaudit.scoring.live.consumer import LIVE
from plaudit.scoring.sums.domain.fold import Deltas, SubtractedWeights

ENTRIES_PER_TURN: Final = 5_000
"""Of the ledger, of all tenants."""
ENTRIES_OF_JOINING: Final = 2_000
"""What live may stand still for: more are added before it does."""
DROPPED_PER_TURN: Final = 10_000
HISTORY_SECONDS: Final = 0.7
"""How long live stands still, in one partition, for history to reach it; and before that, how long we wait for it."""
POLL_SECONDS: Final = 0.02
RETRY: Final = timedelta(seconds=1)
GROUPS: Final = (LIVE.group, HISTORY.group)


async def carry_on(tx: Tx, partitions: int) -> int:
    """Carry on with one half-life that is being filled or dropped; return how much was done, 0 where nothing is due.

    Args:
        tx: the open transaction.
        partitions: how many partitions reviews have.
    """
    found = await store.claim(tx)
    if found is None:
        return 0
    changed = await _next(tx, found, partitions)
    if changed is not None:
        await store.save(tx, changed, tx.now if changed.waits_for is None else tx.now + RETRY)
    return 1


async def _next(tx: Tx, found: HalfLife, partitions: int) -> HalfLife | None:
    """Do the next part; return what the half-life is then, None where it is gone."""
    if found.is_due_to_go(tx.now):
        return await _clear(tx, found, partitions)
    match found.phase:
        case Phase.CLEARING:
            return await _clear(tx, found, partitions)
        case Phase.READING:
            return await _read(tx, found)
        case Phase.JOINING:
            return await _join(tx, found)
        case Phase.KEPT:
            return found


async def _clear(tx: Tx, found: HalfLife, partitions: int) -> HalfLife | None:
    """Let live add no more, partition by partition; then delete the sums; then forget the half-life, or fill it."""
    cleared = replace(found, phase=Phase.CLEARING, waits_for=None)
    if left := await store.partitions(tx, found):
        # Once its position row is ours, no transaction of live is open that still adds to the partition.
        await store.place(tx, LIVE.group, left[0].partition, lock=True)
        await store.drop_partition(tx, found, left[0].partition)
        return cleared
    if await store.drop_sums(tx, found, DROPPED_PER_TURN) == DROPPED_PER_TURN:
        return cleared
    if found.is_due_to_go(tx.now):
        await store.drop(tx, found)
        return None
    for partition in range(partitions):
        # The letters first: one that is settled later is one too many, and the partition's reading is not used.
        _, resolved = await store.letters(tx, GROUPS, partition)
        places = await store.place(tx, LIVE.group, partition), await store.place(tx, HISTORY.group, partition)
        place = BEGINNING if None in places else min(each for each in places if each is not None)
        await store.begin_partition(tx, found, partition, place, resolved)
    total = await store.about_all_entries(tx)
    return replace(cleared, phase=Phase.READING, after_review=None, entries_read=0, entries_total=total)


async def _read(tx: Tx, found: HalfLife) -> HalfLife:
    """Add the next reviews of the ledger, as they stood at the place of each partition."""
    until = await store.partitions(tx, found)
    bound, standing = await store.standing(tx, found, until, ENTRIES_PER_TURN)
    await _add(tx, found, standing)
    failpoint("half_life_read_before_commit")
    if bound is None:
        return replace(found, phase=Phase.JOINING, after_review=None, waits_for=None)
    return replace(found, after_review=bound, entries_read=found.entries_read + ENTRIES_PER_TURN, waits_for=None)


async def _join(tx: Tx, found: HalfLife) -> HalfLife:
    """Let the next partition that nothing keeps waiting catch up with live, and join it."""
    left = [each for each in await store.partitions(tx, found) if not each.is_live]
    reasons = []
    for each in left:
        letters, resolved = await store.letters(tx, GROUPS, each.partition)
        if resolved != each.resolved_letters:
            return replace(found, phase=Phase.CLEARING, waits_for=None)  # the ledger has got an entry behind our back
        reason = waits_for_letters(each.partition, letters) or await _begin_to_join(tx, found, each)
        if reason is None:
            return replace(found, waits_for=await _join_live(tx, found, each.partition))
        reasons.append(reason)
    if reasons:
        return replace(found, waits_for=reasons[0])
    return replace(found, phase=Phase.KEPT, waits_for=None)


async def _begin_to_join(tx: Tx, found: HalfLife, filling: FillingPartition) -> str | None:
    """Add what both groups have taken since a partition's place, while they go on; return why it waits."""
    partition = filling.partition
    live, history = await store.place(tx, LIVE.group, partition), await store.place(tx, HISTORY.group, partition)
    if live is None or history is None:
        return f"partition {partition} is not read by both groups yet"
    await _add_entries(tx, found, filling, min(live, history))
    # Live stands still only for a history that moves.
    return None if await _history_reaches(tx, partition, live) else _behind(partition)


async def _join_live(tx: Tx, found: HalfLife, partition: int) -> str | None:
    """Let a partition join while live stands still there, if few entries are left; return why it waits."""
    [filling] = [each for each in await store.partitions(tx, found) if each.partition == partition]
    failpoint("half_life_caught_up")
    live = await store.place(tx, LIVE.group, partition, lock=True)
    if live is None or not await _history_reaches(tx, partition, live):
        return _behind(partition)
    letters, resolved = await store.letters(tx, GROUPS, partition)
    reason = waits_for_letters(partition, letters)
    if reason is None and resolved == filling.resolved_letters:
        await _add_entries(tx, found, filling, live, joins=True)
        failpoint("half_life_joined_before_commit")
    return reason


def _behind(partition: int) -> str:
    return f"the ledger is behind the figures in partition {partition}"


async def _add_entries(
    tx: Tx, found: HalfLife, filling: FillingPartition, until: Place, *, joins: bool = False
) -> None:
    """Add entries from a partition's place on, and move the place; they are there for good, even if it cannot join.

    Args:
        tx: the open transaction.
        found: the half-life.
        filling: the partition.
        until: the last record to take.
        joins: whether live adds from there on, if so many entries suffice.
    """
    read = await store.entries(tx, found.tenant_id, filling.partition, filling.place, until, ENTRIES_OF_JOINING)
    whole, reached = whole_records(read, ENTRIES_OF_JOINING)
    await _add(tx, found, [entry.standing for entry in whole])
    await store.move_partition(
        tx, found, filling.partition, reached or max(until, filling.place), is_live=joins and reached is None
    )


async def _history_reaches(tx: Tx, partition: int, place: Place) -> bool:
    """Wait until the ledger has everything up to a record; return whether it has in time."""
    deadline = asyncio.get_running_loop().time() + HISTORY_SECONDS
    while True:
        history = await store.place(tx, HISTORY.group, partition)
        if history is not None and history >= place:
            return True
        if asyncio.get_running_loop().time() > deadline:
            return False
        await asyncio.sleep(POLL_SECONDS)


async def _add(tx: Tx, found: HalfLife, standing: list[Standing]) -> None:
    deltas: Deltas = {}
    subtracted: SubtractedWeights = {}
    # In a thread, so that other jobs of the process go on meanwhile.
    await asyncio.to_thread(fold_standing, deltas, subtracted, found.tenant_id, found.half_life_us, standing)
    await half_lives.add(tx, {found.half_life_us: deltas})
    await half_lives.mark_rounded(tx, {found.half_life_us: subtracted})
