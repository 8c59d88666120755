"""Serve an application on a real socket of the loopback interface, inside the test's own event loop."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx

from plaudit.common.http import Api
from plaudit.common.http.limits import DEFAULT_LIMITS, Limits
from plaudit.common.http.server import HttpServer
from plaudit_testing.deadlines import DEADLINE_SECONDS

STOP_SECONDS = 5.0


@asynccontextmanager
async def serving(app: Api, limits: Limits = DEFAULT_LIMITS) -> AsyncIterator[httpx.AsyncClient]:
    """Yield a client of the application, which our own server serves until the block ends."""
    server = HttpServer(app, "127.0.0.1", 0, STOP_SECONDS, limits)
    running = asyncio.create_task(server.run())
    try:
        async with httpx.AsyncClient(base_url=server.url, timeout=DEADLINE_SECONDS) as client:
            yield client
    finally:
        await server.stop(drain_seconds=0)
        await running
