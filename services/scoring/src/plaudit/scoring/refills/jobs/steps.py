"""The steps of a refill, each in a transaction of its own: it goes on where a stopped one was."""

import asyncio
from collections.abc import Awaitable, Callable
from uuid import UUID

from plaudit.common.db import Database, Tx
from plaudit.common.db.errors import is_transient
from plaudit.scoring.rebuilds.domain import MAX_SWITCHES, RebuildStoppedError
from plaudit.scoring.refills import commands, store
from plaudit.scoring.refills.domain import MAX_WAIT_SECONDS, POLL_SECONDS, RefillProgress
from plaudit.scoring.refills.jobs.feed import Feed


async def refill(
    worker: Database, owner: Database, feed: Feed, run_id: UUID, tell: Callable[[RefillProgress], None]
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
    async with worker.driver_transaction() as tx:
        await commands.keep(tx, run_id)
        readings = await commands.check_tenants(tx, feed.tenants)
    for reading in readings:
        if not reading.is_read:
            await _read(worker, feed, reading.tenant_id, reading.after, run_id, tell)
    await _wait_for_groups(worker, run_id)
    await _settle_erased(worker, run_id)
    for _ in range(MAX_SWITCHES):
        while await _step(worker, run_id, commands.copy_or_sum_some, tell):
            pass
        async with worker.driver_transaction() as tx:
            await store.name_large(tx)
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


async def discard(owner: Database) -> bool:
    """Forget the refill that is under way; return whether there was one."""
    async with owner.driver_transaction() as tx:
        return await commands.discard(tx)


async def _read(
    worker: Database,
    feed: Feed,
    tenant_id: str,
    after: str | None,
    run_id: UUID,
    tell: Callable[[RefillProgress], None],
) -> None:
    """Read the rest of a tenant's feed."""
    while True:
        page = await feed.page(tenant_id, after)
        async with worker.driver_transaction() as tx:
            await commands.keep(tx, run_id)
            await commands.take_page(tx, tenant_id, after, page)
            so_far = await store.progress(tx)
        tell(so_far)
        if page.next is None:
            return
        after = page.next


async def _step(
    worker: Database,
    run_id: UUID,
    work: Callable[[Tx], Awaitable[bool | None]],
    tell: Callable[[RefillProgress], None],
) -> bool | None:
    async with worker.driver_transaction() as tx:
        await commands.keep(tx, run_id)
        done = await work(tx)
        so_far = await store.progress(tx)
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
            return await commands.switch(tx, worker, run_id)
    except Exception as error:
        if not is_transient(error):
            raise
        return False
