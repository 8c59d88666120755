"""uvicorn with our own socket, signals and order of stopping."""

import asyncio
import contextlib
import socket
from collections.abc import Callable, Coroutine, Iterator
from functools import partial
from time import perf_counter
from typing import Any, Final, cast

import uvicorn

from plaudit.common.http.app import Api
from plaudit.common.http.direct import DirectServing
from plaudit.common.http.limits import DEFAULT_LIMITS, Limits
from plaudit.common.http.protocol import HttpProtocol
from plaudit.common.jobs import pause

BACKLOG: Final = 2048
DRAIN_SECONDS: Final = 0.5
"""How long answers ask clients to close their connections before idle ones are closed: a request that is on its way
over a closed connection would be lost."""

DATE_SECONDS: Final = 1.0
"""How old the date in an answer may be."""


class BusyPortError(Exception):
    """Another process uses the address of the settings."""


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._leaving = asyncio.Event()

    async def main_loop(self) -> None:
        """Renew the date of answers until told to leave. uvicorn's own loop looks ten times a second whether it is."""
        while not await self.on_tick(0):
            await pause(self._leaving, DATE_SECONDS)

    def leave(self) -> None:
        """Close idle connections, and return when all is answered."""
        self.should_exit = True
        self._leaving.set()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals to the process, which stops its parts in order."""
        yield


class HttpServer:
    """Serves one application on one socket."""

    def __init__(
        self, app: Api, host: str, port: int, stop_timeout_seconds: float, limits: Limits = DEFAULT_LIMITS
    ) -> None:
        """Listen at once, so that a busy port is found before anything else starts; port 0 takes a free one."""
        self._app = app
        self._limits = limits
        edge = app.built_edge()
        edge.bodies.max_bytes = limits.max_body_bytes_in_flight
        direct = DirectServing(edge, app.direct_routes)
        self._socket = _listen(host, port)
        self.host = host
        self.port: int = self._socket.getsockname()[1]
        self._server = _Server(
            uvicorn.Config(
                app,
                http=cast("type[asyncio.Protocol]", partial(HttpProtocol, direct=direct, limits=limits)),
                ws="none",
                lifespan="off",
                access_log=False,
                log_config=None,
                server_header=False,
                proxy_headers=False,
                backlog=BACKLOG,
                timeout_graceful_shutdown=max(1, int(stop_timeout_seconds)),
            )
        )

    @property
    def url(self) -> str:
        """Return the base address."""
        return f"http://{f'[{self.host}]' if ':' in self.host else self.host}:{self.port}"

    async def run(self) -> None:
        """Serve until `stop` is called and all requests are answered."""
        sweeping = asyncio.create_task(self._sweep())
        try:
            await self._server.serve(sockets=[self._socket])
        finally:
            sweeping.cancel()

    async def stop(self, drain_seconds: float = DRAIN_SECONDS) -> None:
        """Ask clients to leave, stop accepting, then close idle connections; `run` returns when all is answered.

        uvicorn does the last two at once, and would close connections that it has just accepted and not read.
        """
        self._app.drain()
        await asyncio.sleep(drain_seconds / 2)
        if self._server.started:
            taking = self._take_waiting()
            for listening in self._server.servers:
                listening.close()
            await asyncio.gather(*taking)
            await asyncio.sleep(drain_seconds / 2)
        self._server.leave()

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(self._limits.sweep_seconds)
            now = perf_counter()
            for connection in list(self._server.server_state.connections):
                cast("HttpProtocol", connection).sweep(now)

    def _take_waiting(self) -> list[Coroutine[Any, Any, object]]:
        """Accept what waits in the kernel's queue: closing the listener would lose the requests in it."""
        taking: list[Coroutine[Any, Any, object]] = []
        config, loop = self._server.config, asyncio.get_running_loop()
        protocol = partial(
            cast("Callable[..., asyncio.Protocol]", config.http_protocol_class),
            config=config,
            server_state=self._server.server_state,
            app_state={},
            _loop=loop,
        )
        while True:
            try:
                connection, _ = self._socket.accept()
            except BlockingIOError:
                return taking
            connection.settimeout(0)
            taking.append(loop.connect_accepted_socket(protocol, connection))


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # With the protocol named, asyncio turns off Nagle's algorithm, which costs 40 ms an answer.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        raise BusyPortError(
            f"cannot listen on {host}:{port} ({error.strerror}): choose another PLAUDIT_HTTP_PORT, or 0"
        ) from error
    listener.settimeout(0)
    return listener
