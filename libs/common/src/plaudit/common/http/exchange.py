"""One request and its answer below the edge: counted, limited, and ended when the body comes too slowly."""

import asyncio
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from starlette.types import Message, Receive, Send

from plaudit.common.http.limits import BODY_SECONDS, DEFAULT_LIMITS
from plaudit.common.http.problems import body_too_large, body_too_slow, unavailable

_CHECK_SECONDS: Final = 1.0
_NO_ANSWER: Final = 500
_NO_STORE: Final = (b"cache-control", b"no-store")


class SlowBodies:
    """Ends requests whose body comes too slowly.

    It checks all waiting ones once a second, since a timer for each request costs 6 µs, most of the edge's time.
    """

    def __init__(self, timeout_seconds: float = BODY_SECONDS) -> None:
        self._timeout_seconds = timeout_seconds
        self._waiting: dict[Exchange, asyncio.Task[Any] | None] = {}
        self._armed = False

    def enter(self, exchange: "Exchange") -> None:
        """Watch an exchange whose task waits for a part of its body."""
        self._waiting[exchange] = asyncio.current_task()
        if not self._armed:
            self._arm()

    def leave(self, exchange: "Exchange") -> None:
        """Stop watching an exchange."""
        self._waiting.pop(exchange, None)

    def was_cut_off(self, exchange: "Exchange") -> bool:
        """Return whether only this object cancelled the wait; if so, the cancellation is undone."""
        if not exchange.cut_off:
            return False
        task = asyncio.current_task()
        return task is not None and task.uncancel() == 0

    def _arm(self) -> None:
        self._armed = True
        asyncio.get_running_loop().call_later(min(_CHECK_SECONDS, self._timeout_seconds), self._check)

    def _check(self) -> None:
        self._armed = False
        limit = time.perf_counter() - self._timeout_seconds
        for exchange, task in self._waiting.items():
            if task is not None and exchange.begun < limit and not exchange.cut_off:
                exchange.cut_off = True
                task.cancel()
        if self._waiting:
            self._arm()


class BodiesInFlight:
    """Bounds the bytes of all bodies together that are received and whose requests are not answered yet."""

    def __init__(self, max_bytes: int = DEFAULT_LIMITS.max_body_bytes_in_flight) -> None:
        self.max_bytes = max_bytes
        self.held_bytes = 0

    def hold(self, count: int) -> None:
        """Count so many bytes more.

        Raises:
            Problem: 503 when they would be too many; then none is counted.
        """
        if self.held_bytes + count > self.max_bytes:
            raise unavailable("Too many bodies are being received. Nothing was stored; try again.")
        self.held_bytes += count

    def release(self, count: int) -> None:
        """Count the bytes of an answered request no longer."""
        self.held_bytes -= count


@dataclass(slots=True, eq=False)
class Exchange:
    """The two channels of one request, and what has passed through them."""

    _receive: Receive
    _send: Send
    max_bytes: int
    """Of the body."""
    _extra_headers: Iterable[tuple[bytes, bytes]]
    """Added to every answer that does not have them itself."""
    _slow_bodies: SlowBodies
    """Ends the request when its body takes too long."""
    _bodies: BodiesInFlight
    _may_be_cached: bool = True
    """If not, an answer without a cache-control header gets `no-store`."""
    is_streamed: bool = False
    """Whether whoever serves it keeps no part of the body: then only the part at hand counts as in flight, and the time
    that a body may take is that for its next part."""
    awaits_body: bool = True
    """Whether the operation has a body, as long as it is not known to have none."""
    begun: float = field(default_factory=time.perf_counter)
    received: int = 0
    """Bytes of the body so far."""
    held: int = 0
    """Of these, the bytes that count as in flight."""
    body_complete: bool = False
    cut_off: bool = False
    started: bool = False
    """Whether the answer's head was sent."""
    status: int = _NO_ANSWER

    async def receive(self) -> Message:
        """Return the connection's next message.

        Raises:
            Problem: 413 when the body is over its limit, 408 when it takes too long, 503 when too many are received.
        """
        if self.body_complete:
            return await self._receive()
        if self.is_streamed:
            self._bodies.release(self.held)
            self.held = 0
            self.begun = time.perf_counter()
        self._slow_bodies.enter(self)
        try:
            message = await self._receive()
        except asyncio.CancelledError:
            if self._slow_bodies.was_cut_off(self):
                raise body_too_slow() from None
            raise
        finally:
            self._slow_bodies.leave(self)
        part_bytes = len(message.get("body", b""))
        self.received += part_bytes
        if self.received > self.max_bytes:
            raise body_too_large(self.max_bytes)
        self._bodies.hold(part_bytes)
        self.held += part_bytes
        if not message.get("more_body", False):
            self.body_complete = True
        return message

    async def send(self, message: Message) -> None:
        """Send a message of the answer."""
        if not self.started:
            self.started = True
            self.status = message["status"]
            headers = list(message.get("headers", ()))
            given = {name for name, _ in headers}
            headers += [header for header in self._extra_headers if header[0] not in given]
            if not self._may_be_cached and not any(name == b"cache-control" for name, _ in headers):
                headers.append(_NO_STORE)
            message["headers"] = headers
        await self._send(message)
