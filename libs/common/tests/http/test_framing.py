"""Heads that two readers could take differently are refused as problems, on routes of both kinds."""

import asyncio
import json
from collections.abc import Sequence
from time import perf_counter

import pytest
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from plaudit.common.http import Api
from plaudit.common.http.direct import DirectRequest, DirectRoute
from plaudit.common.http.limits import DEFAULT_LIMITS
from plaudit_testing.connections import bare_app, our_connection

DIRECT, BARE = b"/v1/hooks/s1", b"/v1/shop"
both_ways = pytest.mark.parametrize("path", [BARE, DIRECT])


class Echo(DirectRoute):
    """Answers with the headers and the body that it got."""

    def __init__(self) -> None:
        super().__init__("/v1/hooks/", ["{source}"], 10_000)

    def take(self, requests: Sequence[DirectRequest]) -> None:
        for request in requests:
            request.answer(200, shown(request.fields, request.body))


def shown(fields: dict[bytes, bytes], body: bytes) -> bytes:
    readable = {name.decode(): value.decode("latin-1") for name, value in fields.items()}
    return json.dumps({"headers": readable, "body": body.decode()}).encode()


@pytest.fixture
def app() -> Api:
    async def shop(request: Request) -> Response:
        body = await request.body()
        return Response(shown({name.encode(): value.encode() for name, value in request.headers.items()}, body))

    return bare_app([Route("/v1/shop", shop, methods=["POST"])], [Echo()])


async def answer_to(app: Api, *sent: bytes) -> bytes:
    connection = our_connection(app)
    await connection.feed(sent)
    for _ in range(5):
        await asyncio.sleep(0)
    return await connection.settled()


def head(path: bytes, *lines: bytes, version: bytes = b"1.1", method: bytes = b"POST") -> bytes:
    return b"\r\n".join([b"%b %b HTTP/%b" % (method, path, version), *lines]) + b"\r\n\r\n"


def problem_in(answer: bytes) -> tuple[int, str]:
    """The status and the slug of the last answer, which is a problem with a request id and ends the connection."""
    lines, _, body = answer.rpartition(b"\r\n\r\n")
    problem = json.loads(body)
    head_lines = b"HTTP/1.1 " + lines.rpartition(b"HTTP/1.1 ")[2]
    assert b"content-type: application/problem+json" in head_lines
    assert b"x-request-id: %b" % problem["instance"].encode() in head_lines
    assert b"connection: close" in head_lines
    assert head_lines.startswith(b"HTTP/1.1 %d " % problem["status"])
    return problem["status"], problem["type"].removeprefix("/problems#")


def headers_in(answer: bytes) -> dict[str, str]:
    assert answer.startswith(b"HTTP/1.1 200 "), answer
    headers: dict[str, str] = json.loads(answer.partition(b"\r\n\r\n")[2])["headers"]
    return headers


@both_ways
@pytest.mark.parametrize(
    ("lines", "version", "expected"),
    [
        ([b"transfer-encoding: gzip, chunked", b"host: x"], b"1.1", (501, "unknown-transfer-coding")),
        (
            [b"transfer-encoding: gzip", b"transfer-encoding: chunked", b"host: x"],
            b"1.1",
            (501, "unknown-transfer-coding"),
        ),
        ([b"transfer-encoding: chunked", b"host: x"], b"1.0", (400, "malformed-http")),
        ([b"transfer-encoding: chunked", b"content-length: 2", b"host: x"], b"1.1", (400, "malformed-http")),
        ([b"content-length: 2", b"content-length: 3", b"host: x"], b"1.1", (400, "malformed-http")),
        ([b"content-length: +2", b"host: x"], b"1.1", (400, "malformed-http")),
        ([b"content-length: 2, 2", b"host: x"], b"1.1", (400, "malformed-http")),
        ([b"content-length : 2", b"host: x"], b"1.1", (400, "malformed-http")),
        ([b"content-length: 2"], b"1.1", (400, "malformed-http")),
        ([b"content-length: 2", b"host: a b"], b"1.1", (400, "malformed-http")),
        ([b"content-length: 2", b"host:"], b"1.1", (400, "malformed-http")),
        ([b"content-length: 2", b"host: x", b"host: x"], b"1.1", (400, "repeated-header")),
        (
            [b"content-length: 2", b"host: x", b"content-type: application/json", b"content-type: text/plain"],
            b"1.1",
            (400, "repeated-header"),
        ),
        ([b"content-length: 2", b"host: x"], b"2.0", (400, "malformed-http")),
        ([b"content-length: 2", b"host: x"], b"1.9", (400, "malformed-http")),
    ],
)
async def test_a_head_that_can_be_read_in_two_ways_is_refused_with_a_problem(
    app: Api, path: bytes, lines: list[bytes], version: bytes, expected: tuple[int, str]
) -> None:
    assert problem_in(await answer_to(app, head(path, *lines, version=version) + b"{}")) == expected


@both_ways
async def test_what_was_asked_before_an_unreadable_request_is_answered_first(app: Api, path: bytes) -> None:
    good = head(path, b"host: x", b"content-length: 2") + b"{}"
    for wrong in (b"}", head(path, b"content-length: 0"), b"FOO / HTTP/1.1\r\n\r\n"):
        answer = await answer_to(app, good + wrong + b"\r\n\r\n")
        assert answer.count(b"HTTP/1.1 ") == 2
        assert answer.startswith(b"HTTP/1.1 200 ")
        assert problem_in(answer)[0] in {400, 501}


@pytest.mark.parametrize("sent", [b"GET /\r\n\r\n", b"GET /livez\r\n\r\n", b"GET / HTTP/0.9\r\nhost: x\r\n\r\n"])
async def test_http_0_9_is_a_400(app: Api, sent: bytes) -> None:
    assert problem_in(await answer_to(app, sent)) == (400, "malformed-http")


@pytest.mark.parametrize("method", [b"FOO", b"get", b"X-Y"])
async def test_an_unknown_method_is_a_501(app: Api, method: bytes) -> None:
    assert problem_in(await answer_to(app, head(BARE, b"host: x", method=method))) == (501, "unknown-method")


@pytest.mark.parametrize("method", [b"FOO", b"get", b"PATCHY", b"X-Y"])
async def test_an_unknown_method_is_a_501_however_its_line_is_cut(app: Api, method: bytes) -> None:
    sent = head(BARE, b"host: x", method=method)
    for at in range(1, len(sent)):
        assert problem_in(await answer_to(app, sent[:at], sent[at:])) == (501, "unknown-method"), sent[:at]
    assert problem_in(await answer_to(app, *(bytes([byte]) for byte in sent))) == (501, "unknown-method")


async def test_an_unknown_method_behind_a_body_is_a_501_when_its_line_comes_later(app: Api) -> None:
    good = head(DIRECT, b"host: x", b"content-length: 2") + b"{}"
    for begun in (b"", b"F", b"PO"):
        answer = await answer_to(app, good + begun, b"FOO / HTTP/1.1\r\n\r\n")
        assert answer.startswith(b"HTTP/1.1 200 ")
        assert problem_in(answer) == (501, "unknown-method")


@pytest.mark.parametrize(
    "parts", [(b"FO", b"O\r\n"), (b"hel", b"lo you", b" there\r\n"), (b"GET", b"\t/ HTTP/1.1\r\n")]
)
async def test_a_cut_line_that_is_no_request_line_is_a_400(app: Api, parts: tuple[bytes, ...]) -> None:
    assert problem_in(await answer_to(app, *parts)) == (400, "malformed-http")


async def test_a_line_with_an_unknown_method_that_ends_never_has_the_limits_of_a_head(app: Api) -> None:
    assert problem_in(await answer_to(app, b"FO", *[b"O" * 1_000] * 40)) == (431, "head-too-large")
    slow = our_connection(app)
    slow.protocol.data_received(b"FOO /")
    slow.protocol.sweep(perf_counter() + DEFAULT_LIMITS.head_seconds + 1)
    assert problem_in(slow.transport.written) == (408, "head-too-slow")
    ended = our_connection(app)
    ended.protocol.data_received(b"FOO /")
    assert not ended.protocol.eof_received()
    assert problem_in(ended.transport.written) == (400, "malformed-http")


@pytest.mark.parametrize(
    "sent", [b"\x16\x03\x01\x02\x00\x01\x00\r\n", b"hello\r\n\r\n", b'{"a": 1}\r\n', b"FOO /\r\n\r\n"]
)
async def test_what_has_no_request_line_is_a_400(app: Api, sent: bytes) -> None:
    assert problem_in(await answer_to(app, sent)) == (400, "malformed-http")


async def test_options_of_the_whole_server_names_every_method(app: Api) -> None:
    answer = await answer_to(app, head(b"*", b"host: x", method=b"OPTIONS"))
    assert answer.startswith(b"HTTP/1.1 204 ")
    assert b"allow: DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT\r\n" in answer


@both_ways
async def test_http_1_0_is_served_without_a_host_and_closed(app: Api, path: bytes) -> None:
    answer = await answer_to(app, head(path, b"content-length: 2", version=b"1.0") + b"{}")
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert b"connection: close" in answer


@both_ways
@pytest.mark.parametrize("around", [b" ", b"\t", b" \t \t"])
async def test_whitespace_around_a_value_is_no_part_of_it(app: Api, path: bytes, around: bytes) -> None:
    line = b"webhook-id:" + around + b"msg 1" + around
    answer = await answer_to(app, head(path, b"host: x" + around, b"content-length: 2", line) + b"{}")
    assert headers_in(answer)["webhook-id"] == "msg 1"
    assert headers_in(answer)["host"] == "x"


@both_ways
async def test_the_lines_of_a_list_are_read_as_one(app: Api, path: bytes) -> None:
    lines = b"host: x", b"content-length: 2", b"x-forwarded-for: 1.1.1.1", b"X-Forwarded-For: 2.2.2.2"
    answer = await answer_to(app, head(path, *lines) + b"{}")
    assert headers_in(answer)["x-forwarded-for"] == "1.1.1.1, 2.2.2.2"


@both_ways
async def test_one_of_two_content_encodings_is_never_overlooked(app: Api, path: bytes) -> None:
    for codings in ([b"gzip", b"identity"], [b"identity", b"gzip"], [b"identity, gzip"]):
        lines = [b"content-encoding: " + coding for coding in codings]
        answer = await answer_to(app, head(path, b"host: x", b"content-length: 2", *lines) + b"{}")
        assert answer.startswith(b"HTTP/1.1 415 "), answer
