"""The cache of known sources: looked up before a tenant is known, and cached for some seconds.

What is not proven by a source as it is remembered is checked once more by the source as it is stored, so that nothing
is refused because a secret was replaced a moment ago. What comes within `GATHER_SECONDS` is checked by one look-up: a
flood of wrong signatures asks the database twenty times a second for each source, whatever its size.

A source whose secret cannot be decrypted is remembered as any other: it is tried again once in that time.
"""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_network
from uuid import UUID

import structlog

from plaudit.common.db import Database
from plaudit.common.vault import Vault
from plaudit.ingest.metrics import SECRETS_UNOPENED
from plaudit.ingest.platforms import ADAPTERS, Adapter, answers_depend_on_polls, answers_of
from plaudit.ingest.platforms.proofs import Proof
from plaudit.ingest.sorting import store as sorting_rules
from plaudit.ingest.sorting.domain.rules import SHIPPED, CompiledRules, RulesInForce
from plaudit.ingest.sources import store
from plaudit.ingest.sources.domain import Answers, KeyedSource, Source

MAX_CACHED_SOURCES = 10_000
GATHER_SECONDS = 0.05
MAX_ID_CHARS = len("urn:uuid:00000000-0000-0000-0000-000000000000")
"""Of a UUID in its longest spelling. Python reads one among any number of hyphens, and the cache keeps all of them."""

log = structlog.get_logger()


@dataclass(frozen=True)
class CachedSource:
    """A source with what proves and reads its deliveries."""

    source: KeyedSource
    adapter: Adapter
    proof: Proof
    keys: tuple[bytes, ...]
    """Of its secrets; one of them must have signed. None while they cannot be decrypted."""
    networks: tuple[IPv4Network | IPv6Network, ...] = ()
    """That deliveries may come from; any if there are none."""
    rules: CompiledRules = SHIPPED
    """What its reviews are sorted by."""
    answers: Answers = Answers.TOLD
    """Whether answers are told there."""


ProofOf = Callable[[Adapter, Source], Proof]
"""Returns what proves a source's deliveries, by its platform's adapter."""


def proof_of_platform(adapter: Adapter, _: Source) -> Proof:
    """Return the proof of a platform, where it needs nothing but the source's secret."""
    return adapter.proof


def known_source(
    source: KeyedSource,
    proof_of: ProofOf = proof_of_platform,
    rules: CompiledRules = SHIPPED,
    *,
    is_polled: bool = False,
) -> CachedSource:
    """Return a source with what proves and reads its deliveries.

    Raises:
        InvalidMappingError: a stored mapping is none.
        InvalidSecretError: a stored secret is none that its platform signs with.
    """
    adapter = ADAPTERS[source.platform].of(source.mapping)
    proof = proof_of(adapter, source)
    networks = tuple(ip_network(each) for each in source.allowed_addresses)
    keys = () if source.is_unopened else tuple(proof.key(secret) for secret in source.proving)
    answers = answers_of(source.platform, source.mapping, is_polled=is_polled)
    return CachedSource(source, adapter, proof, keys, networks, rules, answers)


class SourceCache:
    """Finds sources, and remembers them for a while, also that there is none."""

    def __init__(
        self,
        database: Database,
        vault: Vault,
        cache_seconds: float,
        monotonic: Callable[[], float] = time.monotonic,
        proof_of: ProofOf = proof_of_platform,
    ) -> None:
        """Load sources from the database. Their secrets are decrypted once per load."""
        self._database = database
        self._vault = vault
        self._cache_seconds = cache_seconds
        self._monotonic = monotonic
        self._proof_of = proof_of
        self._cache: dict[str, tuple[float, CachedSource | None]] = {}
        self._rules: dict[str, tuple[RulesInForce, CompiledRules]] = {}
        self._loading: dict[UUID, asyncio.Task[CachedSource | None]] = {}
        self._gathering: dict[UUID, asyncio.Task[CachedSource | None]] = {}
        """Look-ups that have not begun."""

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
        wanted = _id_in(source_id)
        return None if wanted is None else self._remember(source_id, await self._load_once(wanted, timeout_seconds))

    async def find_anew(self, source_id: str, timeout_seconds: float) -> CachedSource | None:
        """Return a source as it is stored now or later, whatever is remembered; None if there is none.

        Raises:
            TimeoutError: the database has not answered in time.
            Exception: what the database raises.
        """
        wanted = _id_in(source_id)
        return None if wanted is None else self._remember(source_id, await self._load_soon(wanted, timeout_seconds))

    def _remember(self, source_id: str, found: CachedSource | None) -> CachedSource | None:
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
        return await _result(task, timeout_seconds)

    async def _load_soon(self, wanted: UUID, timeout_seconds: float) -> CachedSource | None:
        """Ask the database once for all requests that come before it is asked: the answer is newer than all of them."""
        task = self._gathering.get(wanted)
        if task is None:
            task = self._gathering[wanted] = asyncio.create_task(self._gather_and_load(wanted))
            task.add_done_callback(_retrieve)
        return await _result(task, timeout_seconds)

    async def _gather_and_load(self, wanted: UUID) -> CachedSource | None:
        try:
            await asyncio.sleep(GATHER_SECONDS)
        finally:
            del self._gathering[wanted]
        return await self._load(wanted)

    def _loaded(self, wanted: UUID, done: "asyncio.Task[CachedSource | None]") -> None:
        del self._loading[wanted]
        _retrieve(done)

    async def _load(self, wanted: UUID) -> CachedSource | None:
        async with self._database.transaction() as tx:
            source = await store.find(tx, wanted, self._vault)
        if source is None:
            return None
        if source.is_unopened:
            SECRETS_UNOPENED.labels(source.platform).inc()
            log.error("source_secret_unopened", source_id=source.id, platform=source.platform)
        rules = await self._rules_of(source.tenant_id)
        return known_source(source, self._proof_of, rules, is_polled=await self._is_polled(source))

    async def _is_polled(self, source: Source) -> bool:
        """Return whether the platform is asked for answers, where that is how they are told."""
        if not answers_depend_on_polls(source.platform):
            return False
        async with self._database.transaction(source.tenant_id) as tx:
            return await store.is_polled(tx, source.tenant_id, UUID(source.id))

    async def _rules_of(self, tenant_id: str) -> CompiledRules:
        """Return the rules that are in force for a tenant. They are compiled once, until they change."""
        async with self._database.transaction(tenant_id) as tx:
            in_force = await sorting_rules.in_force(tx, tenant_id)
        if in_force == RulesInForce():
            self._rules.pop(tenant_id, None)
            return SHIPPED
        known = self._rules.get(tenant_id)
        if known is None or known[0] != in_force:
            if len(self._rules) >= MAX_CACHED_SOURCES:
                del self._rules[next(iter(self._rules))]
            known = self._rules[tenant_id] = in_force, in_force.compiled()
        return known[1]


def _id_in(text: str) -> UUID | None:
    """Return the id in an address; None if it is none."""
    if len(text) > MAX_ID_CHARS:
        return None
    try:
        return UUID(text)
    except ValueError:
        return None


async def _result(task: "asyncio.Task[CachedSource | None]", timeout_seconds: float) -> CachedSource | None:
    await asyncio.wait({task}, timeout=timeout_seconds)
    if not task.done():
        raise TimeoutError("the database does not say which source this is")
    return task.result()


def _retrieve(done: "asyncio.Task[CachedSource | None]") -> None:
    """Retrieve a failure, even if no request waits for it any more."""
    if not done.cancelled():
        done.exception()
