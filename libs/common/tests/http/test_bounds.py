"""How many connections may be open, and how many bytes of bodies may be in flight, on routes of both kinds."""

import asyncio
import json
from collections.abc import Sequence

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from plaudit.common.http import Api
from plaudit.common.http.direct import DirectRequest, DirectRoute
from plaudit.common.http.limits import Limits
from plaudit_testing.connections import bare_app, our_connections
from plaudit_testing.deadlines import DEADLINE_SECONDS
from plaudit_testing.runtime import until
from plaudit_testing.serving import serving

PATHS = ("/v1/shop", "/v1/hooks/s1")
both_ways = pytest.mark.parametrize("path", PATHS)
BODY = b"x" * 600_000
LIMITS = Limits(max_connections=3, max_body_bytes_in_flight=1_000_000, sweep_seconds=0.05)


class Held(DirectRoute):
    """Answers when a test lets it."""

    def __init__(self) -> None:
        super().__init__("/v1/hooks/", ["{source}"], 2_000_000)
        self.free = asyncio.Event()
        self.taken = 0
        self.answering = set[asyncio.Task[None]]()

    def take(self, requests: Sequence[DirectRequest]) -> None:
        self.taken += len(requests)
        for request in requests:
            self.answering.add(asyncio.create_task(self._answer(request)))

    async def _answer(self, request: DirectRequest) -> None:
        await self.free.wait()
        request.answer(200, b"{}")

    async def shop(self, request: Request) -> Response:
        await request.body()
        self.taken += 1
        await self.free.wait()
        return Response("{}")


@pytest.fixture
def route() -> Held:
    return Held()


@pytest.fixture
def app(route: Held) -> Api:
    shop = Route("/v1/shop", route.shop, methods=["POST"])
    return bare_app([shop], [route], max_body_bytes=2_000_000)


def assert_unavailable(answer: httpx.Response) -> None:
    assert (answer.status_code, answer.json()["type"]) == (503, "/problems#unavailable")
    assert answer.json()["instance"] == answer.headers["x-request-id"]
    assert int(answer.headers["retry-after"]) > 0


@both_ways
async def test_bodies_beyond_the_bound_are_a_503_until_others_are_answered(app: Api, route: Held, path: str) -> None:
    async with serving(app, LIMITS) as client:
        first = asyncio.create_task(client.post(path, content=BODY))
        await until(lambda: route.taken == 1, "the first is being served")
        assert app.edge.bodies.held_bytes == len(BODY)
        assert_unavailable(await client.post(path, content=BODY))
        assert app.edge.bodies.held_bytes == len(BODY)
        route.free.set()
        assert (await first).status_code == 200
        assert (await client.post(path, content=BODY)).status_code == 200
        assert app.edge.bodies.held_bytes == 0


@both_ways
async def test_what_a_client_leaves_half_sent_is_held_no_longer(app: Api, path: str) -> None:
    async with serving(app, LIMITS) as client:
        _, writer = await asyncio.open_connection(client.base_url.host, client.base_url.port)
        writer.write(f"POST {path} HTTP/1.1\r\nhost: x\r\ncontent-length: 500000\r\n\r\n".encode() + b"x" * 100_000)
        await until(lambda: app.edge.bodies.held_bytes == 100_000, "a part is received")
        writer.close()
        await until(lambda: app.edge.in_progress == 0, "the request is over")
        assert app.edge.bodies.held_bytes == 0


@both_ways
async def test_a_body_over_its_own_limit_is_still_a_413(app: Api, path: str) -> None:
    async with serving(app, LIMITS) as client:
        assert (await client.post(path, content=b"x" * 2_000_001)).status_code == 413
        assert app.edge.bodies.held_bytes == 0


async def test_a_connection_beyond_the_bound_reads_a_503_and_is_closed_and_the_others_are_served(
    app: Api, route: Held
) -> None:
    route.free.set()
    async with serving(app, LIMITS) as client, asyncio.timeout(DEADLINE_SECONDS):
        host, port = client.base_url.host, client.base_url.port
        opened = [await asyncio.open_connection(host, port) for _ in range(LIMITS.max_connections)]
        reader, writer = await asyncio.open_connection(host, port)
        writer.write(b"POST /v1/hooks/s1 HTTP/1.1\r\nhost: x\r\ncontent-length: 100000\r\n\r\n" + b"x" * 100_000)
        answer = await reader.read()
        writer.close()
        assert answer.startswith(b"HTTP/1.1 503 ")
        assert answer.count(b"HTTP/1.1 ") == 1
        assert b"\r\nconnection: close\r\n" in answer
        assert json.loads(answer.partition(b"\r\n\r\n")[2])["type"] == "/problems#unavailable"
        assert route.taken == 0
        for one, other in opened:
            other.write(b"POST /v1/hooks/s1 HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n")
            assert (await one.readline()).startswith(b"HTTP/1.1 200 ")
            other.close()
        await until(lambda: app.edge.in_progress == 0, "nothing is left")
        answered = await client.post("/v1/hooks/s1")
        assert answered.status_code == 200, "there is room again"


async def test_with_twice_as_many_open_a_connection_is_cut_off(app: Api) -> None:
    connections = our_connections(app, 2 * LIMITS.max_connections + 1, LIMITS)
    assert [connection.transport.aborted for connection in connections] == [False] * 6 + [True]
    assert [connection.transport.written[9:12] for connection in connections] == [b""] * 3 + [b"503"] * 3 + [b""]
