"""What one connection may send and all together may hold, and how long it may take, whoever serves the requests."""

from dataclasses import dataclass
from typing import Final

BODY_SECONDS: Final = 10.0
"""For the whole body of a request."""

ESCAPED_BYTES: Final = 3
"""That each byte of a text may take in the body of a form."""
OTHER_BYTES: Final = 65_536
"""Of what else is in a body that has one large part."""


def form_bytes(of_text: int) -> int:
    """Return how large the body of a form may be that has a text of so many bytes, however it is escaped."""
    return ESCAPED_BYTES * of_text + OTHER_BYTES


@dataclass(frozen=True)
class Limits:
    """The limits of the HTTP server."""

    max_head_bytes: int = 32 * 1024
    """Of request line and headers together."""
    max_headers: int = 100
    head_seconds: float = 10.0
    """From the first byte of a head to its end."""
    body_seconds: float = BODY_SECONDS
    idle_seconds: float = 20.0
    """How long a connection may be open without a request."""
    unread_seconds: float = 30.0
    """How long a client may read nothing of what was written to it."""
    max_connections: int = 800
    """Open at once. Below the 1,024 open files that a process usually has."""
    max_body_bytes_in_flight: int = 64 * 1024 * 1024
    """Of all bodies together that are received and whose requests are not answered yet."""
    sweep_seconds: float = 1.0
    """How often all connections are looked at, so that no request needs a timer."""


DEFAULT_LIMITS: Final = Limits()
