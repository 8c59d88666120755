"""Asks a Kafka broker over a plain socket which cluster it is of, and which brokers are alive.

Blocking and without any client library, so that it can be asked from anywhere (a fixture inside a running event loop,
a supervisor without one) and costs nothing while the broker is not there yet.
"""

import socket
import struct
from dataclasses import dataclass

METADATA = 3
VERSION = 2
TIMEOUT_SECONDS = 2.0
RESPONSE_MAX_BYTES = 1_000_000


@dataclass(frozen=True)
class Cluster:
    """What a broker says of its cluster."""

    id: str
    live_brokers: int  # unfenced ones


def ask(host: str, port: int) -> Cluster | None:
    """The cluster behind this address; None when nothing there answers as a broker."""
    try:
        with socket.create_connection((host, port), timeout=TIMEOUT_SECONDS) as connection:
            connection.sendall(_request())
            size = struct.unpack(">i", _read(connection, 4))[0]
            return _cluster(_read(connection, size)) if 0 < size <= RESPONSE_MAX_BYTES else None
    except (OSError, EOFError, struct.error):
        return None


def _request() -> bytes:
    """Metadata v2 with header v1 and an empty array of topics: asks for none."""
    client = b"plaudit-local"
    body = struct.pack(">hhih", METADATA, VERSION, 1, len(client)) + client + struct.pack(">i", 0)
    return struct.pack(">i", len(body)) + body


def _cluster(response: bytes) -> Cluster:
    # correlation id; brokers (id, host, port, rack or null); cluster id
    brokers = struct.unpack_from(">i", response, 4)[0]
    position = 8
    for _ in range(brokers):
        position = _after_string(response, position + 4)
        position = _after_string(response, position + 4)
    end = _after_string(response, position)
    return Cluster(response[position + 2 : end].decode(errors="replace"), brokers)


def _after_string(response: bytes, position: int) -> int:
    length: int = struct.unpack_from(">h", response, position)[0]
    return position + 2 + max(length, 0)


def _read(connection: socket.socket, size: int) -> bytes:
    data = bytearray()
    while len(data) < size:
        chunk = connection.recv(size - len(data))
        if not chunk:
            raise EOFError
        data += chunk
    return bytes(data)
