"""Whether the process of this container answers as it should; the status code is the answer.

Usage: healthcheck.py [PATH [STATUS]], by default /readyz and 200, on the port that PLAUDIT_HTTP_PORT names.
"""

import http.client
import os
import sys

TIMEOUT_SECONDS = 4

path, status = [*sys.argv[1:], *("/readyz", "200")[len(sys.argv) - 1 :]]
connection = http.client.HTTPConnection("127.0.0.1", int(os.environ["PLAUDIT_HTTP_PORT"]), timeout=TIMEOUT_SECONDS)
try:
    connection.request("GET", path)
    answer = connection.getresponse()
    said = f"{answer.status} {answer.read(2_000).decode(errors='replace')}"
    healthy = answer.status == int(status)
except (OSError, http.client.HTTPException) as error:
    said, healthy = f"{type(error).__name__}: {error}", False
sys.stdout.write(f"{said}\n")
sys.exit(not healthy)
