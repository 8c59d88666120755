"""The sources as the front door needs them: looked up before a tenant is known, and remembered for some seconds."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from plaudit.common.db import Database
from plaudit.common.standard_webhooks import decode_secret
from plaudit.ingest.adapters import ADAPTERS, Adapter
from plaudit.ingest.domain.source import Source
from plaudit.ingest.store import sources as sources_store

MAX_CACHED_SOURCES = 10_000


@dataclass(frozen=True)
class KnownSource:
    """A source as the front door needs it."""

    source: Source
    adapter: Adapter
    key: bytes
    path_token: str | None


class Sources:
    """Finds sources, and remembers them, also that there is none."""

    def __init__(
        self, database: Database, cache_seconds: float, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._database = database
        self._cache_seconds = cache_seconds
        self._monotonic = monotonic
        self._cache: dict[str, tuple[float, KnownSource | None]] = {}
        self._asked: dict[UUID, asyncio.Task[KnownSource | None]] = {}

    async def find(self, source_id: str, timeout_seconds: float) -> KnownSource | None:
        """Return a source by the id in the address; None for what is none.

        Raises TimeoutError when the database has not answered by then, or what it raises before.
        """
        cached = self._cache.get(source_id)
        if cached is not None and cached[0] > self._monotonic():
            return cached[1]
        try:
            wanted = UUID(source_id)
        except ValueError:
            return None
        known = await self._ask(wanted, timeout_seconds)
        self._cache.pop(source_id, None)
        if len(self._cache) >= MAX_CACHED_SOURCES:
            del self._cache[next(iter(self._cache))]
        self._cache[source_id] = (self._monotonic() + self._cache_seconds, known)
        return known

    async def _ask(self, wanted: UUID, timeout_seconds: float) -> KnownSource | None:
        """Ask the database once for all who wait for the same source.

        In a task of its own: who has waited long enough leaves at once, and not when the driver has cleared up.
        """
        asked = self._asked.get(wanted)
        if asked is None:
            asked = self._asked[wanted] = asyncio.create_task(self._load(wanted))
            asked.add_done_callback(lambda done: self._answered(wanted, done))
        await asyncio.wait({asked}, timeout=timeout_seconds)
        if not asked.done():
            raise TimeoutError("the database does not say which source this is")
        return asked.result()

    def _answered(self, wanted: UUID, done: "asyncio.Task[KnownSource | None]") -> None:
        del self._asked[wanted]
        if not done.cancelled():
            done.exception()  # seen, even where nobody waits any more

    async def _load(self, wanted: UUID) -> KnownSource | None:
        async with self._database.transaction() as tx:
            row = await sources_store.find(tx, wanted)
        return None if row is None else _known(row)


def _known(row: sources_store.Source) -> KnownSource:
    source = Source(
        id=str(row.id),
        tenant_id=row.tenant_id,
        name=row.name,
        platform=row.platform,
        subject=row.subject,
        created_at=row.created_at,
        person_key=row.person_key,
    )
    return KnownSource(source, ADAPTERS[row.platform], decode_secret(row.secret), row.path_token)
