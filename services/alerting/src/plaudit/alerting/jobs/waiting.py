"""Waiting between two turns."""

import asyncio


async def pause(stop: asyncio.Event, seconds: float) -> None:
    """Wait, or return at once when told to stop."""
    try:
        async with asyncio.timeout(seconds):
            await stop.wait()
    except TimeoutError:
        return
