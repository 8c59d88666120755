"""One connection: uvicorn's protocol, with direct requests in its line, and with limits.

Direct requests and ASGI requests share the connection's line, so that pipelined requests are answered in their order.
No request has a timer: one sweep over all connections finds those that are slow or idle.
"""

import asyncio
from time import perf_counter
from typing import Any, Final, cast

import httptools
import structlog
from uvicorn._types import ASGI3Application
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

from plaudit.common.http.direct import DirectRequest, DirectRoute, DirectServing
from plaudit.common.http.headers import WHITESPACE, check_framing, read_headers
from plaudit.common.http.limits import Limits
from plaudit.common.http.line import LastAnswer, LineFlow
from plaudit.common.http.parsing import head_bytes, head_without_upgrade, origin_form, problem_of_parser
from plaudit.common.http.problems import (
    Problem,
    body_too_slow,
    head_too_large,
    head_too_slow,
    malformed,
    too_many_connections,
)
from plaudit.common.http.request_line import begun_line, begun_method, problem_of

_SPACE: Final = 0x20
"""What the parser leaves at the end of a value: this, or a tab, which is below it as no other byte of a value is."""

log = structlog.get_logger()


class HttpProtocol(HttpToolsProtocol):
    """One connection."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
        *,
        direct: DirectServing,
        limits: Limits,
    ) -> None:
        """Take what uvicorn gives each connection, and what all connections of a server share."""
        super().__init__(config, server_state, app_state, _loop)
        self._direct = direct
        self._limits = limits
        self._chunk_bytes = 0
        self._version = ""
        """Of HTTP, in the head just read."""
        self._known_host: bytes | None = None
        """The last one that was found to be right: it is the same for nearly all requests of a connection."""
        self._ignores_upgrade = False
        """Whether the head just read asks for another protocol."""
        self._head_begun = 0.0
        """When the head began that is not complete; 0 when there is none."""
        self._head_is_split = False
        """Whether that head began in an earlier chunk."""
        self._counted_bytes = 0
        """Of the present chunk, what counts as a part of a head or of trailers: all of it or nothing."""
        self._head_bytes = 0
        """The counted bytes of all chunks since the head or the trailers began."""
        self._idle_since = perf_counter()
        self._is_one_too_many = False
        """Whether the connection was refused when it was made."""
        self._reads_no_more = False
        """Whether nothing more is read: what was sent is not HTTP, or is refused."""
        self._begun_method = b""
        """What earlier chunks have of the method of a head."""
        self._unknown_line = bytearray()
        """The beginning of a request line that the parser has refused for its method."""
        self._serving: DirectRequest | None = None
        """The direct request whose turn it is."""
        self._running: RequestResponseCycle | None = None
        """The last ASGI request that was begun."""
        self._is_advancing = False
        self._unread_bytes = 0
        """Of what was written, at the last sweep."""
        self._unread_since = 0.0
        """Since when this has been the same at each sweep."""

    # What the transport calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Let nobody read on while requests wait in the line, also not uvicorn for an application."""
        super().connection_made(cast("asyncio.Transport", transport))
        self.flow = LineFlow(cast("asyncio.Transport", transport), self.pipeline)
        if len(self.connections) > self._limits.max_connections:
            self._refuse_connection()

    def connection_lost(self, exc: Exception | None) -> None:
        """End what was not received to its end; what is being written is answered to nobody."""
        serving = self._serving
        if serving is not None and not serving.whole and not serving.response_complete:
            serving.gone()
        running = self._running
        if running is not None and not running.response_complete:
            # uvicorn tells the last one in the line only.
            running.disconnected = True
            running.message_event.set()
        super().connection_lost(exc)
        # Each holds this connection, and would be found by a collection of garbage only.
        self.pipeline.clear()

    def data_received(self, data: bytes) -> None:
        """Read a chunk of bytes."""
        if self._reads_no_more:
            return
        self._chunk_bytes = self._counted_bytes = len(data)
        if self._unknown_line:
            self._unknown_line += data
            if b"\n" in data:
                self._refuse(problem_of(bytes(self._unknown_line)))
        else:
            self._feed(data)
        self._head_is_split = self._head_begun > 0
        self._head_bytes += self._counted_bytes
        if self._head_bytes > self._limits.max_head_bytes and not self._reads_no_more:
            self._refuse(head_too_large())

    def eof_received(self) -> bool:  # type: ignore[override] # uvicorn's returns nothing, which closes the connection
        """Answer a client that has shut its sending side; return whether the connection stays open for that.

        Closed at once, the answer to a delivery that is being committed would be lost. A request that is not whole can
        become so no more, and ends as when its client had closed the connection.
        """
        if self._unknown_line and not self._reads_no_more:
            self._refuse(malformed())
        cycle: Any = self.cycle
        if cycle is None or cycle.response_complete or not self._is_whole(cycle):
            return False
        # It is the last one in the line. Whoever serves it closes the connection behind its answer.
        cycle.keep_alive = False
        return True

    def pause_writing(self) -> None:
        """Read nothing more from a client that does not read its answers."""
        super().pause_writing()
        self.flow.pause_reading()

    def resume_writing(self) -> None:
        """Read on."""
        super().resume_writing()
        self._unread_bytes = 0
        self.flow.resume_reading()

    def _feed(self, data: bytes) -> None:
        try:
            self._parse(data)
        except httptools.HttpParserInvalidMethodError:
            self._refuse_method(self._begun_method + data)
        except httptools.HttpParserError as error:
            self._refuse(problem_of_parser(error))
        if self._head_begun and not self.url:
            self._begun_method = begun_method(self._begun_method, data)
        elif self._begun_method:
            self._begun_method = b""

    def _refuse_method(self, text: bytes) -> None:
        """Refuse a method that the parser does not know, once it is seen whether it stands in a request line."""
        self._unknown_line += begun_line(text)
        if not self._unknown_line:
            self._refuse(problem_of(text))

    def _parse(self, data: bytes) -> None:
        """Feed the parser, which stops behind a head that asks for another protocol, and takes it for a whole request.

        A server may ignore that. The head is read again without it, so that its body and what follows are read too.
        """
        while True:
            try:
                self.parser.feed_data(data)
            except httptools.HttpParserUpgrade as stopped:
                self._ignores_upgrade = False
                data = head_without_upgrade(self.parser, self.url, self.headers) + data[stopped.args[0] :]
                self.parser = httptools.HttpRequestParser(self)
                self.parser.set_dangerous_leniencies(lenient_data_after_close=True)
            else:
                return

    # What the parser calls.

    def on_message_begin(self) -> None:
        """Prepare for a head; the scope is made only for a request of the application."""
        self.url = b""
        self.expect_100_continue = False
        self.headers = []
        self._head_begun = perf_counter()
        self._head_is_split = False
        self._head_bytes = 0

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header without the whitespace behind its value, which the parser leaves there."""
        if value and value[-1] <= _SPACE:
            value = value.rstrip(WHITESPACE)
        name = name.lower()
        if name == b"expect" and value.lower() == b"100-continue":
            self.expect_100_continue = True
        self.headers.append((name, value))

    def on_headers_complete(self) -> None:
        """Put the request into the line.

        Raises:
            Problem: which stops the parser.
        """
        self._head_begun = 0.0
        if self._is_head_too_large():
            raise head_too_large()
        fields = read_headers(self.headers)
        self._version = self.parser.get_http_version()
        host = fields.get(b"host")
        if self._version != "1.1" or host is None or host != self._known_host or b"transfer-encoding" in fields:
            check_framing(self._version, fields)
            self._known_host = host
        if self.parser.get_method() == b"CONNECT":
            # A tunnel, which only proxies are; the parser would read no more anyway.
            raise malformed("CONNECT is for proxies.")
        if self.parser.should_upgrade():
            self._ignores_upgrade = True
            return
        if not self.url.startswith((b"/", b"*")):
            self.url = origin_form(self.url)
        found = self._direct.match(self.parser.get_method(), self.url)
        if found is None:
            self._to_application()
        else:
            self._to_route(*found, fields)
        # What comes behind the body is no part of the head: the parser's trailers go into a list that nobody reads.
        self.headers = []

    def on_body(self, body: bytes) -> None:
        """Receive a part of a body."""
        self._counted_bytes = self._head_bytes = 0
        cycle: Any = self.cycle
        if type(cycle) is DirectRequest:
            cycle.add(body)
        elif cycle.response_complete:
            # Closed in the middle of it, the connection would be reset, and the early answer perhaps never read.
            self._idle_since = perf_counter()
        else:
            super().on_body(body)

    def on_message_complete(self) -> None:
        """End the request that is received."""
        if self._ignores_upgrade:
            return
        # The rest of the chunk, with the next head in it, counts as nothing.
        self._counted_bytes = self._head_bytes = 0
        cycle: Any = self.cycle
        if type(cycle) is DirectRequest:
            cycle.end()
        else:
            super().on_message_complete()

    # The line.

    def close_behind(self, cycle: Any) -> None:
        """Close the connection behind its last answer, the one to this request.

        A client that is still sending must be able to read it: closed with bytes unread, the kernel would reset the
        connection, and the client would send again what was refused for good. So its end is shut on this side alone,
        and what it sends is dropped, until it closes or the sweep finds it idle.
        """
        if (self._is_whole(cycle) and not self._is_one_too_many) or self._direct.edge.draining:
            self.transport.close()
        else:
            self._reads_no_more = True
            self.transport.write_eof()

    def answered(self, now: float) -> None:
        """A direct request is answered."""
        self._serving = None
        self._advance(now)

    def on_response_complete(self) -> None:
        """An ASGI request is answered."""
        self._advance(perf_counter())

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        self._running = cycle
        super()._start_asgi_task(cycle, app)

    def _to_application(self) -> None:
        """Do for an ASGI request what uvicorn does from the beginning of its head."""
        url, headers, expects_continue = self.url, self.headers, self.expect_100_continue
        super().on_message_begin()
        self.headers.extend(headers)
        self.url, self.expect_100_continue = url, expects_continue
        super().on_headers_complete()
        if not self.cycle.keep_alive:
            self.cycle.transport = cast("asyncio.Transport", LastAnswer(self, self.cycle))

    def _to_route(self, route: DirectRoute, template: str, parameters: list[str], fields: dict[bytes, bytes]) -> None:
        request = DirectRequest(self, self._direct, self.headers, fields)
        request.expect(route, template, parameters, expects_continue=self.expect_100_continue)
        request.keep_alive = self.parser.should_keep_alive() and self._version != "1.0"
        self._line_up(request)

    def _line_up(self, request: DirectRequest) -> None:
        previous: Any = self.cycle
        self.cycle = cast("RequestResponseCycle", request)
        if previous is None or previous.response_complete:
            self._start(request)
        else:
            self.flow.pause_reading()
            self.pipeline.appendleft((self.cycle, self.app))

    def _start(self, request: DirectRequest) -> None:
        self._serving = request
        request.start()

    def _advance(self, now: float) -> None:
        """Start what comes next; a loop, for a chunk may hold thousands of requests that are answered at once."""
        self.server_state.total_requests += 1
        self._idle_since = now
        if self._is_advancing:
            return
        self._is_advancing = True
        while self.pipeline and not self.transport.is_closing():
            queued, app = self.pipeline.pop()
            cycle: Any = queued
            if type(cycle) is not DirectRequest:
                self._start_asgi_task(cycle, app)
                break
            self._start(cycle)
            if not cycle.response_complete:
                break
        self._is_advancing = False
        if not self.transport.is_closing():
            self.flow.resume_reading()

    # Limits.

    def sweep(self, now: float) -> None:
        """Refuse what comes too slowly, and close what is idle or is not read; `now` is of `perf_counter`."""
        if self._is_unread(now):
            # A mere close would wait until the client has read the rest.
            self.transport.abort()
            return
        # While this side does not read, a client cannot be late.
        if self.transport.is_closing() or self.flow.read_paused:
            return
        cycle: Any = self.cycle
        if self._head_begun:
            if now - self._head_begun > self._limits.head_seconds:
                self._refuse(head_too_slow())
        elif cycle is None or cycle.response_complete:
            if now - self._idle_since > self._limits.idle_seconds:
                self.transport.close()
        elif type(cycle) is DirectRequest and cycle.is_late(now, self._limits.body_seconds):
            self._refuse(body_too_slow())

    def _is_unread(self, now: float) -> bool:
        """Return whether the client has read nothing for too long of what waits to be sent to it."""
        unread_bytes = self.transport.get_write_buffer_size()
        if not unread_bytes or unread_bytes != self._unread_bytes:
            self._unread_bytes, self._unread_since = unread_bytes, now
        return now - self._unread_since > self._limits.unread_seconds

    def _is_head_too_large(self) -> bool:
        """Count only a head that may be too large."""
        limits = self._limits
        if (
            not self._head_is_split
            and self._chunk_bytes <= limits.max_head_bytes
            and len(self.headers) <= limits.max_headers
        ):
            return False
        return len(self.headers) > limits.max_headers or head_bytes(self.url, self.headers) > limits.max_head_bytes

    def _refuse(self, problem: Problem) -> None:
        """Refuse what is being received, in its turn, and read nothing more."""
        self._reads_no_more = True
        cycle: Any = self.cycle
        if cycle is None or cycle.response_complete or self._is_whole(cycle):
            self._line_up(self._refused(problem))
        elif type(cycle) is DirectRequest:
            cycle.refuse_in_turn(problem)
        elif any(cycle is each for each, _ in self.pipeline):
            self.pipeline[0] = (cast("RequestResponseCycle", self._refused(problem)), self.app)
        elif cycle.response_started:
            self.transport.close()
        else:
            # As when its client had closed the connection: its application sends nothing more.
            cycle.disconnected = cycle.response_complete = True
            cycle.message_event.set()
            self._line_up(self._refused(problem))

    def _refuse_connection(self) -> None:
        """Answer a connection beyond the limit at once, whatever it will ask; the next sweep closes it.

        With twice as many open, nobody can be told any more.
        """
        if len(self.connections) > 2 * self._limits.max_connections:
            self.transport.abort()
            return
        self._is_one_too_many = True
        self._refuse(too_many_connections())
        self._idle_since = perf_counter() - self._limits.idle_seconds

    def _refused(self, problem: Problem) -> DirectRequest:
        """Return a place in the line for the answer to what is no whole request."""
        refused = DirectRequest(self, self._direct, [], {})
        refused.refuse_in_turn(problem)
        return refused

    @staticmethod
    def _is_whole(cycle: Any) -> bool:
        return cycle.whole if type(cycle) is DirectRequest else not cycle.more_body
