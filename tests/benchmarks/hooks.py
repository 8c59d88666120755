"""Signed webhook requests, made before they are sent."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from benchmarks.reviews import TENANT
from benchmarks.servers import Product, Servers, ask
from plaudit.common.api_keys import commands as api_keys
from plaudit.common.db import Database, Role


@dataclass(frozen=True)
class Hook:
    """Where a source's webhooks go, and what they are signed with."""

    port: int
    path: str
    secret: bytes

    @property
    def address(self) -> tuple[str, int]:
        """Host and port."""
        return "127.0.0.1", self.port

    def request(self, events: object) -> bytes:
        """One delivery as it goes over the wire, signed for now (good for five minutes)."""
        body = json.dumps(events, separators=(",", ":")).encode()
        message_id, timestamp = f"msg_{uuid4().hex}", int(time.time())
        mac = hmac.digest(self.secret, f"{message_id}.{timestamp}.".encode() + body, hashlib.sha256)
        head = (
            f"POST {self.path} HTTP/1.1\r\n"
            f"host: 127.0.0.1:{self.port}\r\n"
            "user-agent: plaudit-benchmark\r\n"
            "content-type: application/json\r\n"
            f"content-length: {len(body)}\r\n"
            f"webhook-id: {message_id}\r\n"
            f"webhook-timestamp: {timestamp}\r\n"
            f"webhook-signature: v1,{base64.b64encode(mac).decode()}\r\n"
            "\r\n"
        )
        return head.encode() + body


def make_sources(ingest: Product, key: str, subjects: Sequence[str]) -> list[Hook]:
    """Make a native source for each subject, over the API."""
    hooks = []
    for subject in subjects:
        made: dict[str, Any] = ask(
            f"{ingest.base}/v1/sources", key, {"name": f"Source of {subject}", "platform": "native", "subject": subject}
        )
        secret = base64.b64decode(made["secret"].removeprefix("whsec_"))
        hooks.append(Hook(ingest.port, f"/v1/hooks/{made['id']}", secret))
    return hooks


async def make_key(backing: Servers) -> str:
    """An API key with every scope."""
    database = Database(backing.settings, "common", Role.OWNER, pool_size=1)
    try:
        async with database.transaction() as tx:
            return await api_keys.create(tx, TENANT, "benchmark", ["*"])
    finally:
        await database.close()
