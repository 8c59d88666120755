"""Request bodies as bytes, capped while they stream."""

from typing import Final

from starlette.requests import ClientDisconnect, Request

from plaudit.common.http.problems import Problem, body_too_large

BODY_TIMEOUT_SECONDS: Final = 10.0
"""For the whole body of a request: who sends slower is cut off."""


async def read_body(request: Request, max_bytes: int) -> bytes:
    """Return the whole body.

    Raises:
        Problem: 413 once it is known to be larger than `max_bytes`, without reading on; 408 when it takes too long.
        ClientDisconnect: the client went away in the middle.
    """
    message = await request.receive()
    if message["type"] == "http.disconnect":
        raise ClientDisconnect
    first: bytes = message.get("body", b"")
    if len(first) > max_bytes:
        raise body_too_large(max_bytes)
    if not message.get("more_body", False):
        return first
    body = bytearray(first)
    while message.get("more_body", False):
        message = await request.receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        body += message.get("body", b"")
        if len(body) > max_bytes:
            raise body_too_large(max_bytes)
    return bytes(body)


def too_slow() -> Problem:
    """Return a 408 for a body that did not arrive in time."""
    detail = f"The body must arrive within {BODY_TIMEOUT_SECONDS:.0f} s."
    return Problem("body-too-slow", 408, "The body took too long", detail, headers={"Connection": "close"})
