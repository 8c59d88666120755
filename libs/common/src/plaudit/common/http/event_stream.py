"""Live streams of server-sent events: what is new behind a place, from a database that is asked again and again.

A stream begins with the id of its place, beats while nothing comes, and ends when it is old or its process stops;
browsers come back by themselves with `Last-Event-ID`, and miss nothing. Nothing is read ahead of a slow client.

Where a database was restored from a backup, a place may be of events that it no longer has, and nothing would follow
until as many have come again. Such a place is refused, and a stream that stands at one ends.
https://html.spec.whatwg.org/multipage/server-sent-events.html
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Annotated, Any, Final, Generic, Protocol, TypeVar

from fastapi import Header, Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from plaudit.common.db import Database, Role, SqlTx
from plaudit.common.http.headers import preferred
from plaudit.common.http.paging import decode_cursor, encode_cursor
from plaudit.common.http.problems import too_much_at_once, unavailable, unprocessable
from plaudit.common.http.transactions import read_apart

EVENT_STREAM: Final = "text/event-stream"
_PAGE: Final = "application/json"
MAX_STREAMS: Final = 100
"""Open at once in one process; each asks the database once a pause."""
MAX_STREAMS_OF_TENANT: Final = 50
"""Of those, one tenant's: the other places are left to others."""
MAX_ASKING: Final = 2
"""Streams of one process that ask the database at a time; others wait, so that all connections but these are left to
requests, however many streams are open."""
PAUSE_SECONDS: Final = 1.0
HEARTBEAT_SECONDS: Final = 10.0
"""A client that has left is noticed by what it does not take."""
STREAM_AGE: Final = timedelta(minutes=10)
"""Then it ends, and its client comes back with its last id: so a key that is revoked is asked for again."""
EVENTS_OF_A_STEP: Final = 100

LastEventId = Annotated[
    str | None, Header(description="Of a stream: the id of the last event that came; it goes on from there.")
]
Place = TypeVar("Place", bound=tuple[object, ...])


@dataclass(frozen=True, slots=True)
class StreamedEvent(Generic[Place]):
    """One event of a stream."""

    place: Place
    type: str
    data: str
    """JSON without a line feed."""


class Following(Protocol[Place]):
    """Reads a feed."""

    async def __call__(self, tx: SqlTx, *, after: Place, limit: int) -> Sequence[StreamedEvent[Place]]:
        """Return up to so many events behind a place, in their order. Nothing new may ever come before one of them."""


@dataclass(frozen=True, slots=True)
class Feed(Generic[Place]):
    """What a stream follows."""

    name: str
    """Of the feed with its filters: an id of another one is refused."""
    place: type[Place]
    """What an id holds, for example `tuple[int, UUID]`."""
    following: Following[Place]
    end: Callable[[SqlTx], Awaitable[Place]]
    """Reads the place behind all that may follow any: what is there is not final yet."""

    def id_of(self, place: Place) -> str:
        """Return a place as the id of an event."""
        return encode_cursor(*place, of=self.name)

    def place_of(self, event_id: str) -> Place:
        """Return the place of an id.

        Raises:
            Problem: 422 `invalid-cursor`, when it is not an id of this feed.
        """
        return decode_cursor(event_id, self.place, of=self.name)

    async def reached(self, tx: SqlTx, place: Place) -> Place:
        """Return a place, of an id or of a page, that this database has come to.

        Raises:
            Problem: 422 `invalid-cursor`, when all that there is comes before it.
        """
        if await self.has_reached(tx, place):
            return place
        detail = (
            "This place is behind all events that there are: the database was restored since it was given. "
            "Start again without it, and read all pages."
        )
        raise unprocessable("invalid-cursor", detail)

    async def has_reached(self, tx: SqlTx, place: Place) -> bool:
        """Return whether this database has come to a place."""
        return place <= await self.end(tx)


class Streams:
    """How many streams are open in this process, and which of them may ask the database."""

    def __init__(self) -> None:
        """Begin with none."""
        self._open: Counter[str] = Counter()
        self.asking = asyncio.Semaphore(MAX_ASKING)

    @property
    def open(self) -> int:
        """How many are open."""
        return self._open.total()

    def _require_place(self, tenant_id: str) -> None:
        """Refuse a stream that there is no place for, as `place` says."""
        if self._open[tenant_id] >= MAX_STREAMS_OF_TENANT:
            detail = (
                f"{MAX_STREAMS_OF_TENANT} live views of your company are open in this process, and so many may be. "
                "Close one, or ask for pages."
            )
            raise too_much_at_once(detail)
        if self.open >= MAX_STREAMS:
            detail = f"{MAX_STREAMS} live views are open in this process, and so many may be."
            raise unavailable(f"{detail} Try again, or ask for pages.")

    @contextmanager
    def place(self, tenant_id: str) -> Iterator[None]:
        """Count a stream of a tenant while it is open.

        Raises:
            Problem: 429, while too many of this tenant's are open; 503, while too many are.
        """
        self._require_place(tenant_id)
        self._open[tenant_id] += 1
        try:
            yield
        finally:
            self._open[tenant_id] -= 1
            self._open += Counter()  # forgets tenants that have none


def is_asked_for(request: Request) -> bool:
    """Return whether a client asks for a stream in place of a page."""
    return preferred(request.headers.get("accept", ""), [_PAGE, EVENT_STREAM]) == EVENT_STREAM


def described(example: str) -> dict[int | str, dict[str, Any]]:
    """Return what the reference says of an operation that answers with a stream too."""
    return {200: {"content": {EVENT_STREAM: {"schema": {"type": "string"}, "example": example}}}}


def event_stream(request: Request, tenant_id: str, feed: Feed[Place], place: Place) -> Response:
    """Answer with a live stream of a tenant's feed behind a place; while too many are open, with a refusal."""
    streams: Streams = request.app.state.event_streams

    def is_over() -> bool:
        draining: bool = request.app.built_edge().draining
        return draining

    database = request.app.state.resources.database(Role.API)
    return _PlacedStream(streams, tenant_id, _events(database, tenant_id, feed, place, streams.asking, is_over))


class _PlacedStream(StreamingResponse):
    """A stream that has a place while it is sent.

    It is refused as it begins, and not when it is asked for: of many that are asked for at once, which all find places
    free, no more begin than there are places.
    """

    def __init__(self, streams: Streams, tenant_id: str, events: AsyncIterator[str]) -> None:
        super().__init__(
            events, media_type=EVENT_STREAM, headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        )
        self._streams = streams
        self._tenant_id = tenant_id

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it.

        Raises:
            Problem: as `Streams.place`.
        """
        with self._streams.place(self._tenant_id):
            await super().__call__(scope, receive, send)


async def _events(
    database: Database,
    tenant_id: str,
    feed: Feed[Place],
    place: Place,
    asking: asyncio.Semaphore,
    is_over: Callable[[], bool],
) -> AsyncIterator[str]:
    """Yield what is new until the stream is old or the process stops."""
    now = asyncio.get_running_loop().time
    ends_at, beat_at = now() + STREAM_AGE.total_seconds(), now() + HEARTBEAT_SECONDS
    # Without an id, a client that no event has come to would come back at another place, and miss what was in between.
    yield f"id: {feed.id_of(place)}\nretry: {PAUSE_SECONDS * 1000:.0f}\n\n"
    while now() < ends_at and not is_over():
        async with asking:
            found = await read_apart(database, tenant_id, partial(_step, feed=feed, after=place))
        if found is None:
            return  # its client comes back with a place that is refused, and begins anew
        for each in found:
            place = each.place
            yield f"id: {feed.id_of(place)}\nevent: {each.type}\ndata: {each.data}\n\n"
        if found:
            beat_at = now() + HEARTBEAT_SECONDS
        elif now() >= beat_at:
            beat_at = now() + HEARTBEAT_SECONDS
            yield ": still here\n\n"
        if len(found) < EVENTS_OF_A_STEP:
            await asyncio.sleep(PAUSE_SECONDS)


async def _step(tx: SqlTx, *, feed: Feed[Place], after: Place) -> Sequence[StreamedEvent[Place]] | None:
    """Return what is new behind a place; None where the database has not come to that place."""
    found = await feed.following(tx, after=after, limit=EVENTS_OF_A_STEP)
    return found if found or await feed.has_reached(tx, after) else None
