"""A client that shuts its sending side after a request, as `nc -N` and some proxies do, still gets its answer."""

import asyncio
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
from plaudit_testing.connections import bare_app, our_connection
from plaudit_testing.deadlines import DEADLINE_SECONDS
from plaudit_testing.runtime import until
from plaudit_testing.serving import serving

DIRECT, BARE = "/v1/hooks/s1", "/v1/shop"
LOOPS = {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}
END_IS_SEEN_SECONDS = 0.05


class Held(DirectRoute):
    """Keeps requests until a test lets them be answered."""

    def __init__(self) -> None:
        super().__init__("/v1/hooks/", ["{source}"], 10_000)
        self.held: list[DirectRequest] = []
        self.free = asyncio.Event()

    def take(self, requests: Sequence[DirectRequest]) -> None:
        self.held += requests
        if self.free.is_set():
            self.answer()

    def answer(self) -> None:
        self.free.set()
        held, self.held = self.held, []
        for request in held:
            request.answer(202, b"{}")

    async def shop(self, request: Request) -> Response:
        await request.body()
        await self.free.wait()
        return Response("open")


def app_of(route: Held) -> Api:
    return bare_app([Route(BARE, route.shop, methods=["POST"])], [route])


def post(path: str) -> bytes:
    return b"POST %b HTTP/1.1\r\nhost: x\r\ncontent-length: 4\r\n\r\ngood" % path.encode()


async def answers(sent: bytes) -> list[int]:
    """The statuses that a client gets which sends this and then shuts its sending side, until it is closed."""
    route = Held()
    app = app_of(route)
    async with asyncio.timeout(DEADLINE_SECONDS), serving(app) as server:
        reader, writer = await asyncio.open_connection(server.base_url.host, server.base_url.port)
        writer.write(sent)
        await until(lambda: app.edge.in_progress > 0, "it is being served")
        writer.write_eof()
        await asyncio.sleep(END_IS_SEEN_SECONDS)
        route.answer()
        written = await reader.read()
        writer.close()
        await until(lambda: app.edge.in_progress == 0, "nothing is left of it")
    return [int(part[:3]) for part in written.split(b"HTTP/1.1 ")[1:]]


@pytest.mark.parametrize("loop", LOOPS)
@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        (post(DIRECT), [202]),
        (post(BARE), [200]),
        (post(DIRECT) + post(BARE) + post(DIRECT), [202, 200, 202]),
        (post(BARE) + post(DIRECT) + post(BARE), [200, 202, 200]),
        (post(DIRECT) + post(DIRECT)[:20], [202]),
        (post(DIRECT)[:-1], []),
        (post(BARE)[:-1], []),
    ],
    ids=["direct", "ASGI", "a line", "another line", "and a part of a head", "a part of one", "a part of an ASGI one"],
)
def test_what_was_received_whole_is_answered_before_the_connection_is_closed(
    loop: str, sent: bytes, expected: list[int]
) -> None:
    with asyncio.Runner(loop_factory=LOOPS[loop]) as runner:
        assert runner.run(answers(sent)) == expected


async def test_a_part_of_a_head_that_will_never_be_whole_gets_no_answer_of_its_own() -> None:
    route = Held()
    connection = our_connection(app_of(route))
    connection.protocol.data_received(post(DIRECT) + post(DIRECT)[:20])
    await asyncio.sleep(0)
    assert connection.protocol.eof_received()
    connection.protocol.sweep(perf_counter() + DEFAULT_LIMITS.head_seconds + 1)
    route.answer()
    written = await connection.settled()
    assert written.startswith(b"HTTP/1.1 202 ")
    assert written.count(b"HTTP/1.1") == 1
    assert connection.transport.closed


async def test_with_everything_answered_the_connection_is_closed_at_once() -> None:
    route = Held()
    route.free.set()
    never_idle = Limits(idle_seconds=1_000_000)
    async with asyncio.timeout(DEADLINE_SECONDS), serving(app_of(route), never_idle) as server:
        for sent in (b"", post(DIRECT), post(BARE)):
            reader, writer = await asyncio.open_connection(server.base_url.host, server.base_url.port)
            writer.write(sent)
            if sent:
                await reader.readuntil(b"\r\n\r\n")
            await asyncio.sleep(END_IS_SEEN_SECONDS)
            writer.write_eof()
            await reader.read()
            writer.close()
