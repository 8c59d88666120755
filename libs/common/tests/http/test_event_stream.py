"""Streams of events, however many there are, leave the database to requests."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any

import pytest

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


async def begun(request: Any, tenant_id: str, count: int) -> list[Any]:
    """So many streams of a tenant that their clients read."""
    answers = [opened(request, tenant_id) for _ in range(count)]
    for answer in answers:
        assert (await anext(answer.body_iterator)).startswith("id: ")
    return answers


async def test_one_tenant_leaves_places_to_others_and_is_told_how_many_it_has() -> None:
    request = served()
    answers = await begun(request, "default", MAX_STREAMS_OF_TENANT)

    with pytest.raises(Problem) as refused:
        opened(request, "default")
    assert (refused.value.status, refused.value.slug) == (429, "too-much-at-once")
    assert f"{MAX_STREAMS_OF_TENANT} live views of your company" in refused.value.detail
    assert "Retry-After" in refused.value.headers
    answers += await begun(request, "other", 1)

    await answers[0].body_iterator.aclose()
    answers += await begun(request, "default", 1)
    for answer in answers[1:]:
        await answer.body_iterator.aclose()
    assert request.app.state.event_streams.open == 0


async def test_a_process_that_has_all_its_streams_open_says_how_many_they_are() -> None:
    request, answers = served(), []
    for number in range(MAX_STREAMS // MAX_STREAMS_OF_TENANT):
        answers += await begun(request, f"tenant-{number}", MAX_STREAMS_OF_TENANT)

    with pytest.raises(Problem) as refused:
        opened(request, "another")
    assert (refused.value.status, refused.value.slug) == (503, "unavailable")
    assert f"{MAX_STREAMS} live views are open" in refused.value.detail
    for answer in answers:
        await answer.body_iterator.aclose()


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
