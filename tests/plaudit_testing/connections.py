"""Connections of the HTTP server without a socket: what a test feeds them, and what they have written."""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any, Generic, TypeVar

import uvicorn
from starlette.routing import Route
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from plaudit.common.http import Api, create_app
from plaudit.common.http.direct import DirectRoute, DirectServing
from plaudit.common.http.limits import DEFAULT_LIMITS, Limits
from plaudit.common.http.protocol import HttpProtocol

TURNS = 5_000

P = TypeVar("P", bound=HttpToolsProtocol)


class Transport(asyncio.Transport):
    """Keeps what is written."""

    def __init__(self) -> None:
        super().__init__()
        self.written = b""
        self.closed = False
        self.reads = True
        self.unread_bytes = 0
        self.aborted = False

    def write(self, data: Any) -> None:
        """Take bytes, unless closed."""
        if not self.closed:
            self.written += bytes(data)

    def close(self) -> None:
        """Close."""
        self.closed = True

    def write_eof(self) -> None:
        """Write no more, and go on reading."""

    def abort(self) -> None:
        """Close without sending what waits."""
        self.closed = self.aborted = True

    def get_write_buffer_size(self) -> int:
        """How much of what was written waits for the client to read."""
        return self.unread_bytes

    def is_closing(self) -> bool:
        """Whether it is closed."""
        return self.closed

    def pause_reading(self) -> None:
        """Read nothing more for now."""
        self.reads = False

    def resume_reading(self) -> None:
        """Read on."""
        self.reads = True


class Connection(Generic[P]):
    """A protocol on such a transport."""

    def __init__(self, protocol: P) -> None:
        self.protocol = protocol
        self.transport = Transport()
        protocol.connection_made(self.transport)

    async def feed(self, parts: Iterable[bytes]) -> None:
        """Give it bytes, each part when it reads."""
        for part in parts:
            for _ in range(TURNS):
                if self.transport.reads or self.transport.closed:
                    break
                await asyncio.sleep(0)
            if self.transport.closed:
                return
            self.protocol.data_received(part)

    async def settled(self) -> bytes:
        """What it has written when the event loop has nothing more to do for it."""
        for _ in range(TURNS):
            cycle: Any = self.protocol.cycle
            if self.transport.closed or (not self.protocol.pipeline and (cycle is None or cycle.response_complete)):
                break
            await asyncio.sleep(0)
        return self.transport.written


def bare_app(bare_routes: Sequence[Route], direct_routes: Sequence[DirectRoute] = (), **options: Any) -> Api:
    """An application of these routes alone, without a database."""
    resources: Any = SimpleNamespace(database=None)
    return create_app(
        title="t",
        service="t",
        description="",
        resources=resources,
        routers=(),
        bare_routes=bare_routes,
        direct_routes=direct_routes,
        **options,
    )


def our_connection(app: Api, limits: Limits = DEFAULT_LIMITS) -> Connection[HttpProtocol]:
    """A connection of our own server."""
    [connection] = our_connections(app, 1, limits)
    return connection


def our_connections(app: Api, count: int, limits: Limits = DEFAULT_LIMITS) -> list[Connection[HttpProtocol]]:
    """Connections of one server."""
    direct = DirectServing(app.built_edge(), app.direct_routes)
    config = uvicorn.Config(app, ws="none", lifespan="off", access_log=False, log_config=None)
    state = ServerState()
    return [Connection(HttpProtocol(config, state, {}, direct=direct, limits=limits)) for _ in range(count)]


def plain_connection(app: Api) -> Connection[HttpToolsProtocol]:
    """A connection of plain uvicorn."""
    config = uvicorn.Config(app, ws="none", lifespan="off", access_log=False, log_config=None)
    return Connection(HttpToolsProtocol(config, ServerState(), {}))


@contextmanager
def loop_calls() -> Iterator[list[str]]:
    """What the event loop is asked for that costs: the names of the methods."""
    loop: Any = asyncio.get_running_loop()
    asked: list[str] = []

    def counting(name: str) -> Callable[..., Any]:
        method = getattr(type(loop), name).__get__(loop)

        def call(*arguments: Any, **options: Any) -> Any:
            asked.append(name)
            return method(*arguments, **options)

        return call

    names = ("create_task", "create_future", "call_later", "call_at", "call_soon")
    for name in names:
        setattr(loop, name, counting(name))
    try:
        yield asked
    finally:
        for name in names:
            delattr(loop, name)
