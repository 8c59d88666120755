"""The steps of a refill, each in a transaction of its own: it goes on where a stopped one was."""

import asyncio
from collections.abc import Awaitable, Callable
from uuid import UUID

from plaudit.common.db import Database, Tx
from plaudit.common.db.errors import is_transient
from plaudit.common.failpoints import failpoint
from plaudit.scoring.rebuilds.domain import MAX_SWITCHES, RebuildStoppedError
from plaudit.scoring.refills import commands, store
from plaudit.scoring.refills.domain import (
    MAX_STEP_TRIES,
    MAX_WAIT_SECONDS,
    POLL_SECONDS,
    RETRY_SECONDS,
    FedPage,
    RefillProgress,
)
from plaudit.scoring.refills.jobs.feed import Pages
from plaudit.scoring.refills.jobs.reading import read_all
from plaudit.scoring.refills.store import twins


async def refill(
    worker: Database, owner: Database, feed: Pages, run_id: UUID, tell: Callable[[RefillProgress], None]
) -> RefillProgress:
    """Make the ledger anew from ingest's feed beside both groups, and all sums from it, and let them take their place.

    The ledger of tenants that the feed has no key of is copied as it is.

    Args:
        worker: sees the rows of all tenants.
        owner: owns the tables.
        feed: is read for its tenants.
        run_id: of this process.
        tell: is told after each step how far it has come.

    Raises:
        RebuildStoppedError: the text says why and what to do. What was done is kept.
    """
    async with owner.driver_transaction() as tx:
        await commands.begin(tx, run_id, feed.tenants)
    try:
        return await _refill(worker, owner, feed, run_id, tell)
    except BaseException:
        await _release(worker, run_id)
        raise


async def _release(worker: Database, run_id: UUID) -> None:
    """Let another process go on at once; where the database cannot be told, it waits for a minute."""
    try:
        async with worker.driver_transaction() as tx:
            await store.release(tx, run_id)
    except Exception:  # noqa: BLE001 - the error that led here is the one to raise
        return


async def _refill(
    worker: Database, owner: Database, feed: Pages, run_id: UUID, tell: Callable[[RefillProgress], None]
) -> RefillProgress:
    async with worker.driver_transaction() as tx:
        await commands.keep(tx, run_id)
        readings = await commands.check_tenants(tx, feed.tenants)

    async def take(tenant_id: str, pages: list[FedPage]) -> None:
        async with worker.driver_transaction() as tx:
            await commands.keep(tx, run_id)
            await commands.take_pages(tx, tenant_id, pages)
            so_far = await store.progress(tx)
        tell(so_far)

    await read_all(feed, [each for each in readings if not each.is_read], take)
    await _wait_for_groups(worker, run_id)
    await _settle_erased(worker, run_id)
    await _all(worker, run_id, commands.copy_some, tell)
    await _index(owner, run_id)
    for _ in range(MAX_SWITCHES):
        await _all(worker, run_id, commands.sum_some, tell)
        async with worker.driver_transaction() as tx:
            await commands.keep(tx, run_id)
            await store.name_large(tx)
        await _all(worker, run_id, commands.fill_some, tell)
        async with worker.driver_transaction() as tx:
            done = await store.progress(tx)
        async with owner.driver_transaction() as tx:
            await store.analyze(tx)
        if await _switched(worker, owner, run_id):
            return done
        await asyncio.sleep(POLL_SECONDS)
    raise RebuildStoppedError(
        "history did not come as far as live, live was too fast, or cells were being filled all the time; see how far "
        "history lags, or wait until the cells are filled, and run this again: it goes on from here"
    )


async def status(worker: Database) -> tuple[RefillProgress, float | None] | None:
    """Return how far the refill that is under way has come, and for how many seconds no process has taken a step.

    None: there is none. No number of seconds: the last process has said that it ended.
    """
    async with worker.driver_transaction() as tx:
        return (await store.progress(tx), await store.seconds_since(tx)) if await store.exists(tx) else None


async def discard(owner: Database) -> bool:
    """Forget the refill that is under way; return whether there was one."""
    async with owner.driver_transaction() as tx:
        return await commands.discard(tx)


async def _all(
    worker: Database,
    run_id: UUID,
    work: Callable[[Tx], Awaitable[bool]],
    tell: Callable[[RefillProgress], None],
) -> None:
    while await _step(worker, run_id, work, tell):
        pass


async def _index(owner: Database, run_id: UUID) -> None:
    """Make the indexes that the new ledger lacks, and let the planner know it."""
    is_left = True
    while is_left:
        async with owner.driver_transaction() as tx:
            is_left = await commands.index_some(tx, run_id)
    async with owner.driver_transaction() as tx:
        await twins.analyze(tx, "ledger")


async def _step(
    worker: Database,
    run_id: UUID,
    work: Callable[[Tx], Awaitable[bool | None]],
    tell: Callable[[RefillProgress], None],
) -> bool | None:
    """Take a step, and say how far it has come; where the database fails for a time, take it again."""
    for left in reversed(range(MAX_STEP_TRIES)):
        try:
            async with worker.driver_transaction() as tx:
                await commands.keep(tx, run_id)
                done = await work(tx)
                so_far = await store.progress(tx)
        except Exception as error:
            if not left or not is_transient(error):
                raise
            await asyncio.sleep(RETRY_SECONDS)
        else:
            break
    tell(so_far)
    return done


async def _wait_for_groups(worker: Database, run_id: UUID) -> None:
    async def are_behind(tx: Tx) -> bool | None:
        return await store.are_behind(tx)

    for _ in range(round(MAX_WAIT_SECONDS / POLL_SECONDS)):
        if not await _step(worker, run_id, are_behind, lambda _: None):
            return
        await asyncio.sleep(POLL_SECONDS)
    raise RebuildStoppedError(
        "scoring-live or scoring-history has not come as far as the feed tells: start scoring's consumers, or see how "
        "far they lag, and run this again: it goes on from here"
    )


async def _settle_erased(worker: Database, run_id: UUID) -> None:
    for _ in range(round(MAX_WAIT_SECONDS / POLL_SECONDS)):
        while is_left := await _step(worker, run_id, commands.settle_erased, lambda _: None):
            pass
        if is_left is False:
            return
        await asyncio.sleep(POLL_SECONDS)
    raise RebuildStoppedError(
        "reviews were erased while the feed was read, and scoring-history has not taken that, or has not all of them: "
        "run this again; if it stops here once more, run it with --discard, and then again"
    )


async def _switched(worker: Database, owner: Database, run_id: UUID) -> bool:
    """Return whether the new tables have taken the place; not where readers or writers kept it waiting for too long."""
    try:
        async with owner.driver_transaction() as tx:
            is_done = await commands.switch(tx, worker, run_id)
    except Exception as error:
        if not is_transient(error):
            raise
        return False
    if is_done:
        failpoint("refill_switched")
    return is_done
