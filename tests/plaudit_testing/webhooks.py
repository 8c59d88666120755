"""A platform: posts signed webhooks and comes again when it is told to. Signs by hand, with nothing of the product."""

import asyncio
import base64
import hashlib
import hmac
import json
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx

from plaudit_testing.deadlines import DEADLINE_SECONDS

PATIENCE_SECONDS = 5 * DEADLINE_SECONDS
"""Of a platform: a test makes its database unreachable for as long as it takes."""


def signature(secret: str, message_id: str, timestamp: int, body: bytes) -> str:
    """Standard Webhooks v1."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    mac = hmac.new(key, f"{message_id}.{timestamp}.".encode() + body, hashlib.sha256)
    return "v1," + base64.b64encode(mac.digest()).decode()


def headers(secret: str, body: bytes, message_id: str | None = None, timestamp: int | None = None) -> dict[str, str]:
    """The headers of one attempt."""
    message_id = message_id or f"msg_{uuid.uuid4().hex}"
    timestamp = int(time.time()) if timestamp is None else timestamp
    return {
        "content-type": "application/json",
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": signature(secret, message_id, timestamp, body),
    }


@dataclass
class Platform:
    """Posts events and remembers every id that was answered with 2xx."""

    url: str
    secret: str
    acknowledged: dict[str, dict[str, Any]] = field(default_factory=dict)
    unavailable: int = 0
    refusals: list[tuple[str, float]] = field(default_factory=list)
    """Of each 503, the delivery's id and how many seconds it took."""

    async def post(self, client: httpx.AsyncClient, events: Sequence[dict[str, Any]]) -> dict[str, Any]:
        """Post one delivery until it is answered; the id stays, the time and signature are new each time."""
        body = json.dumps(events, separators=(",", ":"), ensure_ascii=False).encode()
        message_id = f"msg_{uuid.uuid4().hex}"
        end = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < end:
            started = time.monotonic()
            try:
                response = await client.post(self.url, content=body, headers=headers(self.secret, body, message_id))
            except httpx.TransportError:
                self.unavailable += 1
                await asyncio.sleep(0.1)
                continue
            if response.status_code == 503:
                assert int(response.headers["retry-after"]) >= 1
                self.refusals.append((message_id, time.monotonic() - started))
                self.unavailable += 1
                await asyncio.sleep(0.2)
                continue
            assert response.status_code == 202, response.text
            answer: dict[str, Any] = response.json()
            assert not answer["quarantined"], answer
            self.acknowledged[message_id] = answer
            return answer
        raise AssertionError(f"no answer in {PATIENCE_SECONDS:.0f} s")

    async def post_streams(
        self,
        streams: Sequence[Sequence[dict[str, Any]]],
        batch: int,
        after_each: Callable[[], None] = lambda: None,
    ) -> None:
        """Post each stream's events in order, the streams at the same time."""

        async def run(client: httpx.AsyncClient, stream: Sequence[dict[str, Any]]) -> None:
            for start in range(0, len(stream), batch):
                await self.post(client, stream[start : start + batch])
                after_each()

        async with httpx.AsyncClient(timeout=DEADLINE_SECONDS) as client, asyncio.TaskGroup() as group:
            for stream in streams:
                group.create_task(run(client, stream))
