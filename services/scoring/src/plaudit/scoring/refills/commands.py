"""What makes the ledger anew: a bounded part in each transaction, and all that is made of it switched in one."""

from collections.abc import Iterable, Sequence
from itertools import dropwhile
from typing import Final
from uuid import UUID

from plaudit.common.api_keys import store as api_keys
from plaudit.common.api_keys.domain import ALL_SCOPES, StoredSecret, is_secret, parse
from plaudit.common.db import Database, Tx
from plaudit.common.db.order_locks import lock, try_lock
from plaudit.common.failpoints import failpoint
from plaudit.common.numerals import counted, noun_of
from plaudit.common.refusals import WrongInputError
from plaudit.scoring.cells import commands as cells
from plaudit.scoring.cells.store import JOB_LOCK as CELLS_LOCK
from plaudit.scoring.history import store as history
from plaudit.scoring.history.domain import changed_again, entries
from plaudit.scoring.moves import commands as moves
from plaudit.scoring.moves.store import JOB_LOCK as MOVES_LOCK
from plaudit.scoring.rebuilds import store as rebuilds
from plaudit.scoring.rebuilds.domain import STEP_ENTRIES as SUMMED_ENTRIES
from plaudit.scoring.rebuilds.domain import RebuildStoppedError
from plaudit.scoring.reconciliation.commands import hold_even
from plaudit.scoring.refills import store
from plaudit.scoring.refills.domain import (
    ERASED_OF_A_STEP,
    FEW_RECORDS,
    FILLED_ENTRIES,
    MAX_LEFT_RECORDS,
    STEP_ENTRIES,
    FedPage,
    Reading,
    check_epoch,
    numbered,
    of_others,
)
from plaudit.scoring.refills.store import twins

SCOPE: Final = "reviews:read"
_DERIVED_LOCKS: Final = (CELLS_LOCK, MOVES_LOCK)
"""Of whoever reads the ledger to keep something of it."""
_STOP_IT: Final = "stop it and run this again in a minute"
_DISCARD: Final = "run it with --discard, and then again"


async def begin(owner: Tx, run_id: UUID, tenants: Sequence[str]) -> None:
    """Begin a refill for these tenants, or go on with the one that is under way.

    Args:
        owner: an open transaction of the owner of the tables.
        run_id: of this process.
        tenants: whose feeds are read.

    Raises:
        RebuildStoppedError: it cannot begin, or another process works on it.
    """
    if not await try_lock(owner, [rebuilds.JOB_LOCK]):
        raise RebuildStoppedError(
            "another process makes sums or the ledger anew; wait for it, or stop it and run this again"
        )
    if not await store.exists(owner):
        async with twins.as_worker(owner):
            await _settled_letters(owner)
        partitions = await rebuilds.partitions(owner)
        await store.make(owner, run_id, tenants, partitions)
    elif not await twins.are_of_this_form(owner):
        raise RebuildStoppedError(f"the ledger has other columns since this rebuild was begun: {_DISCARD}")


async def discard(owner: Tx) -> bool:
    """Forget the refill that is under way; return whether there was one. The ledger stays as it is.

    Raises:
        RebuildStoppedError: another process works on it.
    """
    if not await try_lock(owner, [rebuilds.JOB_LOCK]):
        raise RebuildStoppedError("another process makes sums or the ledger anew just now; stop it, and run this again")
    there_is = await store.exists(owner)
    if there_is:
        async with twins.as_worker(owner):
            if await store.is_kept(owner):
                raise RebuildStoppedError(f"another process makes the ledger anew, or did a minute ago: {_STOP_IT}")
    await store.drop(owner)
    return there_is


async def keep(tx: Tx, run_id: UUID) -> None:
    """Let this process, and no other, take the next step.

    Raises:
        RebuildStoppedError: another process works on it, or what it was begun with holds no more.
    """
    if not await try_lock(tx, [rebuilds.JOB_LOCK]):
        if not await store.is_kept(tx, run_id):
            raise RebuildStoppedError(
                "another process makes the ledger anew; wait for it, or stop it and run this again"
            )
        await lock(tx, [rebuilds.JOB_LOCK])  # of somebody who is told so in a moment
    resolved_before = await store.keep(tx, run_id)
    if resolved_before is None and not await store.exists(tx):
        raise RebuildStoppedError(
            "this rebuild was discarded meanwhile, or has come to its end: `plaudit score rebuild --status` tells"
        )
    if resolved_before is None:
        raise RebuildStoppedError(
            f"another process makes the ledger anew, or did a minute ago: wait for it, or {_STOP_IT}"
        )
    if await _settled_letters(tx) != resolved_before:
        raise RebuildStoppedError(
            "a record that was set aside was settled since this rebuild was begun, so that it may count twice: "
            f"{_DISCARD}"
        )


async def _settled_letters(tx: Tx) -> int:
    """Return how many letters of both groups are settled.

    Raises:
        RebuildStoppedError: one is open. It may be settled while the ledger is made anew, and then count twice.
    """
    open_letters, settled = await store.letters(tx)
    if open_letters:
        raise RebuildStoppedError(
            f"{counted(open_letters, 'record')} of reviews.v1 {noun_of(open_letters, 'is', 'are')} set aside by "
            "scoring-live or scoring-history: discard what they have set aside, with `plaudit dead-letters discard "
            "GROUP --service scoring`, and run this again; once the ledger is made anew, note with `made-good` in the "
            "place of `discard` that the group holds what they tell"
        )
    return settled


async def check_tenants(tx: Tx, tenants: Sequence[str]) -> list[Reading]:
    """Return how far the feeds are read.

    Raises:
        RebuildStoppedError: the refill was begun for other tenants.
    """
    readings = await store.readings(tx)
    begun = [each.tenant_id for each in readings]
    if begun != list(tenants):
        raise RebuildStoppedError(
            f"this rebuild was begun for {', '.join(begun)}: name keys of the same tenants, or to begin anew {_DISCARD}"
        )
    return readings


async def take_pages(tx: Tx, tenant_id: str, pages: Sequence[FedPage]) -> None:
    """Append what pages of a tenant's feed, which follow each other, tell to the new ledger.

    Raises:
        RebuildStoppedError: the feed is not of the bus that the groups read.
    """
    reading = await store.lock_reading(tx, tenant_id)
    if reading.is_read:
        return
    untaken = list(dropwhile(lambda page: page.after != reading.after, pages))
    if not untaken:
        return  # they were taken before
    if reading.after is None:
        position = untaken[0].position
        check_epoch(position, await store.epochs(tx))
        await store.state_places(tx, tenant_id, position)
    erased = [each for page in untaken for each in page.erased]
    changes = list(of_others((each for page in untaken for each in page.changes), erased))
    numbers = await store.numbers(tx, {each.partition for each in changes})
    told = numbered(tenant_id, changes, numbers)
    last_entries = await history.last_entries(tx, changed_again(told), twins.LEDGER)
    await history.append_many(tx, entries(told, last_entries), twins.SCHEMA)
    await store.note_erased(tx, erased)
    await store.move_numbers(tx, numbers)
    revisions, refused = sum(each.revisions for each in untaken), sum(each.refused for each in untaken)
    await store.move_reading(tx, tenant_id, untaken[-1].next, revisions, refused)
    failpoint("refill_page_before_commit")


async def settle_erased(tx: Tx) -> bool | None:
    """Settle what becomes of some erased reviews; return False where none is left, None where some are waited for.

    What the present ledger tells of them is copied where it takes away all that it adds: then figures of the past stay
    as they were. Where it does not, it is not right, and nothing of them is copied. Where the erasure has not come by
    the bus, it is waited for.
    """
    found = await store.unsettled(tx, ERASED_OF_A_STEP)
    if not found:
        return False
    whole = await store.whole(tx, [each.review_id for each in found])
    known = await store.whole(tx, [each.review_id for each in found if not each.is_told])
    settled = [each for each in found if each.is_told or each.review_id in known]
    if not settled:
        return None
    await store.settle(tx, settled, {each.review_id for each in settled} & whole)
    failpoint("refill_erased_before_commit")
    return True


async def copy_some(tx: Tx) -> bool:
    """Copy what is later than the feed; return False where next to nothing is left."""
    await store.begin_partitions(tx, await rebuilds.partitions(tx))
    is_due = (await store.progress(tx)).records_left > FEW_RECORDS or await store.is_before_places(tx)
    done = is_due and await store.copy_some(tx, STEP_ENTRIES)
    failpoint("refill_copy_before_commit")
    return done


async def sum_some(tx: Tx) -> bool:
    """Copy what is later than the feed, or sum what the new ledger has; return False where next to nothing is left."""
    if await copy_some(tx):
        return True
    done = (await store.progress(tx)).sums_left > FEW_RECORDS and await _sum_some(tx)
    failpoint("refill_sum_before_commit")
    return done


async def fill_some(tx: Tx) -> bool:
    """Do the same, or add to cells and sums of changes; return False where next to nothing is left.

    Whatever the new ledger gets afterwards, its tail and its changed days tell, as those of the present one do.
    """
    if await sum_some(tx):
        return True
    async with twins.on_twins(tx):
        done = bool(await cells.carry_on_locked(tx, FILLED_ENTRIES) or await moves.carry_on_locked(tx))
    failpoint("refill_cells_before_commit")
    return done


async def index_some(owner: Tx, run_id: UUID) -> bool:
    """Make an index that the new ledger lacks; return False where it has all. No other process can go on meanwhile.

    Raises:
        RebuildStoppedError: as `keep`.
    """
    async with twins.as_worker(owner):
        await keep(owner, run_id)
    if not await twins.missing_indexes(owner):
        return False
    await twins.make_index(owner)
    failpoint("refill_index_before_commit")
    return True


async def switch(owner: Tx, worker: Database, run_id: UUID) -> bool:
    """Copy and sum what is left and put the new tables in the place of the old ones, while both groups wait.

    It is not done, and False returned, where too much is left, history is behind live, or cells or sums of changes are
    being changed.

    Args:
        owner: an open transaction of the owner of the tables, to be committed at once.
        worker: sees the rows of all tenants.
        run_id: of this process.

    Raises:
        RebuildStoppedError: as `keep`.
    """
    if len(await try_lock(owner, _DERIVED_LOCKS)) < len(_DERIVED_LOCKS):
        return False
    await rebuilds.hold_half_lives(owner)
    if not await hold_even(owner, await rebuilds.partitions(owner)):
        return False
    await store.hold_history(owner)
    async with worker.driver_transaction() as tx:
        await keep(tx, run_id)
        if (await store.progress(tx)).records_left > MAX_LEFT_RECORDS:
            return False
        await store.begin_partitions(tx, await rebuilds.partitions(tx))
        while await store.copy_some(tx, STEP_ENTRIES) or await _sum_some(tx):
            pass
        failpoint("refill_last_before_commit")
    failpoint("refill_before_switch")
    await rebuilds.take_the_place(owner)
    await store.take_the_place(owner)
    failpoint("refill_switch_before_commit")
    return True


async def _sum_some(tx: Tx) -> bool:
    return await rebuilds.sum_some(tx, SUMMED_ENTRIES, store.ANEW)


async def keys_of_tenants(tx: Tx, lines: Iterable[str]) -> dict[str, str]:
    """Return tenant → its key, of the lines of a file; empty lines and those that begin with `#` say nothing.

    Raises:
        WrongInputError: a line is no key that is valid and may read reviews, two are of one tenant, or there is none.
    """
    found: dict[str, str] = {}
    for number, text in enumerate((line.strip() for line in lines), 1):
        if text and not text.startswith("#"):
            tenant_id = await _tenant_of(tx, number, text)
            if tenant_id in found:
                raise WrongInputError(f"line {number} has another key of the tenant {tenant_id}: leave one of them")
            found[tenant_id] = text
    if not found:
        raise WrongInputError(
            "the file has no key: put one of each tenant into it, a line each, as "
            f"`plaudit keys create --tenant T --name refill --scopes {SCOPE} --expires-in 1d` prints them"
        )
    return found


async def _tenant_of(tx: Tx, number: int, text: str) -> str:
    parts = parse(text)
    known = None if parts is None else await api_keys.find(tx, parts[0])
    if parts is None or known is None or not any(_is_valid(secret, parts[1]) for secret in known.secrets):
        raise WrongInputError(f"line {number} is no key that is valid here: `plaudit keys list` shows those that are")
    if not known.scopes & {SCOPE, ALL_SCOPES}:
        raise WrongInputError(f"the key in line {number}, of the tenant {known.tenant_id}, lacks the scope {SCOPE}")
    return known.tenant_id


def _is_valid(secret: StoredSecret, text: str) -> bool:
    return is_secret(text, secret.hash) and (secret.seconds_left is None or secret.seconds_left > 0)
