"""What a delivery must not cost: a task, a future or a timer of its own."""

import asyncio
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

from plaudit.common.group_commit import GroupCommit
from plaudit.common.http import create_app
from plaudit.common.ids import uuid7
from plaudit.ingest.hooks.api.route import Hooks
from plaudit.ingest.hooks.api.source_cache import CachedSource, known_source
from plaudit.ingest.hooks.domain import ACCEPTED, Delivery, Outcome, Receipt
from plaudit.ingest.sources.domain import KeyedSource
from plaudit_testing.connections import loop_calls, our_connections
from plaudit_testing.running_ingest import created, settings_for
from plaudit_testing.runtime import running
from plaudit_testing.webhooks import headers

SECRET = "whsec_" + "A" * 43 + "="
BODY = json.dumps(created("r-1")).encode()
SOURCE = KeyedSource(
    tenant_id="t",
    id=str(uuid4()),
    name="n",
    platform="native",
    subject="acme",
    secret=SECRET,
    created_at=datetime(2026, 1, 1, tzinfo=UTC),
    person_key=b"k",
)


class Known:
    """A cache that knows the source."""

    def cached(self, _source_id: str) -> CachedSource:
        return known_source(SOURCE)


def request() -> bytes:
    """A signed delivery of now: a signature is good for some minutes only."""
    signed = "".join(f"{name}: {value}\r\n" for name, value in headers(SECRET, BODY).items())
    head = f"POST /v1/hooks/{SOURCE.id} HTTP/1.1\r\nhost: x\r\ncontent-length: {len(BODY)}\r\n{signed}\r\n"
    return head.encode() + BODY


async def write(group: Sequence[Delivery]) -> list[Receipt]:
    return [Receipt(Outcome(each.id, ACCEPTED, 1, 0, (), None, each.body)) for each in group]


async def asked_for(count: int) -> list[str]:
    """What the event loop is asked for by so many deliveries of one turn."""
    writer: GroupCommit[Delivery, Receipt] = GroupCommit("deliveries", write)
    sources: Any = Known()
    nothing: Any = None
    hooks = Hooks(sources, writer, nothing, nothing, uuid7, settings_for("postgresql://nowhere"))
    resources: Any = SimpleNamespace(database=None)
    app = create_app(title="t", service="t", description="", resources=resources, routers=(), direct_routes=[hooks])
    connections, delivery = our_connections(app, count), request()
    async with running(writer):
        await asyncio.sleep(0)
        with loop_calls() as asked:
            for connection in connections:
                connection.protocol.data_received(delivery)
            for _ in range(5):
                await asyncio.sleep(0)
        assert all(connection.transport.written.startswith(b"HTTP/1.1 202 ") for connection in connections)
    return sorted(asked)


async def test_a_hundred_deliveries_of_a_turn_ask_the_event_loop_for_no_more_than_one():
    one = await asked_for(1)
    assert one.count("create_task") <= 1, "that of the group"
    assert await asked_for(100) == one
