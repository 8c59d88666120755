"""A signed webhook by Standard Webhooks 1.0: type, timestamp and data, thin enough to be logged by a receiver."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import msgspec

from plaudit.common.delivery.domain.message import Content, Delivery
from plaudit.common.delivery.domain.shapes.request import Request
from plaudit.common.standard_webhooks import signed_headers
from plaudit.common.text import shortened

MAX_BODY_BYTES: Final = 20_000
"""What the specification advises; a longer text is cut, and `truncated` says so."""
REFUSING: Final[frozenset[int]] = frozenset()
"""No status: only 2xx is a success, and all else is tried again."""


def request_of(delivery: Delivery, content: Content, keys: Sequence[bytes], now: datetime) -> Request:
    """Return what is sent: signed with each key, there are several while a secret is replaced.

    Args:
        delivery: its id is `webhook-id`, the same at each attempt.
        content: what it says.
        keys: at least one, the newest first.
        now: the time of this attempt.
    """
    body = body_of(delivery, content)
    headers = signed_headers(keys, webhook_id(delivery), int(now.timestamp()), body)
    return Request(body, {"content-type": "application/json; charset=utf-8", **headers}, body)


def webhook_id(delivery: Delivery) -> str:
    """Return the idempotency key that a receiver sees."""
    return f"msg_{delivery.id.hex}"


def body_of(delivery: Delivery, content: Content) -> bytes:
    """Return the payload. Its time is that of the message, so that each attempt sends the same bytes."""
    most = len(content.text)
    body = _body(delivery, content, most)
    while len(body) > MAX_BODY_BYTES and most:
        most //= 2
        body = _body(delivery, content, most)
    return body


def _body(delivery: Delivery, content: Content, most: int) -> bytes:
    return msgspec.json.encode(
        {
            "type": delivery.topic,
            "timestamp": delivery.created_at,
            "data": {
                **content.data,
                "subject": shortened(content.subject, 500),
                "text": shortened(content.text, most),
                "link": content.link or None,
                "thread": delivery.thread or None,
                "truncated": most < len(content.text),
            },
        }
    )
