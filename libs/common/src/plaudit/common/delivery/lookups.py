"""Looks up names of endpoints. Name servers that hang hold up the names that they are asked for, and no others.

The system's own look-up blocks a thread and cannot be ended, and the loop's threads are few and serve everything else.
So these have threads of their own, and whoever asks for a name that is being looked up waits for the same answer.
"""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
MAX_LOOKUPS: Final = 128
"""At a time; more than one process sends at a time, since a look-up may outlast the attempt that asked for it."""


class Lookups:
    """The look-ups of a process."""

    def __init__(self, find: Callable[[str, int], Sequence[str]] | None = None) -> None:
        """Begin no thread yet. `find` asks the system, and blocks."""
        self._find = find or _addresses
        self._threads = ThreadPoolExecutor(MAX_LOOKUPS, thread_name_prefix="lookup")
        self._running: dict[tuple[str, int], asyncio.Future[Sequence[str]]] = {}

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        """Return the addresses that a name leads to; whoever gives up waiting ends no look-up of others."""
        key = host, port
        found = self._running.get(key)
        if found is None:
            found = asyncio.get_running_loop().run_in_executor(self._threads, self._find, host, port)
            self._running[key] = found
            found.add_done_callback(lambda done: self._end(key, done))
        return await asyncio.shield(found)

    def close(self) -> None:
        """Begin no further look-up; one that hangs is left to the system."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _end(self, key: tuple[str, int], done: asyncio.Future[Sequence[str]]) -> None:
        self._running.pop(key, None)
        if not done.cancelled():
            done.exception()  # everybody who asked may have given up


def _addresses(host: str, port: int) -> Sequence[str]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(each[4][0]) for each in found))
