"""What is sent to an endpoint over HTTP."""

from collections.abc import Mapping

import msgspec


class Request(msgspec.Struct, frozen=True):
    """The body and the headers of a POST."""

    body: bytes
    headers: Mapping[str, str]
    shown: bytes
    """What is kept of it with the attempt: the body without secrets."""
