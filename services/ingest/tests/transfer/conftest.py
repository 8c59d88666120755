"""Ingest in place of the network, for what is posted to it."""

import asyncio
import json
import time

import httpx
import pytest

from plaudit.common.standard_webhooks import decode_secret, new_secret, verify
from plaudit.ingest.transfer.cli import posting


class Receiver:
    """Takes webhooks as ingest does, and answers what a test says."""

    url = "http://ingest/v1/hooks/1"

    def __init__(self) -> None:
        self.secret = new_secret()
        self.requests: list[httpx.Request] = []
        self.most_under_way = 0
        self.answers: list[httpx.Response | Exception] = []
        self.max_body_bytes = 1 << 30
        self._under_way: list[set[str]] = []
        self.overlapped: set[str] = set()
        """Reviews of which two deliveries were under way at once."""

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        body = await request.aread()
        proof = [request.headers[f"webhook-{name}"].encode() for name in ("id", "timestamp", "signature")]
        verify(*proof, body, (decode_secret(self.secret),), time.time())
        events = json.loads(body)
        ids = {event["data"]["id"] for event in events if "data" in event}
        for others in self._under_way:
            self.overlapped |= ids & others
        self._under_way.append(ids)
        self.most_under_way = max(self.most_under_way, len(self._under_way))
        # The later a delivery comes, the sooner it is answered, so that order is kept by the sender alone.
        for _ in range(max(1, 40 - len(self.requests) % 40)):
            await asyncio.sleep(0)
        self._under_way.remove(ids)
        self.requests.append(request)
        if self.answers:
            answer = self.answers.pop(0)
            if isinstance(answer, Exception):
                raise answer
            return answer
        if len(body) > self.max_body_bytes:
            return httpx.Response(413, json={"detail": "too large"})
        return httpx.Response(202, json={"accepted": len(events), "quarantined": []})

    @property
    def events(self) -> list[dict]:
        """All events, in the order of their answers."""
        return [event for request in self.requests for event in json.loads(request.content)]


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch) -> Receiver:
    """Ingest, in place of the network; nobody waits between two tries."""
    made = Receiver()

    class Client(httpx.AsyncClient):
        def __init__(self, **options) -> None:
            super().__init__(transport=httpx.MockTransport(made), timeout=options["timeout"])

    monkeypatch.setattr(posting.httpx, "AsyncClient", Client)
    monkeypatch.setattr(posting, "RETRY_DELAY_SECONDS", 0.0)
    return made
