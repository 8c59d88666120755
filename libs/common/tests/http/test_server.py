"""How the server stops."""

import asyncio
import socket
from collections.abc import Coroutine
from types import SimpleNamespace
from typing import Any

import pytest
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from plaudit.common.http import create_app
from plaudit.common.http.server import HttpServer
from plaudit_testing.deadlines import DEADLINE_SECONDS
from plaudit_testing.runtime import until


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
