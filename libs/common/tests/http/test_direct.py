"""Requests that the protocol serves itself: as uvicorn and the edge would serve them, and with less."""

import asyncio
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client import REGISTRY
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from structlog.testing import capture_logs

from plaudit.common.http import Api, Problem, json_response, read_body
from plaudit.common.http.direct import _CACHED_PATHS, DirectRequest, DirectRoute, _path
from plaudit.common.http.json import encode
from plaudit.common.http.problems import unavailable
from plaudit.common.observability import tracing
from plaudit.common.observability.log import request_id_var
from plaudit_testing.connections import bare_app, loop_calls, our_connection, our_connections, plain_connection

MAX_BYTES = 200
REFUSED = b"refused"


def answered(source: str, body: bytes) -> dict[str, Any]:
    return {"source": source, "body": body.decode()}


def refusal(body: bytes) -> Problem | None:
    return unavailable("As asked.") if body == REFUSED else None


class Echo(DirectRoute):
    """Answers now, or so many turns of the event loop later."""

    turns = 0
    groups: list[int]

    def __init__(self) -> None:
        super().__init__("/v1/hooks/", ["{source}", "{source}/{token}"], MAX_BYTES)
        self.groups = []

    def take(self, requests: Sequence[DirectRequest]) -> None:
        self.groups.append(len(requests))
        for request in requests:
            self._later(self.turns, request)

    def _later(self, turns: int, request: DirectRequest) -> None:
        if turns:
            asyncio.get_running_loop().call_soon(self._later, turns - 1, request)
        elif problem := refusal(request.body):
            request.refuse(problem)
        else:
            request.answer(202, encode(answered(request.parameters[0], request.body)))


async def hook(request: Request) -> Response:
    body = await read_body(request, MAX_BYTES)
    if problem := refusal(body):
        raise problem
    return json_response(answered(request.path_params["source"], body), 202)


async def shop(_request: Request) -> Response:
    await asyncio.sleep(0)
    return Response("open")


OTHERS = [Route("/v1/shop", shop, methods=["GET", "HEAD"])]


def app_with(route: DirectRoute) -> Api:
    return bare_app(OTHERS, [route])


def plain_app() -> Api:
    hooks = [Route(path, hook, methods=["POST"]) for path in Echo().templates]
    return bare_app([*hooks, *OTHERS], max_body_bytes=MAX_BYTES)


def post(body: bytes, *lines: bytes, path: bytes = b"/v1/hooks/s1", method: bytes = b"POST") -> bytes:
    head = [b"%b %b HTTP/1.1" % (method, path), b"host: x", b"content-length: %d" % len(body), *lines]
    return b"\r\n".join(head) + b"\r\n\r\n" + body


def chunked(*parts: bytes) -> bytes:
    head = b"POST /v1/hooks/s1 HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n"
    return head + b"\r\n" + b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in (*parts, b""))


KINDS = [
    post(b"good"),
    post(b""),
    post(REFUSED),
    post(b"x" * MAX_BYTES),
    post(b"x" * (MAX_BYTES + 1)),
    post(b"gzip", b"content-encoding: gzip"),
    post(b"waits", b"Expect: 100-continue"),
    post(b"far too large" * 90, b"expect: 100-continue"),
    post(b"last", b"connection: close"),
    post(b"old").replace(b"HTTP/1.1", b"HTTP/1.0"),
    post(b"old", b"connection: keep-alive").replace(b"HTTP/1.1", b"HTTP/1.0"),
    post(b"with a token", path=b"/v1/hooks/s1/t"),
    post(b"with a query", path=b"/v1/hooks/s1?a=b"),
    post(b"escaped", path=b"/v1/h%6foks/s%2f1"),
    post(b"escaped twice", path=b"/v1/hooks/a%2fb%2fc"),
    post(b"whole", path=b"http://x/v1/hooks/s1"),
    post(b"nowhere", path=b"/v1/hooks/"),
    post(b"too deep", path=b"/v1/hooks/a/b/c"),
    post(b"elsewhere", path=b"/v1/nothing"),
    post(b"", method=b"PUT"),
    post(b"", method=b"HEAD"),
    post(b"", method=b"OPTIONS"),
    chunked(b"in", b"", b"parts"[:5]).replace(b"0\r\n\r\n5", b"5", 1),
    chunked(b"x" * 150, b"y" * 150),
    b"GET /v1/shop HTTP/1.1\r\nhost: x\r\n\r\n",
    b"HEAD /v1/shop HTTP/1.1\r\nhost: x\r\n\r\n",
]


def numbered(kinds: Sequence[bytes]) -> bytes:
    """The requests with an id each, so that their answers can be told apart."""
    return b"".join(
        kind.replace(b"host: x", b"host: x\r\nx-request-id: request-%d" % number) for number, kind in enumerate(kinds)
    )


def cut(sent: bytes, cuts: Sequence[int]) -> list[bytes]:
    places = sorted({0, len(sent), *(place % (len(sent) + 1) for place in cuts)})
    return [sent[start:end] for start, end in pairwise(places)]


@given(
    kinds=st.lists(st.sampled_from(KINDS), min_size=1, max_size=6),
    cuts=st.lists(st.integers(0, 5_000), max_size=6),
    turns=st.integers(0, 3),
)
@settings(deadline=None)
def test_pipelined_requests_are_answered_in_order_as_by_plain_uvicorn(
    kinds: list[bytes], cuts: list[int], turns: int
) -> None:
    async def both() -> tuple[tuple[bytes, bool], tuple[bytes, bool]]:
        route = Echo()
        route.turns = turns
        results = []
        for connection in (our_connection(app_with(route)), plain_connection(plain_app())):
            await connection.feed(cut(numbered(kinds), cuts))
            written = await connection.settled()
            results.append((written, connection.transport.closed))
            connection.protocol.connection_lost(None)
            await asyncio.sleep(0)
        return results[0], results[1]

    ours, plain = asyncio.run(both())
    assert ours == plain


async def test_a_direct_request_costs_no_task_future_or_timer_and_a_turn_of_the_loop_one_call() -> None:
    route = Echo()
    connections = our_connections(app_with(route), 50)
    with loop_calls() as asked:
        for connection in connections:
            connection.protocol.data_received(post(b"good"))
        await asyncio.sleep(0)
    assert all(connection.transport.written for connection in connections)
    assert asked == ["call_soon"] * 2, "one for all that came in this turn, one for this test's own sleep"
    assert route.groups == [50]


async def test_thousands_of_requests_in_one_chunk_are_answered_without_recursion() -> None:
    route = Echo()
    route.turns = 1
    connection = our_connection(app_with(route))
    many = 5_000
    connection.protocol.data_received(post(b"first") + post(b"x", b"content-encoding: gzip") * many)
    assert (await connection.settled()).count(b"HTTP/1.1 415 ") == many


async def test_an_answer_tells_the_client_to_leave_while_the_server_stops() -> None:
    app = app_with(Echo())
    connection = our_connection(app)
    app.drain()
    connection.protocol.data_received(post(b"good"))
    written = await connection.settled()
    assert b"HTTP/1.1 202 " in written
    assert b"\r\nconnection: close\r\n" in written
    assert connection.transport.closed


async def test_what_is_logged_for_a_request_has_its_ids_and_leaves_no_trace_of_them() -> None:
    seen: list[tuple[str | None, str | None]] = []

    class Logging(Echo):
        def take(self, requests: Sequence[DirectRequest]) -> None:
            for request in requests:
                with request.context():
                    seen.append((request_id_var.get(), tracing.current_traceparent()))
                seen.append((request_id_var.get(), tracing.current_traceparent()))
                raise RuntimeError("canary-internals")

    connection = our_connection(app_with(Logging()))
    with capture_logs() as lines:
        given = b"x-request-id: order-4711", b"traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
        connection.protocol.data_received(post(b"good", *given))
        written = await connection.settled()
    [(request_id, traceparent), after] = seen
    assert after == (None, None)
    assert request_id == "order-4711"
    assert traceparent is not None
    assert traceparent.startswith("00-0af7651916cd43dd8448eb211c80319c-")
    assert b"HTTP/1.1 500 " in written
    assert b"canary" not in written
    assert [line["event"] for line in lines] == ["request_failed", "request"]


async def test_requests_in_progress_are_counted_until_they_are_answered() -> None:
    route = Echo()
    route.turns = 3
    app = app_with(route)
    connection = our_connection(app)
    connection.protocol.data_received(post(b"one") + post(b"two"))
    assert app.edge.in_progress == 1, "the second has not its turn yet"
    await connection.settled()
    assert app.edge.in_progress == 0


async def test_a_client_that_has_left_is_answered_nothing_and_counted_as_what_it_would_have_got() -> None:
    route = Echo()
    route.turns = 3
    app = app_with(route)
    connection = our_connection(app)
    labels = {"method": "POST", "route": "/v1/hooks/{source}", "status": "202"}

    def count() -> float:
        return REGISTRY.get_sample_value("plaudit_http_request_seconds_count", labels) or 0.0

    before = count()
    connection.protocol.data_received(post(b"one") + post(b"two"))
    connection.transport.closed = True
    connection.protocol.connection_lost(ConnectionResetError())
    for _ in range(10):
        await asyncio.sleep(0)
    assert (count(), app.edge.in_progress) == (before + 1, 0)
    assert route.groups == [1], "the second request is not served"


async def test_the_server_s_own_headers_are_those_of_the_moment() -> None:
    connection = our_connection(app_with(Echo()))
    for date in (b"yesterday", b"today"):
        connection.protocol.server_state.default_headers = [(b"date", date)]
        connection.protocol.data_received(post(b"good"))
        written = await connection.settled()
        assert b"HTTP/1.1 202 Accepted\r\ndate: %b\r\n" % date in written


async def test_nothing_more_is_read_while_a_request_waits_for_its_turn() -> None:
    route = Echo()
    route.turns = 3
    connection = our_connection(app_with(route))
    connection.protocol.data_received(post(b"one") + post(b"two"))
    assert not connection.transport.reads
    await connection.settled()
    assert connection.transport.reads


async def test_a_request_is_answered_once() -> None:
    class Twice(Echo):
        def take(self, requests: Sequence[DirectRequest]) -> None:
            for request in requests:
                request.answer(202, b"{}")
                request.answer(202, b"{}")
            raise RuntimeError("after the answer")

    connection = our_connection(app_with(Twice()))
    connection.protocol.data_received(post(b"good"))
    assert (await connection.settled()).count(b"HTTP/1.1") == 1


@pytest.mark.parametrize("templates", [["{a}/b"], ["{a}", "{b}"], ["{a:int}"], [""]])
def test_a_template_that_is_not_of_parameters_alone_is_refused(templates: list[str]) -> None:
    class Route(DirectRoute):
        def take(self, requests: Sequence[DirectRequest]) -> None:
            """Take nothing: the route is never made."""

    with pytest.raises(ValueError, match="templates are parameters"):
        Route("/v1/hooks/", templates, MAX_BYTES)


class Everything(Echo):
    """Judges every path below its prefix, and says how it was read."""

    def __init__(self) -> None:
        DirectRoute.__init__(
            self, "/v1/hooks/", ["{source}", "{source}/{token}"], MAX_BYTES, greeting="Hello.", takes_all_below=True
        )
        self.groups = []

    def take(self, requests: Sequence[DirectRequest]) -> None:
        for request in requests:
            request.answer(202, encode({"template": request.template, "read": request.parameters}))


@pytest.mark.parametrize(
    ("path", "read"),
    [
        (b"s1", ["s1"]),
        (b"s1/t", ["s1", "t"]),
        (b"", [""]),
        (b"s1/", ["s1", ""]),
        (b"/s1", ["", "s1"]),
        (b"s1/t/", ["s1", "t/"]),
        (b"s1//t", ["s1", "/t"]),
        (b"a/b/c", ["a", "b/c"]),
        (b"a%2fb%2Fc", ["a", "b/c"]),
    ],
)
async def test_a_route_that_takes_all_below_its_prefix_leaves_none_of_it_to_the_application(
    path: bytes, read: list[str]
) -> None:
    connection = our_connection(app_with(Everything()))
    template = "/v1/hooks/" + ("{source}", "{source}/{token}")[len(read) - 1]
    connection.protocol.data_received(post(b"good", path=b"/v1/hooks/" + path))
    assert encode({"template": template, "read": read}) in await connection.settled()
    looking = our_connection(app_with(Everything()))
    looking.protocol.data_received(post(b"", path=b"/v1/hooks/" + path, method=b"GET"))
    assert (await looking.settled()).endswith(b"Hello.")


@pytest.mark.parametrize("path", [b"/v1/hook", b"/v1/hooks", b"/v1//hooks/s1", b"//v1/hooks/s1"])
async def test_what_does_not_begin_with_the_prefix_stays_the_applications(path: bytes) -> None:
    connection = our_connection(app_with(Everything()))
    connection.protocol.data_received(post(b"good", path=path))
    assert (await connection.settled())[9:12] in {b"401", b"404"}


@pytest.mark.parametrize("path", [b"POST /v1/hooks/s1", b"GET /v1/shop"])
async def test_a_request_that_would_upgrade_is_answered_as_by_plain_uvicorn(path: bytes) -> None:
    lines = b"host: x", b"x-request-id: request-1", b"connection: upgrade", b"upgrade: websocket", b"content-length: 0"
    answers = []
    for connection in (our_connection(app_with(Echo())), plain_connection(plain_app())):
        await connection.feed([b"\r\n".join([path + b" HTTP/1.1", *lines]) + b"\r\n\r\n"])
        for _ in range(5):
            await asyncio.sleep(0)
        answers.append(await connection.settled())
    ours, plain = answers
    assert ours == plain
    assert ours.startswith(b"HTTP/1.1 20")


@pytest.mark.parametrize("parts", [1, 2, 60], ids=lambda parts: f"in {parts} parts")
async def test_a_wish_for_another_protocol_is_ignored_and_loses_no_body_and_no_request(parts: int) -> None:
    wishing = (
        b"POST /v1/hooks/s1 HTTP/1.1\r\nhost: x\r\nconnection: Upgrade, HTTP2-Settings\r\nupgrade: h2c\r\n"
        b"http2-settings: AAMAAABk\r\ncontent-length: 4\r\n\r\nwxyz"
    )
    closing = b"POST /v1/hooks/s1 HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: 2\r\n\r\nef"
    sent = wishing * 3 + closing
    size = -(-len(sent) // parts)
    connection = our_connection(app_with(Echo()))
    await connection.feed(sent[at : at + size] for at in range(0, len(sent), size))
    answers = (await connection.settled()).split(b"HTTP/1.1 ")[1:]
    assert [answer[:3] for answer in answers] == [b"202"] * 4
    assert [b"wxyz" in answer for answer in answers] == [True, True, True, False]
    assert connection.transport.closed


@pytest.mark.parametrize(
    ("address", "status"), [("http://x", 404), ("http://x?a=b", 404), ("http://x/v1/hooks/s1", 202)]
)
async def test_an_absolute_address_is_taken_with_a_path_and_without(address: str, status: int) -> None:
    connection = our_connection(app_with(Echo()))
    await connection.feed([b"POST %b HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\nab" % address.encode()])
    assert (await connection.settled()).startswith(b"HTTP/1.1 %d" % status)


def test_no_more_paths_are_remembered_than_a_server_needs() -> None:
    for number in range(_CACHED_PATHS + 10):
        _path(b"/v1/hooks/%d" % number)
    assert _path.cache_info().currsize == _CACHED_PATHS


async def test_a_long_path_is_served_and_not_remembered() -> None:
    _path.cache_clear()
    for path, remembered in ((b"/v1/hooks/s1", 1), (b"/v1/hooks/" + b"s" * 500, 1), (b"/v1/hooks/s2", 2)):
        connection = our_connection(app_with(Echo()))
        connection.protocol.data_received(post(b"good", path=path))
        assert (await connection.settled()).startswith(b"HTTP/1.1 202")
        assert _path.cache_info().currsize == remembered
