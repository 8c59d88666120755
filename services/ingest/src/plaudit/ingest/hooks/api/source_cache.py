"""The cache of known sources: looked up before a tenant is known, and cached for some seconds."""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_network
from uuid import UUID

from plaudit.common.db import Database
from plaudit.common.vault import Vault
from plaudit.ingest.platforms import ADAPTERS, Adapter
from plaudit.ingest.sources import store
from plaudit.ingest.sources.domain import KeyedSource

MAX_CACHED_SOURCES = 10_000
MAX_ID_CHARS = len("urn:uuid:00000000-0000-0000-0000-000000000000")
"""Of a UUID in its longest spelling. Python reads one among any number of hyphens, and the cache keeps all of them."""


@dataclass(frozen=True)
class CachedSource:
    """A source with what proves and reads its deliveries."""

    source: KeyedSource
    adapter: Adapter
    keys: tuple[bytes, ...]
    """Of its secrets; one of them must have signed."""
    networks: tuple[IPv4Network | IPv6Network, ...] = ()
    """That deliveries may come from; any if there are none."""


def known_source(source: KeyedSource) -> CachedSource:
    """Return a source with what proves and reads its deliveries.

    Raises:
        InvalidMappingError: a stored mapping is none.
        InvalidSecretError: a stored secret is none that its platform signs with.
    """
    adapter = ADAPTERS[source.platform].of(source.mapping)
    proof = adapter.proof
    written = (source.path_token or "",) if proof.in_address else (source.secret, *source.more_secrets)
    networks = tuple(ip_network(each) for each in source.allowed_addresses)
    return CachedSource(source, adapter, tuple(proof.key(secret) for secret in written), networks)


class SourceCache:
    """Finds sources, and remembers them for a while, also that there is none."""

    def __init__(
        self,
        database: Database,
        vault: Vault,
        cache_seconds: float,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Load sources from the database. Their secrets are decrypted once per load."""
        self._database = database
        self._vault = vault
        self._cache_seconds = cache_seconds
        self._monotonic = monotonic
        self._cache: dict[str, tuple[float, CachedSource | None]] = {}
        self._loading: dict[UUID, asyncio.Task[CachedSource | None]] = {}

    def cached(self, source_id: str) -> CachedSource | None:
        """Return a source that is remembered; None if it is remembered that there is none.

        Raises:
            KeyError: it must be looked up.
        """
        until, found = self._cache[source_id]
        if until <= self._monotonic():
            raise KeyError(source_id)
        return found

    async def find(self, source_id: str, timeout_seconds: float) -> CachedSource | None:
        """Return a source by the id in the address; None if there is none.

        Raises:
            TimeoutError: the database has not answered in time.
            Exception: what the database raises.
        """
        with suppress(KeyError):
            return self.cached(source_id)
        if len(source_id) > MAX_ID_CHARS:
            return None
        try:
            wanted = UUID(source_id)
        except ValueError:
            return None
        found = await self._load_once(wanted, timeout_seconds)
        self._cache.pop(source_id, None)
        if len(self._cache) >= MAX_CACHED_SOURCES:
            del self._cache[next(iter(self._cache))]
        self._cache[source_id] = (self._monotonic() + self._cache_seconds, found)
        return found

    async def _load_once(self, wanted: UUID, timeout_seconds: float) -> CachedSource | None:
        """Ask the database once for all requests that wait for the same source.

        In a task of its own: a request that has waited long enough leaves at once, without waiting for the driver.
        """
        task = self._loading.get(wanted)
        if task is None:
            task = self._loading[wanted] = asyncio.create_task(self._load(wanted))
            task.add_done_callback(lambda done: self._loaded(wanted, done))
        await asyncio.wait({task}, timeout=timeout_seconds)
        if not task.done():
            raise TimeoutError("the database does not say which source this is")
        return task.result()

    def _loaded(self, wanted: UUID, done: "asyncio.Task[CachedSource | None]") -> None:
        del self._loading[wanted]
        if not done.cancelled():
            done.exception()  # retrieved, even if no request waits for it any more

    async def _load(self, wanted: UUID) -> CachedSource | None:
        async with self._database.transaction() as tx:
            source = await store.find(tx, wanted, self._vault)
        return None if source is None else known_source(source)
