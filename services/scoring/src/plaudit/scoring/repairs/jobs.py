"""The steps of a repair, each in a transaction of its own: it goes on where a stopped one was."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Final, Protocol
from uuid import UUID

from asyncpg import UniqueViolationError

from plaudit.common.db import Database, Tx
from plaudit.common.db.errors import is_transient
from plaudit.common.failpoints import failpoint
from plaudit.scoring.rebuilds.domain import RebuildStoppedError
from plaudit.scoring.reconciliation.domain import Scope
from plaudit.scoring.reconciliation.jobs import derived
from plaudit.scoring.reconciliation.store import next_root
from plaudit.scoring.refills.jobs.feed import Feed
from plaudit.scoring.repairs import commands, store
from plaudit.scoring.repairs.domain import (
    MAX_PAGE_BYTES,
    MAX_STEP_TRIES,
    MAX_WAIT_SECONDS,
    PAGE_ITEMS,
    POLL_SECONDS,
    RETRY_SECONDS,
    FedPage,
    GroupPlace,
    RepairProgress,
    Stage,
    Standing,
    reaches,
    read_page,
)

PATH: Final = "/v1/review-revisions"
Tell = Callable[[RepairProgress], None]
Work = Callable[[Tx], Awaitable[bool | None]]


class Pages(Protocol):
    """What a repair reads: pages of revisions, of some tenants."""

    @property
    def tenants(self) -> list[str]:
        """The tenants whose feeds can be read."""

    async def page(self, tenant_id: str, after: str | None) -> FedPage:
        """Return the page behind a place, or the first one.

        Raises:
            RebuildStoppedError: there is none to be had; the text says why and what to do.
        """


class PagesOfFeed:
    """Those of ingest's feed."""

    def __init__(self, feed: Feed) -> None:
        """Ask nothing yet."""
        self._feed = feed
        self.tenants = feed.tenants

    async def page(self, tenant_id: str, after: str | None) -> FedPage:
        """Return the page behind a place, or the first one.

        Raises:
            RebuildStoppedError: as `Feed.read`.
        """
        decode = partial(read_page, tenant_id, after)
        return await self._feed.read(tenant_id, PATH, after, PAGE_ITEMS, MAX_PAGE_BYTES, decode)


async def repair(worker: Database, feed: Pages, run_id: UUID, tell: Tell) -> RepairProgress:
    """Make whole what insight and answers keep of reviews, beside both groups.

    Args:
        worker: sees the rows of all tenants.
        feed: is read for its tenants. What is kept of others stays as it is.
        run_id: of this process.
        tell: is told after each step how far it has come.

    Raises:
        RebuildStoppedError: the text says why and what to do. What was done is kept.
    """
    try:
        async with worker.driver_transaction() as tx:
            standings = await commands.begin(tx, run_id, feed.tenants)
        for standing in standings:
            await _repair(_Steps(worker, run_id, tell), feed, standing)
        failpoint("repair_before_end")
        async with worker.driver_transaction() as tx:
            await commands.keep(tx, run_id)
            done = await store.progress(tx)
            await store.end(tx)
    except BaseException:
        await _release(worker, run_id)
        raise
    return done


async def status(worker: Database) -> tuple[RepairProgress, float | None] | None:
    """Return how far the repair that is under way has come, and for how many seconds no process has taken a step.

    None: there is none. No number of seconds: the last process has said that it ended.
    """
    async with worker.driver_transaction() as tx:
        return (await store.progress(tx), await store.seconds_since(tx)) if await store.exists(tx) else None


async def discard(owner: Database) -> bool:
    """Forget the repair that is under way; return whether there was one."""
    async with owner.driver_transaction() as tx:
        return await commands.discard(tx)


class _Steps:
    """Takes steps of one process."""

    def __init__(self, worker: Database, run_id: UUID, tell: Tell) -> None:
        self.worker, self._run_id, self._tell = worker, run_id, tell

    async def take(self, work: Work) -> bool | None:
        """Take a step, and say how far it has come; where it fails for a time, take it again."""
        for left in reversed(range(MAX_STEP_TRIES)):
            try:
                async with self.worker.driver_transaction() as tx:
                    await commands.keep(tx, self._run_id)
                    done = await work(tx)
                    so_far = await store.progress(tx)
            except Exception as error:
                # A group that keeps the same new review at the same moment may be first.
                if not left or not (is_transient(error) or isinstance(error, UniqueViolationError)):
                    raise
                await asyncio.sleep(RETRY_SECONDS)
            else:
                break
        self._tell(so_far)
        return done


async def _repair(steps: _Steps, feed: Pages, standing: Standing) -> None:
    """Do what is left for a tenant."""
    tenant_id, stage, after = standing.tenant_id, standing.stage, standing.after
    if stage is Stage.NOTING:
        while await steps.take(partial(commands.note_some, tenant_id=tenant_id)):
            pass
        stage = Stage.READING
    if stage is Stage.READING:
        async with steps.worker.driver_transaction() as tx:
            places = await store.places(tx)
        await _read(steps, feed, tenant_id, after, places)
        stage = Stage.CLEARING
    if stage is Stage.CLEARING:
        await _compare_derived(steps, tenant_id)
        while await steps.take(partial(commands.clear_some, tenant_id=tenant_id)):
            pass


async def _compare_derived(steps: _Steps, tenant_id: str) -> None:
    """Compare what is derived of a tenant's reviews with them, where some were damaged.

    Nobody knows whether counts and places went with what was kept before, or with what should have been.
    """
    async with steps.worker.driver_transaction() as tx:
        if not await store.has_damaged(tx, tenant_id):
            return
    end = ""
    while True:
        async with steps.worker.driver_transaction() as tx:
            root = await next_root(tx, tenant_id, end)
        if root is None or root.tenant_id != tenant_id:
            break
        await derived.reconcile_days(steps.worker, tenant_id, root.subject)
        await steps.take(_nothing)
        end = root.end
    await derived.reconcile_places(steps.worker, Scope(tenant_id), partial(steps.take, _nothing))


async def _nothing(_tx: Tx) -> None:
    """Do nothing in a step, which says that the process still works on the repair."""


async def _read(steps: _Steps, feed: Pages, tenant_id: str, after: str | None, places: list[GroupPlace]) -> None:
    """Take the rest of a tenant's feed, page by page; while one is taken, the next one is read."""
    page = await (_first_page(feed, tenant_id, places) if after is None else feed.page(tenant_id, after))
    while page.next is not None:
        following = asyncio.ensure_future(feed.page(tenant_id, page.next))
        try:
            await steps.take(partial(commands.take_page, tenant_id=tenant_id, page=page))
            page = await following
        finally:
            following.cancel()
            await asyncio.gather(following, return_exceptions=True)
    await steps.take(partial(commands.take_page, tenant_id=tenant_id, page=page))


async def _first_page(feed: Pages, tenant_id: str, places: list[GroupPlace]) -> FedPage:
    """Return the first page of a feed that tells of all that groups have applied.

    The relay notes what it has published a moment after groups can read it, so the feed may be behind them.
    """
    for _ in range(round(MAX_WAIT_SECONDS / POLL_SECONDS)):
        page = await feed.page(tenant_id, None)
        if reaches(page.position, places):
            return page
        await asyncio.sleep(POLL_SECONDS)
    raise RebuildStoppedError(
        "the feed does not tell of all that scoring-insight and scoring-answers have applied: see whether ingest's "
        "relay runs, name the address of the same installation, and run this again"
    )


async def _release(worker: Database, run_id: UUID) -> None:
    """Let another process go on at once; where the database cannot be told, it waits for a minute."""
    try:
        async with worker.driver_transaction() as tx:
            await store.release(tx, run_id)
    except Exception:  # noqa: BLE001 - the error that led here is the one to raise
        return
