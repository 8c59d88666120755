"""Reads feeds of tenants ahead of what is taken of them: pages of several tenants, and several of one, at a time."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Collection, Coroutine, Sequence
from itertools import chain
from typing import Any

from plaudit.scoring.refills.domain import (
    MAX_PAGES_AHEAD,
    MAX_STEP_PAGES,
    MAX_TENANTS_AT_ONCE,
    ErasedReview,
    FedPage,
    Reading,
    read_page,
)
from plaudit.scoring.refills.jobs.feed import Pages


async def read_all(
    feed: Pages, readings: Sequence[Reading], take: Callable[[str, list[FedPage]], Awaitable[None]]
) -> None:
    """Read the rest of the feeds of tenants, of some at the same time. The first failure ends all.

    Args:
        feed: is asked.
        readings: how far the feed of each tenant is read.
        take: takes pages of a tenant that follow each other; it is awaited for one tenant at a time.

    Raises:
        RebuildStoppedError: as `Pages.page`.
        Exception: as `take`.
    """
    free, turn = asyncio.Semaphore(MAX_TENANTS_AT_ONCE), asyncio.Lock()

    async def take_in_turn(tenant_id: str, pages: list[FedPage]) -> None:
        async with turn:
            await take(tenant_id, pages)

    async def read(reading: Reading) -> None:
        async with free:
            await _read(feed, reading, take_in_turn)

    await _together([read(each) for each in readings])


async def _together(works: Sequence[Coroutine[Any, Any, None]]) -> None:
    """Do several things at the same time, and end all of them with the first that fails."""
    tasks = [asyncio.create_task(each) for each in works]
    try:
        await asyncio.gather(*tasks)
    finally:
        await _ended(tasks)


async def _ended(tasks: Collection[asyncio.Task[Any]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def _read(feed: Pages, reading: Reading, take: Callable[[str, list[FedPage]], Awaitable[None]]) -> None:
    """Read the rest of a tenant's feed; while pages are taken, the next ones are read."""
    ahead: asyncio.Queue[FedPage] = asyncio.Queue(MAX_STEP_PAGES)
    reader = asyncio.create_task(read_ahead(feed, reading.tenant_id, reading.after, ahead))
    try:
        is_left = True
        while is_left:
            pages = await _next_pages(ahead, reader)
            await take(reading.tenant_id, pages)
            is_left = pages[-1].next is not None
    finally:
        await _ended([reader])


async def read_ahead(feed: Pages, tenant_id: str, after: str | None, ahead: asyncio.Queue[FedPage]) -> None:
    """Read page after page into a queue; those whose places are known are asked for at the same time.

    So a page may have been read before the one that it follows. A review may have been erased in between: then what the
    later page tells of it is left out, as if they had been read in their order.

    Raises:
        RebuildStoppedError: as `Pages.page`.
    """
    asked = {after: asyncio.create_task(feed.page(tenant_id, after))}
    erased: deque[list[ErasedReview]] = deque(maxlen=1 + MAX_PAGES_AHEAD)
    try:
        is_left = True
        while is_left:
            page = await asked.pop(after)
            following = [place for place in (page.next, *page.ahead[:MAX_PAGES_AHEAD]) if place is not None]
            for place in asked.keys() - following:
                asked.pop(place).cancel()
            for place in following:
                if place not in asked:
                    asked[place] = asyncio.create_task(feed.page(tenant_id, place))
            fed = read_page(tenant_id, after, page, before=chain.from_iterable(erased))
            erased.append(fed.erased)
            await ahead.put(fed)
            after, is_left = page.next, page.next is not None
    finally:
        await _ended(asked.values())


async def _next_pages(ahead: asyncio.Queue[FedPage], reading: asyncio.Task[None]) -> list[FedPage]:
    """Return the pages that have been read, at least one; raise what reading has raised where there is none."""
    following = asyncio.create_task(ahead.get())
    try:
        await asyncio.wait([following, reading], return_when=asyncio.FIRST_COMPLETED)
        if not following.done() and ahead.empty():
            await reading
        pages = [await following]
    finally:
        following.cancel()
    while not ahead.empty():
        pages.append(ahead.get_nowait())
    return pages
