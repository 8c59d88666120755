"""Asks a Kafka broker over a plain socket which brokers are in the cluster.

Blocking and without any client library, so that it can be asked from anywhere (a fixture inside a running event loop,
a supervisor without one) and costs nothing while the broker is not there yet.
"""

import socket
import struct

METADATA = 3
VERSION = 1
TIMEOUT_SECONDS = 2.0
RESPONSE_MAX_BYTES = 1_000_000


def live_brokers(host: str, port: int) -> int:
    """How many brokers the one at this address sees alive (unfenced); 0 when it does not answer properly."""
    try:
        with socket.create_connection((host, port), timeout=TIMEOUT_SECONDS) as connection:
            connection.sendall(_request())
            size = struct.unpack(">i", _read(connection, 4))[0]
            if not 8 <= size <= RESPONSE_MAX_BYTES:
                return 0
            # correlation id, then the length of the array of brokers
            count: int = struct.unpack_from(">ii", _read(connection, size))[1]
            return max(count, 0)
    except (OSError, EOFError):
        return 0


def _request() -> bytes:
    """Metadata v1 with header v1 and an empty array of topics: asks for none."""
    client = b"plaudit-local"
    body = struct.pack(">hhih", METADATA, VERSION, 1, len(client)) + client + struct.pack(">i", 0)
    return struct.pack(">i", len(body)) + body


def _read(connection: socket.socket, size: int) -> bytes:
    data = bytearray()
    while len(data) < size:
        chunk = connection.recv(size - len(data))
        if not chunk:
            raise EOFError
        data += chunk
    return bytes(data)
