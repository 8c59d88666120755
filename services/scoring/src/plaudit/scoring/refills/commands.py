"""What makes the ledger anew: a bounded part in each transaction, and all that is made of it switched in one."""

from collections.abc import Iterable, Sequence
from typing import Final
from uuid import UUID

from plaudit.common.api_keys import store as api_keys
from plaudit.common.api_keys.domain import ALL_SCOPES, StoredSecret, is_secret, parse
from plaudit.common.db import Database, Tx
from plaudit.common.db.order_locks import try_lock
from plaudit.common.failpoints import failpoint
from plaudit.common.refusals import WrongInputError
from plaudit.scoring.cells.store import JOB_LOCK as CELLS_LOCK
from plaudit.scoring.history import store as history
from plaudit.scoring.history.domain import ERASED_TYPE, changed_again, entries
from plaudit.scoring.moves.store import JOB_LOCK as MOVES_LOCK
from plaudit.scoring.rebuilds import store as rebuilds
from plaudit.scoring.rebuilds.domain import STEP_ENTRIES as SUMMED_ENTRIES
from plaudit.scoring.rebuilds.domain import RebuildStoppedError
from plaudit.scoring.reconciliation.commands import hold_even
from plaudit.scoring.refills import store
from plaudit.scoring.refills.domain import (
    ERASED_OF_A_STEP,
    MAX_LEFT_RECORDS,
    STEP_ENTRIES,
    ErasedReview,
    Page,
    Reading,
    check_epoch,
    numbered,
    without_refused,
)

SCOPE: Final = "reviews:read"
_DERIVED_LOCKS: Final = (CELLS_LOCK, MOVES_LOCK)
"""Of whoever reads the ledger to keep something of it."""
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
        raise RebuildStoppedError("another process makes sums anew; wait for it, or stop it and run this again")
    if not await store.exists(owner):
        partitions = await rebuilds.partitions(owner)
        await store.make(owner, run_id, tenants, partitions)
    elif not await store.is_of_this_form(owner):
        raise RebuildStoppedError(f"the ledger has other columns since this rebuild was begun: {_DISCARD}")


async def discard(owner: Tx) -> bool:
    """Forget the refill that is under way; return whether there was one. The ledger stays as it is.

    Raises:
        RebuildStoppedError: another process takes a step of it just now.
    """
    if not await try_lock(owner, [rebuilds.JOB_LOCK]):
        raise RebuildStoppedError("another process makes it anew just now; stop it, and run this again")
    there_is = await store.exists(owner)
    await store.drop(owner)
    return there_is


async def keep(tx: Tx, run_id: UUID) -> None:
    """Let this process, and no other, take the next step.

    Raises:
        RebuildStoppedError: another process works on it, or what it was begun with holds no more.
    """
    if not await try_lock(tx, [rebuilds.JOB_LOCK]):
        raise RebuildStoppedError("another process makes the ledger anew; wait for it, or stop it and run this again")
    resolved_before = await store.keep(tx, run_id)
    if resolved_before is None:
        raise RebuildStoppedError(
            "another process makes the ledger anew, or did a minute ago: wait for it, or stop it and run this again "
            "in a minute"
        )
    open_letters, resolved = await store.letters(tx)
    if open_letters:
        raise RebuildStoppedError(
            f"{open_letters} records of reviews.v1 are set aside by scoring-live or scoring-history: redrive or "
            "discard them, and run this again"
        )
    if resolved != resolved_before:
        raise RebuildStoppedError(
            "a record that was set aside was settled since this rebuild was begun, so that it may count twice: "
            f"{_DISCARD}"
        )


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


async def take_page(tx: Tx, tenant_id: str, after: str | None, page: Page) -> None:
    """Append what a page of a tenant's feed tells to the new ledger.

    Raises:
        RebuildStoppedError: the feed is not of the bus that the groups read.
    """
    reading = await store.lock_reading(tx, tenant_id)
    if (reading.after, reading.is_read) != (after, False):
        return  # it was taken before
    if after is None:
        check_epoch(page.position, await store.epochs(tx))
        await store.state_places(tx, tenant_id, page.position)
    erased = [ErasedReview(tenant_id, item.review_id, item.type == ERASED_TYPE) for item in page.items if item.erased]
    await store.note_erased(tx, erased)
    items, refused = without_refused(item for item in page.items if not item.erased)
    numbers = await store.numbers(tx, {item.partition for item in items})
    changes = numbered(tenant_id, items, numbers)
    last_valid = await history.last_valid(tx, changed_again(changes), store.LEDGER)
    await history.append(tx, list(entries(changes, last_valid)), store.LEDGER)
    await store.move_numbers(tx, numbers)
    await store.move_reading(tx, tenant_id, page.next, len(page.items), refused)
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


async def copy_or_sum_some(tx: Tx) -> bool:
    """Copy what is later than the feed, or sum what the new ledger has; return False where nothing is left."""
    await store.begin_partitions(tx, await rebuilds.partitions(tx))
    done = await store.copy_some(tx, STEP_ENTRIES) or await rebuilds.sum_some(tx, SUMMED_ENTRIES, store.ANEW)
    failpoint("refill_step_before_commit")
    return done


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
        while await copy_or_sum_some(tx):
            pass
    failpoint("refill_before_switch")
    await rebuilds.take_the_place(owner)
    await store.take_the_place(owner)
    failpoint("refill_switch_before_commit")
    return True


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
