"""Tasks that are given up."""

import asyncio
from typing import Any


async def end(task: "asyncio.Task[Any] | None") -> None:
    """Cancel a task whose result nobody waits for any more, and see it end."""
    if task is None:
        return
    task.cancel()
    await asyncio.wait({task})
    if not task.cancelled():
        task.exception()
