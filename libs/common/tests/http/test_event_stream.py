"""Streams of events, however many there are, leave the database to requests."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any

from plaudit.common.http.event_stream import MAX_ASKING, Feed, StreamedEvent, Streams, event_stream

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


async def test_however_many_streams_are_open_few_ask_the_database_at_a_time() -> None:
    state = SimpleNamespace(event_streams=Streams(), resources=SimpleNamespace(database=lambda _role: Database()))
    app = SimpleNamespace(state=state, built_edge=lambda: SimpleNamespace(draining=False))
    request: Any = SimpleNamespace(app=app)
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
    assert state.event_streams.open == 0
