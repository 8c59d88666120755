"""A page of the feed is asked for again where ingest cannot answer now, and few are asked for at a time."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from http import HTTPStatus

import pytest

from plaudit.scoring.rebuilds.domain import RebuildStoppedError
from plaudit.scoring.refills.domain import MAX_PAGES_AT_ONCE, MAX_TRIES, Page, Position
from plaudit.scoring.refills.jobs.feed import PATH, Feed

EMPTY = b'{"items":[],"position":{"epoch":1,"sequences":{}},"next":null,"ahead":[]}'
Answer = Callable[[str], Awaitable[tuple[int, bytes]]]


@asynccontextmanager
async def ingest_that(answer: Answer) -> AsyncIterator[Feed]:
    """A feed at a server that answers a target so: with a status and a body."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        target = (await reader.readuntil(b"\r\n\r\n")).split()[1].decode()
        status, body = await answer(target)
        head = (
            f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\ncontent-length: {len(body)}\r\nconnection: close\r\n\r\n"
        )
        writer.write(head.encode() + body)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    feed = Feed(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/", {"default": "a key"})
    async with server:
        yield feed
        await feed.close()


async def test_where_it_cannot_answer_now_a_page_is_asked_for_again() -> None:
    statuses = iter([503, 500, 429, 200])

    async def answer(_target: str) -> tuple[int, bytes]:
        return next(statuses), EMPTY

    async with ingest_that(answer) as feed:
        assert await feed.page("default", None) == Page([], Position(1, {}), None)


async def test_where_it_never_can_it_says_so_with_what_to_do() -> None:
    asked: Counter[str] = Counter()

    async def answer(target: str) -> tuple[int, bytes]:
        asked[target] += 1
        return 503, b""

    async with ingest_that(answer) as feed:
        with pytest.raises(RebuildStoppedError, match="it answered 503; run this again, it goes on from here"):
            await feed.page("default", "Ag")

    assert asked == {f"{PATH}?limit=7&after=Ag": MAX_TRIES}


@pytest.mark.parametrize("body", [b"", b"<html>", b'{"items":[],"next":null}', b'{"items":[{}],"next":null}'])
async def test_what_is_no_page_of_this_version_is_told_with_what_to_do(body: bytes) -> None:
    async def answer(_target: str) -> tuple[int, bytes]:
        return 200, body

    async with ingest_that(answer) as feed:
        with pytest.raises(RebuildStoppedError, match=r"not the feed of this version .* upgrade ingest before scoring"):
            await feed.page("default", None)


async def test_so_many_pages_are_asked_for_at_a_time_and_no_more() -> None:
    is_full, open_now, most = asyncio.Event(), 0, 0

    async def answer(_target: str) -> tuple[int, bytes]:
        nonlocal open_now, most
        open_now += 1
        most = max(most, open_now)
        if open_now == MAX_PAGES_AT_ONCE:
            is_full.set()
        await is_full.wait()
        for _ in range(100):  # others would come meanwhile
            await asyncio.sleep(0)
        open_now -= 1
        return 200, EMPTY

    async with ingest_that(answer) as feed:
        await asyncio.gather(*(feed.page("default", str(number)) for number in range(3 * MAX_PAGES_AT_ONCE)))

    assert most == MAX_PAGES_AT_ONCE
