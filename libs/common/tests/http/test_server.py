"""The HTTP server's own loop, and how it stops."""

import asyncio
import socket
from collections.abc import Coroutine
from email.utils import parsedate_to_datetime
from types import SimpleNamespace
from typing import Any

import pytest
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from plaudit.common.http import create_app
from plaudit.common.http import server as module
from plaudit.common.http.server import HttpServer, _Server
from plaudit_testing.deadlines import DEADLINE_SECONDS
from plaudit_testing.runtime import until

LONG_SECONDS = 3_600.0


@pytest.fixture
def server() -> HttpServer:
    resources: Any = SimpleNamespace(database=None)
    app = create_app(title="t", service="t", description="", resources=resources, routers=())
    return HttpServer(app, "127.0.0.1", 0, 1.0)


async def test_it_looks_at_nothing_between_two_dates_and_still_stops_at_once(
    server: HttpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    ticks: list[int] = []
    on_tick = _Server.on_tick

    async def noting(uvicorn_server: _Server, counter: int) -> bool:
        ticks.append(counter)
        return await on_tick(uvicorn_server, counter)

    monkeypatch.setattr(_Server, "on_tick", noting)
    monkeypatch.setattr(module, "DATE_SECONDS", LONG_SECONDS)
    serving = asyncio.create_task(server.run())
    await until(lambda: bool(ticks), "the first date")
    await asyncio.sleep(0.3)
    assert len(ticks) == 1
    await server.stop(0)
    await serving
    assert len(ticks) == 2


async def test_the_date_of_answers_moves_on(server: HttpServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "DATE_SECONDS", 0.05)
    serving = asyncio.create_task(server.run())
    state = server._server.server_state

    def date() -> Any:
        return parsedate_to_datetime(dict(state.default_headers)[b"date"].decode())

    await until(lambda: bool(state.default_headers), "the first date")
    first = date()
    await until(lambda: date() > first, "a later date")
    await server.stop(0)
    await serving


async def test_a_request_that_waits_in_the_kernels_queue_when_the_listener_closes_is_answered(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def shop(_request: Request) -> Response:
        return Response("open")

    resources: Any = SimpleNamespace(database=None)
    routes = [Route("/v1/shop", shop)]
    app = create_app(title="t", service="t", description="", resources=resources, routers=(), bare_routes=routes)
    server = HttpServer(app, "127.0.0.1", 0, DEADLINE_SECONDS)
    take, clients = server._take_waiting, list[socket.socket]()

    def take_after_one_more() -> list[Coroutine[Any, Any, object]]:
        client = socket.create_connection(("127.0.0.1", server.port))  # the loop has no turn to accept it
        client.sendall(b"GET /v1/shop HTTP/1.1\r\nhost: x\r\n\r\n")
        clients.append(client)
        return take()

    monkeypatch.setattr(server, "_take_waiting", take_after_one_more)
    running = asyncio.create_task(server.run())
    await until(lambda: server._server.started, "it serves")
    await server.stop(drain_seconds=1.0)
    await running
    [client] = clients
    with client:
        client.settimeout(DEADLINE_SECONDS)
        assert client.recv(65_536).startswith(b"HTTP/1.1 200 ")
