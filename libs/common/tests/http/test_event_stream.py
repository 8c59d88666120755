"""Streams of events, however many there are, leave the database to requests."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any

from plaudit.common.http.event_stream import (
    MAX_ASKING,
    MAX_STREAMS,
    MAX_STREAMS_OF_TENANT,
    Feed,
    StreamedEvent,
    Streams,
    event_stream,
)
from plaudit.common.http.problems import Problem

STREAMS = 10


class Database:
    """One that answers nothing: what asks it counts itself."""

    @asynccontextmanager
    async def snapshot(self, _tenant_id: str) -> AsyncIterator[None]:
        """Open nothing."""
        yield None


class Asking:
    """Reads of a feed, and how many there were at a time."""

    def __init__(self) -> None:
        self.now = self.most = self.all = 0

    async def __call__(self, _tx: Any, *, after: tuple[int], limit: int) -> Sequence[StreamedEvent[tuple[int]]]:
        """Return one event after all others that may have had a turn."""
        assert limit > 0
        self.now, self.all = self.now + 1, self.all + 1
        self.most = max(self.most, self.now)
        for _ in range(STREAMS):
            await asyncio.sleep(0)
        self.now -= 1
        return [StreamedEvent((after[0] + 1,), "thing.changed", "{}")]


async def end(_tx: Any) -> tuple[int]:
    """Return the place of the last event that there will ever be."""
    return (STREAMS,)


def served() -> Any:
    """A request to a process that streams."""
    state = SimpleNamespace(event_streams=Streams(), resources=SimpleNamespace(database=lambda _role: Database()))
    return SimpleNamespace(app=SimpleNamespace(state=state, built_edge=lambda: SimpleNamespace(draining=False)))


def opened(request: Any, tenant_id: str) -> Any:
    """A stream of a tenant."""
    return event_stream(request, tenant_id, Feed("/v1/things live", tuple[int], Asking(), end), (0,))


class Client:
    """One that reads a stream until it leaves."""

    def __init__(self, answer: Any) -> None:
        self.heard: list[bytes] = []
        self._began, self._leaves = asyncio.Event(), asyncio.Event()
        self._sending = asyncio.create_task(answer({"type": "http", "asgi": {}}, self._receive, self._send))

    async def _receive(self) -> dict[str, Any]:
        await self._leaves.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Any) -> None:
        if message.get("body"):
            self.heard.append(message["body"])
            self._began.set()

    async def begun(self) -> "Client":
        """The same when it has heard something, or the problem that it was refused with."""
        began = asyncio.create_task(self._began.wait())
        await asyncio.wait({began, self._sending}, return_when=asyncio.FIRST_COMPLETED)
        began.cancel()
        if self._sending.done():
            await self._sending
        return self

    async def leave(self) -> None:
        """End the stream."""
        self._leaves.set()
        await self._sending


async def begun(request: Any, tenant_id: str, count: int) -> list[Client | Problem]:
    """So many streams of a tenant that were all asked for before any of them began: those that did, and refusals."""
    clients = [Client(opened(request, tenant_id)) for _ in range(count)]
    found = await asyncio.gather(*(client.begun() for client in clients), return_exceptions=True)
    assert all(isinstance(each, Client | Problem) for each in found)
    return [each for each in found if isinstance(each, Client | Problem)]


async def test_one_tenant_leaves_places_to_others_and_is_told_how_many_it_has() -> None:
    request = served()

    *mine, refused = await begun(request, "default", MAX_STREAMS_OF_TENANT + 1)

    assert isinstance(refused, Problem)
    assert (refused.status, refused.slug) == (429, "too-much-at-once")
    assert f"{MAX_STREAMS_OF_TENANT} live views of your company" in refused.detail
    assert "Retry-After" in refused.headers
    others = await begun(request, "other", 1)
    await mine.pop().leave()
    again = await begun(request, "default", 1)
    for client in (*mine, *others, *again):
        await client.leave()
    assert request.app.state.event_streams.open == 0


async def test_a_process_that_has_all_its_streams_open_says_how_many_they_are() -> None:
    request, clients = served(), []
    for number in range(MAX_STREAMS // MAX_STREAMS_OF_TENANT):
        clients += await begun(request, f"tenant-{number}", MAX_STREAMS_OF_TENANT)

    (refused,) = await begun(request, "another", 1)

    assert isinstance(refused, Problem)
    assert (refused.status, refused.slug) == (503, "unavailable")
    assert f"{MAX_STREAMS} live views are open" in refused.detail
    for client in clients:
        await client.leave()


async def test_however_many_streams_are_open_few_ask_the_database_at_a_time() -> None:
    request = served()
    asking = Asking()
    feed = Feed("/v1/things live", tuple[int], asking, end)
    answers: list[Any] = [event_stream(request, "default", feed, (0,)) for _ in range(STREAMS)]

    async def first_event(answer: Any) -> str:
        assert (await anext(answer.body_iterator)).startswith("id: ")
        return str(await anext(answer.body_iterator))

    told = await asyncio.gather(*map(first_event, answers))

    assert all("event: thing.changed" in each for each in told)
    assert (asking.all, asking.most) == (STREAMS, MAX_ASKING)
    for answer in answers:
        await answer.body_iterator.aclose()
    assert request.app.state.event_streams.open == 0
