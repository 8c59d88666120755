"""Bodies of JSON for the framework, which get them only when they are strict JSON."""

import re
from typing import Final

from starlette.types import Message, Receive

from plaudit.common import strict_json
from plaudit.common.http.body import read_body
from plaudit.common.http.exchange import Exchange
from plaudit.common.http.problems import bad_request, not_json

JSON_TYPE: Final = re.compile(rb"application/(?:[a-z0-9.+-]+\+)?json\s*(?:;|\Z)", re.IGNORECASE)
"""A Content-Type that says JSON."""


def receive_strict_json(exchange: Exchange, *, says_json: bool) -> Receive:
    """Return a `receive` that returns the whole body at once, after checking that it is strict JSON.

    The framework reads a body of it only for an operation that has one, whose own parser accepts NaN, duplicate keys
    and any depth. An answer that is sent in parts listens to it too, for the end of the connection.
    """
    given = False

    async def receive() -> Message:
        nonlocal given
        if given or not exchange.awaits_body:
            return await exchange.receive()
        given = True
        body = b"" if exchange.body_complete else await read_body(exchange, exchange.max_bytes)
        if not body:
            raise bad_request("malformed-json", "The body is empty, and this operation needs one.")
        if not says_json:
            raise not_json()
        try:
            strict_json.loads(body)
        except strict_json.InvalidJsonError as error:
            raise bad_request("malformed-json", f"The body is not strict JSON: {error}.") from error
        return {"type": "http.request", "body": body, "more_body": False}

    return receive
