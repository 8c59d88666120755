"""Whether the process of this container answers as it should; the status code is the answer.

Usage: healthcheck.py [PATH [STATUS]], by default /readyz and 200, on the port that PLAUDIT_HTTP_PORT names. It runs
every ten seconds, so it imports little.
"""

import os
import socket
import sys

TIMEOUT_SECONDS = 8
SHOWN_BYTES = 2_000

path, status = [*sys.argv[1:], *("/readyz", "200")[len(sys.argv) - 1 :]]
try:
    with socket.create_connection(("127.0.0.1", int(os.environ["PLAUDIT_HTTP_PORT"])), TIMEOUT_SECONDS) as connection:
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".encode())
        said = connection.makefile("rb").read(SHOWN_BYTES).decode(errors="replace")
    healthy = said.startswith(f"HTTP/1.1 {status} ")
except OSError as error:
    said, healthy = f"{type(error).__name__}: {error}", False
sys.stdout.write(f"{said}\n")
sys.exit(not healthy)
