"""Request bodies as bytes, limited while they stream."""

from typing import Protocol

from starlette.requests import ClientDisconnect, Request
from starlette.types import Message

from plaudit.common.http.problems import body_too_large


class Receiving(Protocol):
    """A request, or anything else with the messages of one."""

    async def receive(self) -> Message:
        """Return the next message."""


async def read_body(request: Request | Receiving, max_bytes: int) -> bytes:
    """Return the whole body, whose largest size is `max_bytes`.

    Raises:
        Problem: 413 once it is known to be larger than `max_bytes`, without reading on.
        ClientDisconnect: the client closed the connection.
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
