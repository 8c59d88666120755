"""What a connection may send, and how long it may take, whoever serves its requests."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from time import perf_counter

import pytest
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route
from structlog.testing import capture_logs

from plaudit.common.http import Api
from plaudit.common.http.direct import DirectRequest, DirectRoute
from plaudit.common.http.limits import Limits
from plaudit_testing.connections import TURNS, bare_app, our_connection

LIMITS = Limits(max_head_bytes=2_000, max_headers=20, head_seconds=5, body_seconds=7, idle_seconds=9, unread_seconds=11)
PATHS = (b"/v1/shop", b"/v1/hooks/s1")
both_ways = pytest.mark.parametrize("path", PATHS)


class Held(DirectRoute):
    """Keeps requests until a test answers them."""

    def __init__(self) -> None:
        super().__init__("/v1/hooks/", ["{source}"], 10_000)
        self.held: list[DirectRequest] = []

    def take(self, requests: Sequence[DirectRequest]) -> None:
        self.held += requests

    def answer(self) -> None:
        for request in self.held:
            request.answer(202, b"{}")


@pytest.fixture
def route() -> Held:
    return Held()


@pytest.fixture
def app(route: Held) -> Api:
    async def shop(request: Request) -> Response:
        await request.body()
        return Response("open")

    return bare_app([Route("/v1/shop", shop, methods=["POST"])], [route])


def head(path: bytes, *lines: bytes) -> bytes:
    return b"\r\n".join([b"POST %b HTTP/1.1" % path, b"host: x", *lines]) + b"\r\n\r\n"


def statuses(written: bytes) -> list[int]:
    return [int(part[:3]) for part in written.split(b"HTTP/1.1 ")[1:]]


@both_ways
@pytest.mark.parametrize("size", [50, 1_000, 1_000_000], ids=lambda size: f"in parts of {size}")
async def test_a_head_over_its_bytes_is_a_431_however_it_is_cut(app: Api, path: bytes, size: int) -> None:
    for sent in (head(path, b"long: " + b"x" * 2_000), head(path, b"endless: " + b"x" * 9_000).rstrip()):
        connection = our_connection(app, LIMITS)
        await connection.feed(sent[start : start + size] for start in range(0, len(sent), size))
        written = await connection.settled()
        assert statuses(written) == [431]
        assert b"/problems#head-too-large" in written
        assert connection.transport.closed


@both_ways
async def test_the_limit_of_a_head_does_not_grow_by_what_came_before_it(app: Api, path: bytes, route: Held) -> None:
    connection = our_connection(app, LIMITS)
    connection.protocol.data_received(head(path, b"content-length: 5000") + b"x" * 5_000)
    for _ in range(5):
        await asyncio.sleep(0)
        route.answer()
    connection.protocol.data_received(head(path, b"endless: " + b"x" * 2_500).rstrip())
    assert statuses(await connection.settled())[1:] == [431]


@both_ways
async def test_many_small_requests_in_one_chunk_are_no_large_head(app: Api, path: bytes, route: Held) -> None:
    connection = our_connection(app, LIMITS)
    count = LIMITS.max_head_bytes // len(head(path, b"content-length: 0")) + 2
    connection.protocol.data_received(head(path, b"content-length: 0") * count + head(path)[:20])
    for _ in range(20 * count):
        await asyncio.sleep(0)
        route.answer()
    assert len(statuses(connection.transport.written)) == count
    assert not connection.transport.closed


@both_ways
@pytest.mark.parametrize("size", [50, 1_000], ids=lambda size: f"in parts of {size}")
@pytest.mark.parametrize("endless", [b"0\r\n" + b"a: b\r\n" * 1_000, b"0\r\na: " + b"b" * 9_000, b"1;" + b"x" * 9_000])
async def test_what_comes_behind_a_body_has_the_limit_of_a_head(
    app: Api, path: bytes, size: int, endless: bytes
) -> None:
    connection = our_connection(app, LIMITS)
    connection.protocol.data_received(head(path, b"transfer-encoding: chunked") + b"2\r\n{}\r\n")
    read_bytes = 0
    for start in range(0, len(endless), size):
        if not connection.transport.closed:
            connection.protocol.data_received(endless[start : start + size])
            await asyncio.sleep(0)
            read_bytes += size
    assert statuses(await connection.settled()) == [431]
    assert read_bytes <= LIMITS.max_head_bytes + size


async def test_a_body_in_many_small_chunks_is_no_large_head(app: Api, route: Held) -> None:
    connection = our_connection(app, LIMITS)
    connection.protocol.data_received(head(PATHS[1], b"transfer-encoding: chunked"))
    for _ in range(LIMITS.max_head_bytes):
        connection.protocol.data_received(b"1\r\nx\r\n")
    connection.protocol.data_received(b"0\r\n\r\n")
    await asyncio.sleep(0)
    route.answer()
    assert statuses(await connection.settled()) == [202]


async def test_a_header_behind_the_body_is_none_of_the_request(app: Api, route: Held) -> None:
    connection = our_connection(app, LIMITS)
    sent = head(PATHS[1], b"transfer-encoding: chunked") + b"2\r\n{}\r\n0\r\nwebhook-signature: v1,x\r\n\r\n"
    connection.protocol.data_received(sent)
    await asyncio.sleep(0)
    assert b"webhook-signature" not in dict(route.held[0].headers)


@both_ways
async def test_too_many_headers_are_a_431(app: Api, path: bytes) -> None:
    for count, expected in ((LIMITS.max_headers - 2, [202 if path == PATHS[1] else 200]), (LIMITS.max_headers, [431])):
        connection = our_connection(app, LIMITS)
        connection.protocol.data_received(head(path, b"content-length: 0", *[b"a: b"] * count))
        await asyncio.sleep(0)
        for each in app.direct_routes:
            assert isinstance(each, Held)
            each.answer()
        assert statuses(await connection.settled()) == expected


@both_ways
async def test_a_large_body_is_no_large_head(app: Api, path: bytes, route: Held) -> None:
    connection = our_connection(app, LIMITS)
    one = head(path, b"content-length: 5000") + b"x" * 5_000
    await connection.feed([one + head(path)[:20], head(path)[20:], one])
    for _ in range(20):
        await asyncio.sleep(0)
        route.answer()
    assert set(statuses(await connection.settled())) <= {200, 202}


@both_ways
async def test_a_head_that_comes_too_slowly_is_a_408(app: Api, path: bytes) -> None:
    connection = our_connection(app, LIMITS)
    connection.protocol.data_received(head(path)[:-2])
    connection.protocol.sweep(perf_counter() + LIMITS.head_seconds - 1)
    assert connection.transport.written == b""
    connection.protocol.sweep(perf_counter() + LIMITS.head_seconds + 1)
    assert statuses(await connection.settled()) == [408]
    assert connection.transport.closed


async def test_a_body_that_comes_too_slowly_is_a_408(app: Api) -> None:
    connection = our_connection(app, LIMITS)
    connection.protocol.data_received(head(PATHS[1], b"content-length: 9") + b"only")
    connection.protocol.sweep(perf_counter() + LIMITS.body_seconds - 1)
    assert connection.transport.written == b""
    connection.protocol.sweep(perf_counter() + LIMITS.body_seconds + 1)
    assert statuses(await connection.settled()) == [408]
    assert connection.transport.closed
    assert app.edge.in_progress == 0


async def test_a_client_is_not_late_while_its_requests_wait_for_their_turn(app: Api, route: Held) -> None:
    connection = our_connection(app, LIMITS)
    whole = head(PATHS[1], b"content-length: 0")
    connection.protocol.data_received(whole + whole + head(PATHS[1])[:-2])
    connection.protocol.sweep(perf_counter() + LIMITS.head_seconds + 1)
    for _ in range(3):
        await asyncio.sleep(0)
        route.answer()
    assert statuses(connection.transport.written) == [202, 202]
    assert not connection.transport.closed


async def test_an_idle_connection_is_closed_and_one_that_waits_for_its_answer_is_not(app: Api, route: Held) -> None:
    new, waiting = our_connection(app, LIMITS), our_connection(app, LIMITS)
    waiting.protocol.data_received(head(PATHS[1], b"content-length: 0"))
    await asyncio.sleep(0)
    for connection in (new, waiting):
        connection.protocol.sweep(perf_counter() + LIMITS.idle_seconds + 1)
    assert (new.transport.closed, waiting.transport.closed) == (True, False)
    route.answer()
    waiting.protocol.sweep(perf_counter() + LIMITS.idle_seconds - 1)
    assert not waiting.transport.closed
    waiting.protocol.sweep(perf_counter() + LIMITS.idle_seconds + 1)
    assert waiting.transport.closed


@pytest.mark.parametrize(
    "wrong",
    [
        b"no http at all\r\n\r\n",
        head(PATHS[1], b"a\x00: b"),
        head(b"/v1/hooks/\xff"),
        head(b"http://[/"),
        b"CONNECT / HTTP/1.1\r\nhost: x\r\n\r\n",
        b"CONNECT x:80 HTTP/1.1\r\nhost: x\r\n\r\n",
        b"CONNECT / HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: h2c\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ],
)
async def test_what_is_not_http_is_a_400_after_the_answers_to_what_came_before(
    app: Api, route: Held, wrong: bytes
) -> None:
    connection = our_connection(app, LIMITS)
    connection.protocol.data_received(head(PATHS[1], b"content-length: 0") + wrong + head(PATHS[1]))
    await asyncio.sleep(0)
    connection.protocol.data_received(head(PATHS[1]))
    assert connection.transport.written == b""
    assert len(connection.protocol.pipeline) == 1, "nothing is read after it"
    route.answer()
    written = await connection.settled()
    assert statuses(written) == [202, 400]
    assert b"/problems#malformed-http" in written
    assert connection.transport.closed


@both_ways
async def test_a_body_that_is_not_http_is_a_400_and_nothing_of_it_is_served(
    app: Api, route: Held, path: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    connection = our_connection(app, LIMITS)
    await connection.feed([head(path, b"transfer-encoding: chunked") + b"3\r\nabc\r\n", b"no length\r\n"])
    assert statuses(await connection.settled()) == [400]
    for _ in range(5):
        await asyncio.sleep(0)
    assert statuses(connection.transport.written) == [400]
    assert route.held == []
    assert [line for line in caplog.records if line.levelname == "ERROR"] == []
    connection.protocol.connection_lost(None)
    assert app.edge.in_progress == 0


async def test_a_client_that_does_not_read_its_answers_is_not_read_either(app: Api) -> None:
    connection = our_connection(app, LIMITS)
    connection.protocol.pause_writing()
    assert not connection.transport.reads
    connection.protocol.resume_writing()
    assert connection.transport.reads


@pytest.mark.parametrize("is_closed", [False, True], ids=["open", "closed behind its answer"])
async def test_a_client_that_reads_nothing_of_its_answers_for_too_long_is_cut_off(app: Api, is_closed: bool) -> None:
    connection = our_connection(app, LIMITS)
    connection.protocol.pause_writing()
    connection.transport.unread_bytes, connection.transport.closed = 80_000, is_closed
    begun = perf_counter()
    connection.protocol.sweep(begun)
    connection.protocol.sweep(begun + LIMITS.unread_seconds)
    assert not connection.transport.aborted
    connection.protocol.sweep(begun + LIMITS.unread_seconds + 1)
    assert connection.transport.aborted


@pytest.mark.parametrize("how", ["a part", "enough to write on", "all"])
async def test_a_client_that_reads_its_answers_slowly_is_not_cut_off(app: Api, how: str) -> None:
    connection = our_connection(app, LIMITS)
    connection.protocol.pause_writing()
    connection.transport.unread_bytes = 80_000
    now = perf_counter()
    for _ in range(5):
        connection.protocol.sweep(now)
        if how == "a part":
            connection.transport.unread_bytes -= 1
        elif how == "all":
            connection.transport.unread_bytes = 0
        else:
            connection.protocol.resume_writing()
            connection.protocol.pause_writing()
        now += LIMITS.unread_seconds + 1
    connection.protocol.sweep(now)
    assert not connection.transport.aborted


async def test_the_address_and_what_parts_headers_count_too(app: Api) -> None:
    headers = [b"a" * 50 + b": " + b"b" * 65] * (LIMITS.max_headers - 3)
    names_and_values = sum(len(header) - len(b": ") for header in headers)
    assert names_and_values < LIMITS.max_head_bytes - 30 < LIMITS.max_head_bytes < len(head(PATHS[0], *headers))
    for sent in (head(PATHS[0] + b"?" + b"x" * LIMITS.max_head_bytes), head(PATHS[0], *headers)):
        connection = our_connection(app, LIMITS)
        connection.protocol.data_received(sent)
        assert statuses(await connection.settled()) == [431]


@both_ways
async def test_a_head_that_begins_behind_a_request_counts_from_its_first_byte(
    app: Api, path: bytes, route: Held
) -> None:
    connection = our_connection(app, LIMITS)
    large = head(path, b"long: " + b"x" * 1_500, b"longer: " + b"y" * 1_500)
    connection.protocol.data_received(head(path, b"content-length: 0") + large[:1_800])
    for _ in range(5):
        await asyncio.sleep(0)
        route.answer()
    connection.protocol.data_received(large[1_800:])
    assert statuses(await connection.settled())[1:] == [431]


async def test_a_request_is_not_late_that_waits_behind_another(app: Api, route: Held) -> None:
    connection = our_connection(app, LIMITS)
    whole = head(PATHS[1], b"content-length: 0")
    connection.protocol.data_received(whole + whole + head(PATHS[1], b"content-length: 9") + b"only")
    await asyncio.sleep(0)
    route.answer()
    assert connection.protocol.pipeline, "the second is being served, the third waits"
    connection.protocol.sweep(perf_counter() + LIMITS.body_seconds + 1)
    assert statuses(connection.transport.written) == [202]
    await asyncio.sleep(0)
    route.answer()
    connection.protocol.sweep(perf_counter() + LIMITS.body_seconds - 1)
    assert statuses(connection.transport.written) == [202, 202]
    connection.protocol.sweep(perf_counter() + LIMITS.body_seconds + 1)
    assert statuses(await connection.settled()) == [202, 202, 408]


async def test_a_connection_that_is_closing_is_refused_nothing_more(app: Api) -> None:
    connection = our_connection(app, LIMITS)
    connection.protocol.data_received(head(PATHS[1])[:-2])
    connection.transport.close()
    connection.protocol.sweep(perf_counter() + LIMITS.head_seconds + 1)
    assert connection.protocol.cycle is None


async def test_an_answer_that_has_begun_is_cut_off_when_the_rest_of_its_request_is_not_http() -> None:
    release = asyncio.Event()

    async def parts() -> AsyncIterator[bytes]:
        yield b"begun"
        await release.wait()

    async def early(_request: Request) -> Response:
        return StreamingResponse(parts())

    routes = [Route("/v1/early", early, methods=["POST"])]
    app = bare_app(routes)
    connection = our_connection(app, LIMITS)
    connection.protocol.data_received(head(b"/v1/early", b"transfer-encoding: chunked") + b"3\r\nabc\r\n")
    for _ in range(20):
        await asyncio.sleep(0)
    assert b"begun" in connection.transport.written
    connection.protocol.data_received(b"no length\r\n")
    assert statuses(connection.transport.written) == [200]
    assert connection.transport.closed
    connection.protocol.connection_lost(None)
    release.set()
    for _ in range(20):
        await asyncio.sleep(0)
    assert app.edge.in_progress == 0


@both_ways
async def test_a_body_that_is_not_http_is_refused_in_its_turn(app: Api, route: Held, path: bytes) -> None:
    connection = our_connection(app, LIMITS)
    broken = head(path, b"transfer-encoding: chunked") + b"3\r\nabc\r\nno length\r\n"
    connection.protocol.data_received(head(PATHS[1], b"content-length: 0") + broken)
    await asyncio.sleep(0)
    assert connection.transport.written == b""
    route.answer()
    assert statuses(await connection.settled()) == [202, 400]
    assert connection.transport.closed


async def test_a_mistake_of_ours_while_a_head_is_read_is_a_500_and_is_logged(
    app: Api, route: Held, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_path: str) -> None:
        raise RuntimeError("canary-internals")

    monkeypatch.setattr(route, "match", fail)
    connection = our_connection(app, LIMITS)
    with capture_logs() as lines:
        connection.protocol.data_received(head(PATHS[1], b"content-length: 0"))
        written = await connection.settled()
    assert statuses(written) == [500]
    assert b"canary" not in written
    assert "request_failed" in [line["event"] for line in lines]


async def test_reading_its_answers_again_does_not_make_a_client_be_read_while_its_requests_wait(app: Api) -> None:
    connection = our_connection(app, LIMITS)
    connection.protocol.data_received(head(PATHS[1], b"content-length: 0") * 2)
    assert not connection.transport.reads
    connection.protocol.pause_writing()
    connection.protocol.resume_writing()
    assert not connection.transport.reads


@both_ways
async def test_a_client_that_sends_without_a_pause_is_read_only_when_none_of_its_requests_waits(
    app: Api, path: bytes, route: Held
) -> None:
    connection = our_connection(app, LIMITS)
    connection.protocol.data_received(head(path, b"content-length: 0") * 4)
    assert len(connection.protocol.pipeline) == 3
    for _ in range(200):
        assert not (connection.transport.reads and connection.protocol.pipeline)
        await asyncio.sleep(0)
        route.answer()
    assert connection.transport.reads
    assert len(statuses(connection.transport.written)) == 4


async def test_a_client_that_does_not_read_is_not_read_when_its_requests_are_answered(app: Api, route: Held) -> None:
    connection = our_connection(app, LIMITS)
    connection.protocol.data_received(head(PATHS[1], b"content-length: 0"))
    await asyncio.sleep(0)
    connection.protocol.pause_writing()
    route.answer()
    assert not connection.transport.reads
    connection.protocol.resume_writing()
    assert connection.transport.reads


async def test_an_application_that_waits_for_the_rest_of_a_body_is_told_when_it_is_not_http(app: Api) -> None:
    connection = our_connection(app, LIMITS)
    connection.protocol.data_received(head(PATHS[0], b"transfer-encoding: chunked") + b"3\r\nabc\r\n")
    for _ in range(20):
        await asyncio.sleep(0)
    assert app.edge.in_progress == 1
    connection.protocol.data_received(b"no length\r\n")
    for _ in range(20):
        await asyncio.sleep(0)
    assert statuses(connection.transport.written) == [400]
    assert app.edge.in_progress == 0


@both_ways
@pytest.mark.parametrize("size", [50, 1_000], ids=lambda size: f"in parts of {size}")
async def test_trailers_over_the_bytes_of_a_head_are_a_431(app: Api, path: bytes, size: int) -> None:
    connection = our_connection(app, LIMITS)
    trailers = b"x-trailer: " + b"x" * 4_000 + b"\r\n\r\n"
    parts = (trailers[i : i + size] for i in range(0, len(trailers), size))
    await connection.feed([head(path, b"transfer-encoding: chunked") + b"3\r\nabc\r\n0\r\n", *parts])
    for _ in range(20):
        await asyncio.sleep(0)
    assert statuses(connection.transport.written) == [431]
    assert connection.transport.closed


async def test_a_body_in_small_chunks_is_no_trailer(app: Api, route: Held) -> None:
    connection = our_connection(app, LIMITS)
    await connection.feed([head(PATHS[1], b"transfer-encoding: chunked"), *[b"1\r\na\r\n"] * 2_000, b"0\r\n\r\n"])
    await asyncio.sleep(0)
    assert [request.body for request in route.held] == [b"a" * 2_000]


async def test_trailers_are_no_headers(app: Api, route: Held) -> None:
    connection = our_connection(app, LIMITS)
    body = b"3\r\nabc\r\n0\r\nwebhook-id: of-a-trailer\r\n\r\n"
    await connection.feed([head(PATHS[1], b"transfer-encoding: chunked") + body])
    await asyncio.sleep(0)
    assert [name for name, _ in route.held[0].headers] == [b"host", b"transfer-encoding"]


@both_ways
async def test_nothing_more_is_read_until_the_last_request_in_the_line_has_its_turn(
    app: Api, route: Held, path: bytes
) -> None:
    connection = our_connection(app, LIMITS)
    connection.protocol.data_received(head(path, b"content-length: 0") * 3)
    for _ in range(TURNS):
        if not connection.protocol.pipeline:
            break
        assert not connection.transport.reads
        await asyncio.sleep(0)
        route.answer()
    assert connection.transport.reads


async def test_an_application_learns_that_its_client_has_left_while_others_wait_behind_it() -> None:
    gone = asyncio.Event()

    async def shop(request: Request) -> Response:
        await request.body()
        if (await request.receive())["type"] == "http.disconnect":
            gone.set()
        return Response("to nobody")

    app = bare_app([Route("/v1/shop", shop, methods=["POST"])])
    connection = our_connection(app, LIMITS)
    connection.protocol.data_received(head(PATHS[0], b"content-length: 0") * 3)
    for _ in range(20):
        await asyncio.sleep(0)
    connection.transport.close()
    connection.protocol.connection_lost(None)
    for _ in range(20):
        await asyncio.sleep(0)
    assert gone.is_set()
    assert not connection.protocol.pipeline, "what waits holds no memory"
