"""Direct routes: requests that are served by the HTTP protocol itself.

A request to such a route has no ASGI scope, task, future or timer, which are most of what a small request costs. All
requests that are complete in one turn of the event loop are given to their route together. It answers each by a method
of the request, now or later. What the edge does for other requests is done here for these: ids, trace, limits,
problems, metrics, the log line.
"""

import asyncio
import re
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from time import perf_counter
from typing import Any, Final, Protocol
from urllib.parse import unquote

import httptools
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from uvicorn.protocols.http.httptools_impl import STATUS_LINE
from uvicorn.server import ServerState

from plaudit.common.http import json, problems
from plaudit.common.http.edge import CLIENT_CLOSED_REQUEST, UNMATCHED, Edge
from plaudit.common.http.head import check_body_headers, new_request_id, trace_of
from plaudit.common.http.problems import Problem, body_too_large
from plaudit.common.observability import tracing
from plaudit.common.observability.log import request_id_var

_METHOD: Final = "POST"
_PARAMETER = re.compile(r"\{\w+\}")
_CACHED_PATHS: Final = 10_000
_MAX_CACHED_URL_BYTES: Final = 200
"""A longer one is none of ours, and 10,000 of the longest would be 600 MB."""


class Connection(Protocol):
    """What a request needs of the connection that it came on (`HttpProtocol`)."""

    transport: asyncio.Transport
    server_state: ServerState

    def answered(self, now: float) -> None:
        """Start what comes next in the line; `now` is of `perf_counter`."""

    def close_behind(self, cycle: Any) -> None:
        """Close the connection behind its last answer, the one to this request."""


class DirectRoute(ABC):
    """A route for POST requests that the protocol serves itself."""

    def __init__(
        self,
        prefix: str,
        templates: Sequence[str],
        max_body_bytes: int,
        *,
        greeting: str | None = None,
        takes_all_below: bool = False,
    ) -> None:
        """Name the addresses.

        Args:
            prefix: of all its paths, for example `/v1/hooks/`.
            templates: what follows, for example `{source_id}`: only parameters, each template with another number.
            max_body_bytes: of a request.
            greeting: the text that answers GET and HEAD; they are refused without.
            takes_all_below: whether it judges each path below its prefix, also one with an empty parameter or too many;
                the application answers these otherwise. All that is too much belongs to the last parameter.
        """
        self.greeting = greeting
        self._takes_all_below = takes_all_below
        self.prefix = prefix
        self.max_body_bytes = max_body_bytes
        self.templates = [prefix + template for template in templates]
        self._template_of = {template.count("/") + 1: prefix + template for template in templates}
        parts = [part for template in templates for part in template.split("/")]
        if len(self._template_of) < len(templates) or not all(map(_PARAMETER.fullmatch, parts)):
            raise ValueError(f"{prefix}: a direct route's templates are parameters, of different numbers")

    def match(self, path: str) -> tuple[str, list[str]] | None:
        """Return the template of a path and its parameters; None when it is not of this route."""
        if not path.startswith(self.prefix):
            return None
        parameters = path[len(self.prefix) :].split("/")
        template = self._template_of.get(len(parameters))
        if template is not None and all(parameters):
            return template, parameters
        if not self._takes_all_below:
            return None
        most = max(self._template_of)
        parameters = path[len(self.prefix) :].split("/", most - 1)
        return self._template_of.get(len(parameters), self._template_of[most]), parameters

    def asgi_routes(self) -> list[Route]:
        """Return routes by which the edge answers GET, if it is greeted, and refuses the other methods."""
        methods = [_METHOD] if self.greeting is None else [_METHOD, "GET"]
        below = [f"{self.prefix}{{below:path}}"] if self._takes_all_below else []
        return [Route(template, self._greet, methods=methods) for template in (*self.templates, *below)]

    async def _greet(self, request: Request) -> Response:
        if request.method == _METHOD:
            raise RuntimeError("a direct route is served by the protocol of our own server, not over ASGI")
        return Response(self.greeting, media_type="text/plain")

    @abstractmethod
    def take(self, requests: "Sequence[DirectRequest]") -> None:
        """Take the whole requests of one turn of the event loop; each must be answered or refused in the end."""


class DirectRequest:
    """One request and its answer.

    For uvicorn's protocol it stands in the line of a connection like the cycle of an ASGI request: `response_complete`,
    `keep_alive`, `disconnected` and `message_event` are what that reads and sets.
    """

    __slots__ = (
        "_connection",
        "_direct",
        "_expects_continue",
        "_held_bytes",
        "_more_body",
        "_refusal",
        "begun",
        "body",
        "disconnected",
        "fields",
        "headers",
        "keep_alive",
        "method",
        "parameters",
        "request_id",
        "response_complete",
        "route",
        "started",
        "template",
        "traceparent",
        "tracestate",
        "whole",
    )

    def __init__(
        self,
        connection: Connection,
        direct: "DirectServing",
        headers: list[tuple[bytes, bytes]],
        fields: dict[bytes, bytes],
    ) -> None:
        """Stand at the end of a connection's line, with the lines of the head and what `read_headers` makes of them."""
        self._connection = connection
        self._direct = direct
        self._expects_continue = False
        self._held_bytes = 0
        self._more_body: bytearray | None = None
        self._refusal: Problem | None = None
        self.headers = headers
        self.fields = fields
        """The headers by name, those of a list joined."""
        self.method = "OTHER"
        self.route: DirectRoute | None = None
        self.template = UNMATCHED
        self.parameters: list[str] = []
        """Of the path, in the order of the template."""
        self.body = b""
        self.begun = 0.0
        self.started = False
        """Whether the requests before it on its connection are answered."""
        self.whole = False
        """Whether it was received to its end."""
        self.request_id = ""
        self.traceparent = ""
        self.tracestate: str | None = None
        self.response_complete = False
        self.keep_alive = False
        self.disconnected = False

    @property
    def peer(self) -> str:
        """The address at the other end of its connection, empty if it is not known."""
        address = self._connection.transport.get_extra_info("peername")
        return str(address[0]) if isinstance(address, tuple) and address else ""

    @property
    def message_event(self) -> "DirectRequest":
        """What uvicorn wakes a waiting task by: there is none."""
        return self

    def set(self) -> None:
        """Wake nobody."""

    def expect(self, route: DirectRoute, template: str, parameters: list[str], *, expects_continue: bool) -> None:
        """Say whose it is."""
        self.method = _METHOD
        self.route = route
        self.template = template
        self.parameters = parameters
        self._expects_continue = expects_continue

    def refuse_in_turn(self, problem: Problem) -> None:
        """Refuse it when the requests before it are answered; nothing more of it will be received."""
        self.whole = True
        if self.started:
            self.refuse(problem)
        else:
            self._refusal = problem

    def start(self) -> None:
        """The requests before it are answered."""
        self.started = True
        self.begun = perf_counter()
        self._direct.edge.in_progress += 1
        if self._refusal is not None:
            self.refuse(self._refusal)
            return
        assert self.route is not None
        try:
            check_body_headers(self.fields, self.route.max_body_bytes)
            if self.body:
                self._check_size()
                self._hold(len(self._more_body or self.body))
        except Problem as problem:
            self.refuse(problem)
            return
        if self._expects_continue:
            self._connection.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        if self.whole:
            self._direct.serve(self)

    def add(self, part: bytes) -> None:
        """Receive a part of the body."""
        if self.response_complete:
            return
        if not self.body:
            self.body = part
        elif self._more_body is None:
            self._more_body = bytearray(self.body + part)
        else:
            self._more_body += part
        if self.started:
            try:
                self._check_size()
                self._hold(len(part))
            except Problem as problem:
                self.refuse(problem)

    def end(self) -> None:
        """It was received to its end."""
        self.whole = True
        if self._more_body is not None:
            self.body = bytes(self._more_body)
            self._more_body = None
        if self.started and not self.response_complete:
            self._direct.serve(self)

    def is_late(self, now: float, body_seconds: float) -> bool:
        """Return whether its body has taken longer than this since its turn came; `now` is of `perf_counter`."""
        return not self.whole and now - self.begun > body_seconds

    def identify(self, traceparent: str | None = None) -> None:
        """Set the request id and the place in a trace: the caller's, continued, or this new one."""
        self.request_id = new_request_id(self.fields.get(b"x-request-id"))
        if traceparent is not None and b"traceparent" not in self.fields:
            self.traceparent = traceparent
        else:
            self.traceparent, self.tracestate = trace_of(self.fields)

    @contextmanager
    def context(self) -> Iterator[None]:
        """Run the block with the ids of this request, for what it logs. No task of its own has set them."""
        token = request_id_var.set(self.request_id)
        try:
            with tracing.at(self.traceparent, self.tracestate):
                yield
        finally:
            request_id_var.reset(token)

    def answer(self, status: int, body: bytes, media_type: bytes = json.MEDIA_TYPE.encode()) -> None:
        """Send an answer; one to a client that has closed its connection is counted all the same."""
        self._answer(status, b"content-length: %d\r\ncontent-type: %b\r\n" % (len(body), media_type), body, None)

    def refuse(self, error: Exception) -> None:
        """Answer with the problem that an exception becomes."""
        if self.response_complete:
            return
        if not self.request_id:
            self.identify()
        with self.context():
            problem = self._direct.edge.problem_of(error)
            body = problem.body(self.request_id)
            lines = [b"%b: %b\r\n" % (name.lower().encode(), value.encode()) for name, value in problem.headers.items()]
            if "Connection" in problem.headers:
                self.keep_alive = False
            lines.append(b"content-length: %d\r\ncontent-type: %b\r\n" % (len(body), problems.MEDIA_TYPE.encode()))
            self._answer(problem.status, b"".join(lines), body, problem)

    def gone(self) -> None:
        """The client has closed the connection before the request was whole."""
        self.response_complete = True
        if not self.request_id:
            self.identify()
        with self.context():
            self._record(CLIENT_CLOSED_REQUEST, perf_counter(), None)

    def _hold(self, count: int) -> None:
        self._direct.edge.bodies.hold(count)
        self._held_bytes += count

    def _check_size(self) -> None:
        assert self.route is not None
        if len(self._more_body or self.body) > self.route.max_body_bytes:
            raise body_too_large(self.route.max_body_bytes)

    def _answer(self, status: int, lines: bytes, body: bytes, problem: Problem | None) -> None:
        if self.response_complete:
            return
        self.response_complete = True
        connection = self._connection
        transport = connection.transport
        closes = not self.keep_alive or self._direct.edge.draining
        if not transport.is_closing():
            transport.write(
                b"%b%bx-request-id: %b\r\nx-content-type-options: nosniff\r\n%b\r\n%b"
                % (
                    self._direct.head(status, connection.server_state.default_headers),
                    lines,
                    self.request_id.encode(),
                    b"connection: close\r\n" if closes and b"connection: close" not in lines else b"",
                    body,
                )
            )
            if closes:
                connection.close_behind(self)
        now = perf_counter()
        self._record(status, now, problem)
        connection.answered(now)

    def _record(self, status: int, now: float, problem: Problem | None) -> None:
        edge = self._direct.edge
        edge.in_progress -= 1
        edge.bodies.release(self._held_bytes)
        received = len(self._more_body or self.body)
        edge.record(self.method, self.template, status, now - self.begun, received, problem, is_bare=True)


class DirectServing:
    """What all connections of a server share: its direct routes, its edge, and the requests of this turn."""

    def __init__(self, edge: Edge, routes: Sequence[DirectRoute]) -> None:
        """Serve these routes as this edge serves others."""
        self.edge = edge
        self._routes = routes
        self._ready: list[DirectRequest] = []
        self._heads: dict[int, bytes] = {}
        self._heads_of: list[tuple[bytes, bytes]] = []

    def match(self, method: bytes, url: bytes) -> tuple[DirectRoute, str, list[str]] | None:
        """Return the route of a request, the template and the parameters; None for what the application serves."""
        if method != b"POST" or not self._routes:
            return None
        path = _path(url) if len(url) <= _MAX_CACHED_URL_BYTES else _path.__wrapped__(url)
        for route in self._routes:
            found = route.match(path)
            if found is not None:
                return (route, *found)
        return None

    def serve(self, request: DirectRequest) -> None:
        """Give a whole request to its route, together with all others of this turn of the event loop."""
        if not self._ready:
            asyncio.get_running_loop().call_soon(self._drain)
        self._ready.append(request)

    def head(self, status: int, default_headers: list[tuple[bytes, bytes]]) -> bytes:
        """Return status line and the server's own headers, made once for each list of these: once a second."""
        if default_headers is not self._heads_of:
            self._heads_of = default_headers
            self._heads.clear()
        head = self._heads.get(status)
        if head is None:
            own = b"".join(b"%b: %b\r\n" % header for header in default_headers)
            head = self._heads[status] = STATUS_LINE[status] + own
        return head

    def _drain(self) -> None:
        ready, self._ready = self._ready, []
        for request, traceparent in zip(ready, tracing.new_traceparents(len(ready)), strict=True):
            request.identify(traceparent)
        for route in self._routes:
            requests = [request for request in ready if request.route is route]
            if not requests:
                continue
            try:
                route.take(requests)
            except Exception as error:  # noqa: BLE001 - every failure is an answer
                for request in requests:
                    request.refuse(error)


@lru_cache(_CACHED_PATHS)
def _path(url: bytes) -> str:
    """Return the path of an address as uvicorn puts it into a scope; a client uses the same few again and again."""
    path: str = httptools.parse_url(url).path.decode("ascii")
    return unquote(path) if "%" in path else path
