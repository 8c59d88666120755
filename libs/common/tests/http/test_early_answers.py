"""A client that is answered before it has sent its body, and whose connection ends with that, can read the answer."""

import asyncio
import contextlib
import http.client
from collections.abc import Sequence
from time import perf_counter

import pytest
import uvloop
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from plaudit.common.http import Api
from plaudit.common.http.direct import DirectRequest, DirectRoute
from plaudit.common.http.limits import DEFAULT_LIMITS, Limits
from plaudit.common.http.problems import body_too_large
from plaudit_testing.connections import bare_app, our_connection
from plaudit_testing.deadlines import DEADLINE_SECONDS
from plaudit_testing.runtime import until
from plaudit_testing.serving import serving

DIRECT, BARE = "/v1/hooks/s1", "/v1/shop"
MAX_BYTES = 10_000
FAR_TOO_LARGE = b"x" * 8_000_000
"""More than the kernel's buffers hold, so that the client is still sending when it is refused."""
LOOPS = {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}


class Untouched(DirectRoute):
    """A route that must be given nothing."""

    def take(self, requests: Sequence[DirectRequest]) -> None:
        raise AssertionError(f"it took {requests}")


def app() -> Api:
    async def shop(_request: Request) -> Response:
        problem = body_too_large(MAX_BYTES)
        return Response(problem.body("r-1"), problem.status, problem.headers)

    routes = [Route(BARE, shop, methods=["POST"])]
    return bare_app(routes, [Untouched("/v1/hooks/", ["{source}"], MAX_BYTES)])


def post(host: str, port: int, path: str, headers: dict[str, str]) -> tuple[int, bytes]:
    """Send as Python's urllib does: the whole body first, then the answer is read, and the connection ends."""
    connection = http.client.HTTPConnection(host, port, timeout=DEADLINE_SECONDS)
    with contextlib.closing(connection):
        connection.request("POST", path, FAR_TOO_LARGE, headers)
        answer = connection.getresponse()
        return answer.status, answer.read()


@pytest.mark.parametrize("loop", LOOPS)
@pytest.mark.parametrize("path", [DIRECT, BARE])
@pytest.mark.parametrize("headers", [{"connection": "close"}, {}], ids=["the client closes", "the refusal closes"])
def test_a_client_that_sends_all_of_a_refused_body_gets_the_refusal(
    loop: str, path: str, headers: dict[str, str]
) -> None:
    async def refused() -> None:
        api = app()
        async with asyncio.timeout(DEADLINE_SECONDS), serving(api) as server:
            url = server.base_url
            status, body = await asyncio.to_thread(post, url.host, url.port, path, headers)
            assert status == 413
            assert b"/problems#body-too-large" in body
            await until(lambda: api.edge.in_progress == 0, "nothing is left of it")

    with asyncio.Runner(loop_factory=LOOPS[loop]) as runner:
        runner.run(refused())


async def _send_on(writer: asyncio.StreamWriter, part: bytes) -> None:
    while True:
        writer.write(part)
        await writer.drain()
        await asyncio.sleep(0.01)


@pytest.mark.parametrize("path", [DIRECT, BARE])
@pytest.mark.parametrize("connection", ["close", "keep-alive"])
async def test_nothing_behind_a_refused_body_is_served_and_the_connection_is_closed_in_the_end(
    path: str, connection: str
) -> None:
    head = f"POST {path} HTTP/1.1\r\nhost: x\r\nconnection: {connection}\r\ncontent-length: 20000\r\n\r\n".encode()
    limits = Limits(idle_seconds=0.2, sweep_seconds=0.05)
    async with asyncio.timeout(DEADLINE_SECONDS), serving(app(), limits) as server:
        reader, writer = await asyncio.open_connection(server.base_url.host, server.base_url.port)
        writer.write(head)
        written = await reader.read()
        assert written.startswith(b"HTTP/1.1 413 ")
        with pytest.raises(ConnectionError):
            await _send_on(writer, b"x" * 20_000 + head)
        assert written.count(b"HTTP/1.1") == 1
        writer.close()


async def test_a_client_that_was_answered_early_and_still_sends_is_not_idle() -> None:
    """Closed while it sends, its connection would be reset, and the refusal could be lost."""
    connection = our_connection(app())
    await connection.feed([f"POST {BARE} HTTP/1.1\r\nhost: x\r\ncontent-length: 20000\r\n\r\n".encode()])
    assert (await connection.settled()).startswith(b"HTTP/1.1 413 ")
    answered = perf_counter()
    await until(lambda: perf_counter() > answered + 0.01, "some time has passed")
    await connection.feed([b"x" * 2_000])
    connection.protocol.sweep(answered + DEFAULT_LIMITS.idle_seconds)
    assert not connection.transport.closed
    connection.protocol.sweep(perf_counter() + DEFAULT_LIMITS.idle_seconds + 1)
    assert connection.transport.closed
