"""The floor: a bare HTTP parser, the signature, one INSERT of deliveries for each group, 202.

It reads no JSON, keeps no review and publishes nothing. A durable webhook route in this language can hardly cost less.
"""

import asyncio
import gc
import time
from typing import cast

import asyncpg
import httptools
import uvloop
from asyncpg.pgproto import pgproto

from benchmarks.peers.signing_keys import signing_keys
from plaudit.common.ids import uuid7
from plaudit.common.standard_webhooks import verify
from plaudit.ingest.settings import IngestSettings

SCHEMA = """
CREATE SCHEMA IF NOT EXISTS floor;
CREATE TABLE IF NOT EXISTS floor.deliveries (LIKE ingest.deliveries INCLUDING ALL)
"""
INSERT = """
INSERT INTO floor.deliveries
    (tenant_id, id, source_id, dedup_id, sent_id, received_at, status, accepted, unchanged, headers, body)
SELECT 'default', unnest($1::uuid[]), unnest($2::uuid[]), unnest($3::text[]), unnest($3::text[]), now(), 202, 1, 0,
       '{}', unnest($4::bytea[])
"""
PREFIX = b"/v1/hooks/"
FLUSHERS = 2
HEAD = b"HTTP/1.1 %b\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%b"


class Writer:
    """Groups what waits into one INSERT."""

    def __init__(self) -> None:
        self._waiting: list[Connection] = []
        self._arrived = asyncio.Event()

    def add(self, connection: "Connection") -> None:
        """Let a delivery wait for the next group."""
        self._waiting.append(connection)
        self._arrived.set()

    async def flush(self, database_url: str) -> None:
        """Write groups for ever over one connection."""
        raw = await asyncpg.connect(database_url)
        insert = await raw.prepare(INSERT)
        while True:
            if not self._waiting:
                self._arrived.clear()
                await self._arrived.wait()
            group, self._waiting = self._waiting, []
            if group:
                await insert.fetch(
                    [each.id for each in group],
                    [each.source_id for each in group],
                    [each.sent_id for each in group],
                    [each.body for each in group],
                )
            for each in group:
                each.answer(b"202 Accepted", b'{"delivery_id":"%b","accepted":1}' % str(each.id).encode())


class Connection(asyncio.Protocol):
    """One connection; one request at a time."""

    def __init__(self, writer: Writer, sources: dict[bytes, tuple[pgproto.UUID, bytes]]) -> None:
        self._writer = writer
        self._sources = sources
        self._parser = httptools.HttpRequestParser(self)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self._transport = cast("asyncio.WriteTransport", transport)

    def data_received(self, data: bytes) -> None:
        """Parse what came."""
        self._parser.feed_data(data)

    def on_message_begin(self) -> None:
        """Begin a request."""
        self._url = self.body = b""
        self._headers: dict[bytes, bytes] = {}

    def on_url(self, url: bytes) -> None:
        """Take the address."""
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header."""
        self._headers[name.lower()] = value

    def on_body(self, body: bytes) -> None:
        """Take a part of the body."""
        self.body += body

    def on_message_complete(self) -> None:
        """Verify a delivery and let it wait; answer everything else at once."""
        if not self._url.startswith(PREFIX):
            self.answer(b"200 OK", b"{}")
            return
        headers, (self.source_id, key) = self._headers, self._sources[self._url[len(PREFIX) :]]
        sent_id = headers[b"webhook-id"]
        verify(sent_id, headers[b"webhook-timestamp"], headers[b"webhook-signature"], self.body, (key,), time.time())
        self.id, self.sent_id = uuid7(), sent_id.decode()
        self._writer.add(self)

    def answer(self, status: bytes, body: bytes) -> None:
        """Write an answer."""
        self._transport.write(HEAD % (status, len(body), body))


async def prepare(settings: IngestSettings) -> dict[bytes, tuple[pgproto.UUID, bytes]]:
    """Make the table; return id and key of each source, by its id in the address."""
    raw = await asyncpg.connect(settings.database_url.get_secret_value())
    await raw.execute(SCHEMA)
    await raw.close()
    keys = await signing_keys(settings)
    return {str(source_id).encode(): (pgproto.UUID(source_id.bytes), key) for source_id, key in keys.items()}


async def main() -> None:
    """Serve for ever."""
    settings = IngestSettings()
    sources, writer = await prepare(settings), Writer()
    await asyncio.get_running_loop().create_server(
        lambda: Connection(writer, sources), "127.0.0.1", settings.http_port, backlog=2048
    )
    async with asyncio.TaskGroup() as group:
        for _ in range(FLUSHERS):
            group.create_task(writer.flush(settings.database_url.get_secret_value()))


if __name__ == "__main__":
    gc.set_threshold(50_000, 20, 20)
    uvloop.run(main())
