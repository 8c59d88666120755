"""W3C Trace Context, level 2, from the bytes of a head to what is passed on, on routes of both kinds.

The cases are those of the suite in w3c/trace-context.
"""

import asyncio
import json
from collections.abc import Sequence

import pytest
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from plaudit.common.http import Api
from plaudit.common.http.direct import DirectRequest, DirectRoute
from plaudit.common.observability import tracing
from plaudit_testing.connections import bare_app, our_connection

TRACE = "12345678901234567890123456789012"
PARENT = f"traceparent: 00-{TRACE}-1234567890123456-00"
both_ways = pytest.mark.parametrize("path", ["/v1/shop", "/v1/hooks/s1"])


class Echo(DirectRoute):
    """Answers with where it is in a trace."""

    def __init__(self) -> None:
        super().__init__("/v1/hooks/", ["{source}"], 10_000)

    def take(self, requests: Sequence[DirectRequest]) -> None:
        for request in requests:
            with request.context():
                assert tracing.current_traceparent() == request.traceparent
                assert tracing.current_tracestate() == request.tracestate
            request.answer(200, json.dumps([request.traceparent, request.tracestate]).encode())


@pytest.fixture(scope="module")
def app() -> Api:
    async def shop(_request: Request) -> Response:
        return Response(json.dumps([tracing.current_traceparent(), tracing.current_tracestate()]))

    return bare_app([Route("/v1/shop", shop, methods=["POST"])], [Echo()])


async def passed_on(app: Api, path: str, *lines: str) -> tuple[str, str | None]:
    connection = our_connection(app)
    head = "\r\n".join([f"POST {path} HTTP/1.1", "Host: x", "Content-Length: 2", *lines])
    connection.protocol.data_received(head.encode("latin-1") + b"\r\n\r\n{}")
    for _ in range(5):
        await asyncio.sleep(0)
    answer = await connection.settled()
    assert answer.startswith(b"HTTP/1.1 200 "), answer
    traceparent, tracestate = json.loads(answer.partition(b"\r\n\r\n")[2])
    assert tracing.parse(traceparent) is not None
    return traceparent, tracestate


@both_ways
@pytest.mark.parametrize(
    "line",
    [
        PARENT,
        PARENT.replace("traceparent", "TraceParent"),
        PARENT.replace("traceparent", "TrAcEpArEnT"),
        PARENT.replace(": ", ":"),
        PARENT.replace(": ", ": \t "),
        PARENT + " ",
        PARENT + "\t",
        PARENT + " \t ",
        f"traceparent: cc-{TRACE}-1234567890123456-01",
        f"traceparent: cc-{TRACE}-1234567890123456-01-what-the-future-will-be-like",
    ],
)
async def test_a_well_formed_trace_is_continued_in_a_span_of_its_own(app: Api, path: str, line: str) -> None:
    traceparent, tracestate = await passed_on(app, path, line, "tracestate: foo=1")
    assert (traceparent[3:35], tracestate) == (TRACE, "foo=1")
    assert "1234567890123456" not in traceparent[35:]


@both_ways
@pytest.mark.parametrize(
    "lines",
    [
        (),
        (PARENT, PARENT),
        (PARENT, PARENT.replace("00-12", "00-21")),
        (PARENT.replace("traceparent", "trace-parent"),),
        (PARENT.replace("traceparent", "trace.parent"),),
        (f"traceparent: ff-{TRACE}-1234567890123456-01",),
        (f"traceparent: .0-{TRACE}-1234567890123456-01",),
        (f"traceparent: 000-{TRACE}-1234567890123456-01",),
        (f"traceparent: 0-{TRACE}-1234567890123456-01",),
        (f"traceparent: cc-{TRACE}-1234567890123456-01.what-the-future-will-not-be-like",),
        (f"traceparent: 00-{TRACE}-1234567890123456-01-what",),
        (f"traceparent: 00-{'0' * 32}-1234567890123456-01",),
        (f"traceparent: 00-.{TRACE[1:]}-1234567890123456-01",),
        (f"traceparent: 00-{TRACE}3-1234567890123456-01",),
        (f"traceparent: 00-{TRACE[1:]}-1234567890123456-01",),
        (f"traceparent: 00-{TRACE}-0000000000000000-01",),
        (f"traceparent: 00-{TRACE}-.234567890123456-01",),
        (f"traceparent: 00-{TRACE}-12345678901234567-01",),
        (f"traceparent: 00-{TRACE}-123456789012345-01",),
        (f"traceparent: 00-{TRACE}-1234567890123456-.0",),
        (f"traceparent: 00-{TRACE}-1234567890123456-001",),
        (f"traceparent: 00-{TRACE}-1234567890123456-1",),
    ],
)
async def test_any_other_begins_a_new_trace_without_a_state(app: Api, path: str, lines: tuple[str, ...]) -> None:
    traceparent, tracestate = await passed_on(app, path, *lines, "tracestate: foo=1")
    assert TRACE[1:] not in traceparent
    assert tracestate is None
    assert traceparent != (await passed_on(app, path, *lines))[0]


@both_ways
@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["tracestate: foo=1,bar=2"], "foo=1,bar=2"),
        (["TraceState: foo=1"], "foo=1"),
        (["trace-state: foo=1"], None),
        (["tracestate:"], None),
        (["tracestate: foo=1", "tracestate:"], "foo=1"),
        (["tracestate:", "tracestate: foo=1"], "foo=1"),
        (
            ["tracestate: foo=1,bar=2", "TraceState: rojo=1,congo=2", "tracestate: baz=3"],
            "foo=1,bar=2,rojo=1,congo=2,baz=3",
        ),
        (["tracestate: foo=1", "tracestate: foo=2"], "foo=1"),
        (["tracestate: foo=1 \t ", "tracestate:\t bar=2"], "foo=1,bar=2"),
        (["tracestate: foo =1"], None),
        (["tracestate: FOO=1", "tracestate: bar=2"], None),
    ],
)
async def test_a_state_is_carried_beside_the_trace(app: Api, path: str, lines: list[str], expected: str | None) -> None:
    traceparent, tracestate = await passed_on(app, path, PARENT, *lines)
    assert (traceparent[3:35], tracestate) == (TRACE, expected)


@both_ways
async def test_the_flag_of_a_random_trace_id_is_passed_on(app: Api, path: str) -> None:
    assert (await passed_on(app, path, PARENT[:-2] + "02"))[0].endswith("-02")
