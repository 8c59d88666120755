"""Asks a service of this machine whether it is ready."""

import http.client

from plaudit_local.servers.ports import LOOPBACK

READY_TIMEOUT_SECONDS = 1.0


def answers_ready(port: int) -> bool:
    """Return whether GET /readyz on this port of the loopback interface answers 200."""
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=READY_TIMEOUT_SECONDS)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
