"""A plain HTTP client over a few kept connections, for measurements that wait on more than one service."""

import asyncio
from types import TracebackType
from typing import Self

Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Client:
    """Sends requests that are written out, and reads answers that tell their length."""

    def __init__(self, host: str, port: int, connections: int) -> None:
        self._address = host, port
        self._count = connections
        self._free: asyncio.Queue[Connection] = asyncio.Queue()
        self._all: list[Connection] = []

    async def __aenter__(self) -> Self:
        for _ in range(self._count):
            made = await asyncio.open_connection(*self._address)
            self._all.append(made)
            self._free.put_nowait(made)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for _, writer in self._all:
            writer.close()

    async def ask(self, request: bytes) -> tuple[int, bytes]:
        """Return status and body of the answer."""
        connection = await self._free.get()
        reader, writer = connection
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        start = head.lower().index(b"content-length:") + 15
        body = await reader.readexactly(int(head[start : head.index(b"\r\n", start)]))
        self._free.put_nowait(connection)
        return int(head[9:12]), body
