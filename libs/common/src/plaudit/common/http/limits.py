"""What one connection may send, and how long it may take; for every request, whoever serves it."""

from dataclasses import dataclass
from typing import Final

BODY_SECONDS: Final = 10.0
"""For the whole body of a request."""


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
    sweep_seconds: float = 1.0
    """How often all connections are looked at, so that no request needs a timer."""


DEFAULT_LIMITS: Final = Limits()
