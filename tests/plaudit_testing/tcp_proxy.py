"""A TCP proxy that loses things on purpose: passes, cuts, goes silent, or swallows the reply to what matters.

It stands between a client and a server on the loopback interface, inside the test's own event loop.
"""

import asyncio
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit, urlunsplit

LOOPBACK = "127.0.0.1"
CHUNK_BYTES = 65_536


@dataclass
class _Swallow:
    marker: bytes
    times: int


@dataclass
class TcpProxy:
    """One listening port in front of one server."""

    host: str
    port: int
    listening_port: int = field(default=0, init=False)
    swallowed: int = field(default=0, init=False)
    """Connections cut after the server had got the marker and before the client got the reply."""
    hidden_ends: int = field(default=0, init=False)
    """Connections that the server has closed and the client still takes for open."""
    _audible: asyncio.Event = field(default_factory=asyncio.Event, init=False)
    _hiding_ends: bool = field(default=False, init=False)
    _refusing: bool = field(default=False, init=False)
    _swallow: _Swallow | None = field(default=None, init=False)
    _server: asyncio.Server | None = field(default=None, init=False)
    _open: set[asyncio.Task[None]] = field(default_factory=set, init=False)

    async def __aenter__(self) -> Self:
        self._audible.set()
        self._server = await asyncio.start_server(self._serve, LOOPBACK, 0)
        self.listening_port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server is not None
        self._server.close()
        self.cut()
        await asyncio.gather(*self._open, return_exceptions=True)

    @property
    def address(self) -> str:
        """host:port of the proxy."""
        return f"{LOOPBACK}:{self.listening_port}"

    def pass_through(self) -> None:
        """Let everything through again; bytes held back by `black_hole` go on their way."""
        self._refusing = False
        self._hiding_ends = False
        self._swallow = None
        self._audible.set()

    def cut(self, *, refuse: bool = False) -> None:
        """Close all connections; with `refuse`, new ones too, until `pass_through`."""
        self._refusing = refuse
        for task in self._open:
            task.cancel()

    def black_hole(self) -> None:
        """Keep connections open and let no byte through, until `pass_through`."""
        self._audible.clear()

    def swallow_reply(self, marker: bytes, times: int = 1) -> None:
        """The next times a client sends `marker`: the server gets it, and the reply is lost with the connection."""
        self._swallow = _Swallow(marker, times)

    def hide_ends(self) -> None:
        """Pass on what a server says last, and keep the client from seeing that it closes the connection."""
        self._hiding_ends = True

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._open.add(task)
        try:
            if not self._refusing:
                await self._connect(reader, writer)
        except (asyncio.CancelledError, OSError):
            pass  # cut: the client sees a connection that is gone
        finally:
            self._open.discard(task)
            writer.transport.abort()

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        server_reader, server_writer = await asyncio.open_connection(self.host, self.port)
        answered = asyncio.Event()
        answered.set()
        try:
            directions = {
                asyncio.ensure_future(self._upstream(reader, server_writer, answered)),
                asyncio.ensure_future(self._downstream(server_reader, writer, answered)),
            }
            try:
                await asyncio.wait(directions, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for direction in directions:
                    direction.cancel()
                await asyncio.gather(*directions, return_exceptions=True)
        finally:
            server_writer.transport.abort()

    async def _upstream(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, answered: asyncio.Event
    ) -> None:
        while data := await reader.read(CHUNK_BYTES):
            await self._audible.wait()
            if self._swallow is not None and self._swallow.marker in data:
                self._swallow.times -= 1
                if self._swallow.times == 0:
                    self._swallow = None
                answered.clear()  # from here on nothing reaches the client
            writer.write(data)
            await writer.drain()

    async def _downstream(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, answered: asyncio.Event
    ) -> None:
        while data := await reader.read(CHUNK_BYTES):
            await self._audible.wait()
            if not answered.is_set():
                self.swallowed += 1
                return  # the server has answered: it has done what it was told
            writer.write(data)
            await writer.drain()
        if self._hiding_ends:
            self.hidden_ends += 1
            await asyncio.get_running_loop().create_future()


def through(proxy: TcpProxy, dsn: str) -> str:
    """The DSN with the proxy's address."""
    parts = urlsplit(dsn)
    credentials, _, _ = parts.netloc.rpartition("@")
    return urlunsplit(parts._replace(netloc=f"{credentials}@{proxy.address}" if credentials else proxy.address))


def proxy_for(dsn: str) -> TcpProxy:
    """A proxy, not started yet, for the server of a DSN."""
    parts = urlsplit(dsn)
    return TcpProxy(parts.hostname or LOOPBACK, parts.port or 5432)
