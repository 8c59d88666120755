"""The ends of a connection's line: reading on when nothing waits in it, and closing behind its last answer."""

import asyncio
from collections.abc import Sized

from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from plaudit.common.http.direct import Connection


class LineFlow(FlowControl):
    """Reads on only when no request waits in the line, and no answer for the client to read it.

    A chunk holds thousands of requests, and each answer would let in another: one client that sends without a pause
    would fill the memory.
    """

    def __init__(self, transport: asyncio.Transport, line: Sized) -> None:
        """Watch the line of a connection."""
        super().__init__(transport)
        self._line = line

    def resume_reading(self) -> None:
        """Read on, unless something waits."""
        if not self._line and not self.write_paused:
            super().resume_reading()


class LastAnswer:
    """The transport of an ASGI request behind whose answer uvicorn closes the connection."""

    __slots__ = ("_connection", "_cycle", "is_closing", "write")

    def __init__(self, connection: Connection, cycle: RequestResponseCycle) -> None:
        """Write to the connection's own transport."""
        self._connection = connection
        self._cycle = cycle
        self.write = connection.transport.write
        self.is_closing = connection.transport.is_closing

    def close(self) -> None:
        """Close the connection as behind a direct request."""
        self._connection.close_behind(self._cycle)
