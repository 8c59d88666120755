"""Over a real socket, with requests that no client library would send: refused, and never a 500."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import pytest

from plaudit_testing.running_ingest import Ingest, Source, created, running_ingest
from plaudit_testing.serving import serving
from plaudit_testing.webhooks import headers

pytestmark = pytest.mark.postgres

CAP_BYTES = 4_096
DEADLINE_SECONDS = 60.0
BODY = json.dumps(created("r-1")).encode()


class Wire:
    """Sends bytes as they are."""

    def __init__(self, port: int) -> None:
        self._port = port

    async def status(self, *parts: bytes) -> int:
        """The status of the first answer to these bytes; 0 where the connection was closed without one."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        try:
            for part in parts:
                writer.write(part)
                await writer.drain()
            async with asyncio.timeout(DEADLINE_SECONDS):
                line = await reader.readline()
        except ConnectionError:
            return 0
        finally:
            writer.transport.abort()
        found = re.match(rb"HTTP/1\.1 (\d{3}) ", line)
        return int(found[1]) if found else 0


@pytest.fixture
async def ingest(ingest_url: str) -> AsyncIterator[Ingest]:
    async with running_ingest(ingest_url, hook_max_body_bytes=CAP_BYTES) as opened:
        yield opened


@pytest.fixture
async def wire(ingest: Ingest) -> AsyncIterator[Wire]:
    assert ingest.parts.app is not None
    async with serving(ingest.parts.app) as client:
        port = urlsplit(str(client.base_url)).port
        assert port is not None
        yield Wire(port)


def request(source: Source, *lines: bytes, path: bytes | None = None) -> bytes:
    head = [b"POST %b HTTP/1.1" % (path or source.hook.encode()), b"host: ingest", *lines]
    return b"\r\n".join(head) + b"\r\n\r\n"


def proof(source: Source, body: bytes = BODY) -> dict[bytes, bytes]:
    return {name.encode(): value.encode() for name, value in headers(source.secret, body).items()}


def lines(fields: dict[bytes, bytes]) -> list[bytes]:
    return [name + b": " + value for name, value in fields.items()]


LENGTH = b"content-length: %d" % len(BODY)


async def test_what_is_proven_is_taken(wire: Wire, source: Source):
    assert await wire.status(request(source, *lines(proof(source)), LENGTH), BODY) == 202
    chunked = b"%x\r\n%b\r\n0\r\n\r\n" % (len(BODY), BODY)
    assert await wire.status(request(source, *lines(proof(source)), b"transfer-encoding: chunked"), chunked) == 202


async def test_hostile_headers_are_refused_and_never_a_500(wire: Wire, source: Source, ingest: Ingest):
    right = proof(source)
    hostile = [
        {**right, b"webhook-signature": b"\xff\xfe\x80"},
        {**right, b"webhook-signature": b"v1," + b"A" * 30_000},
        {**right, b"webhook-id": b"\xc3\xa9"},
        {**right, b"webhook-timestamp": b"\xd9\xa1\xd9\xa2"},
        {**right, b"webhook-timestamp": b"9" * 20_000},
        {**right, b"webhook-id": b""},
        {**right, b"webhook-id": b"a\x00b"},
        {**right, b"webhook-id": b"a\x0bb"},
        {**right, b"webhook-id\x00": b"msg_1"},
    ]
    statuses = [await wire.status(request(source, *lines(fields), LENGTH), BODY) for fields in hostile]
    assert set(statuses) <= {400, 401}
    assert 401 in statuses
    assert (await ingest.counts())["deliveries"] == 0


async def test_hostile_addresses_are_refused_and_never_a_500(wire: Wire, source: Source):
    for path in (b"/v1/hooks/%ff%fe", b"/v1/hooks/%00", b"/v1/hooks/\xff", b"/v1/hooks/%ed%a0%80", b"/v1/hooks/a%2fb"):
        status = await wire.status(request(source, *lines(proof(source)), LENGTH, path=path), BODY)
        assert status in {400, 401}, path


async def test_hostile_lengths_are_refused_and_never_a_500(wire: Wire, source: Source, ingest: Ingest):
    fields = lines(proof(source))
    for length in (b"-1", b"abc", b"1_0", b"9" * 30, b"1, 2", b"\xb2"):
        assert await wire.status(request(source, *fields, b"content-length: " + length), BODY) in {400, 413}, length
    both = request(source, *fields, LENGTH, b"transfer-encoding: chunked")
    assert await wire.status(both, BODY) in {0, 400}
    assert (await ingest.counts())["deliveries"] == 0


async def test_a_body_over_the_cap_is_a_413_before_it_has_come(wire: Wire, source: Source):
    told = request(source, *lines(proof(source)), b"content-length: %d" % (CAP_BYTES + 1))
    assert await wire.status(told) == 413
    untold = request(source, *lines(proof(source)), b"transfer-encoding: chunked")
    chunk = b"%x\r\n%b\r\n" % (1_000, b"x" * 1_000)
    assert await wire.status(untold, *[chunk] * (CAP_BYTES // 1_000 + 1)) == 413


async def test_a_sender_that_goes_away_in_the_middle_leaves_nothing_behind(wire: Wire, source: Source, ingest: Ingest):
    _, writer = await asyncio.open_connection("127.0.0.1", wire._port)
    writer.write(request(source, *lines(proof(source)), LENGTH) + BODY[:10])
    await writer.drain()
    writer.transport.abort()
    assert await wire.status(request(source, *lines(proof(source)), LENGTH), BODY) == 202
    assert (await ingest.counts())["deliveries"] == 1
