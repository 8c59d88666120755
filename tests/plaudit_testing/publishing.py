"""A stand-in for the relay, where a test has no Kafka."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import asyncpg


@asynccontextmanager
async def publishing(url: str) -> AsyncIterator[None]:
    """Say for the length of the block that all events are published: jobs on old reviews give way to others."""
    relay = await asyncpg.connect(url)

    async def publish() -> None:
        while True:
            await relay.execute(
                "UPDATE ingest.relay_cursor SET xid = o.xid, id = o.id "
                "FROM (SELECT xid, id FROM ingest.outbox ORDER BY xid DESC, id DESC LIMIT 1) AS o"
            )
            await asyncio.sleep(0.2)

    task = asyncio.create_task(publish())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        await relay.close()
