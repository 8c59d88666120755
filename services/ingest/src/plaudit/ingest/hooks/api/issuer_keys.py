"""The keys that issuers of tokens publish: read when one is not known, kept as long as the issuer says.

Durations are measured by a clock that nobody sets: keys are neither kept longer nor refused because the time was set.
"""

import asyncio
import math
import re
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Final

import structlog
from joserfc.errors import JoseError
from joserfc.jwk import Key, KeySet

from plaudit.common.http_client import HttpAnswer, HttpClient, UnreachableError
from plaudit.common.strict_json import InvalidJsonError, loads
from plaudit.ingest.platforms.adapter import Adapter
from plaudit.ingest.platforms.proofs import IssuerKeys, NotProvenError, OidcBearer, Proof
from plaudit.ingest.sources.domain import Source

READ_AGAIN_SECONDS: Final = 60.0
"""Keys are read for an unknown key at most so often: whoever makes up keys makes no traffic."""
TRY_AGAIN_SECONDS: Final = 2.0
"""After a failure."""
MIN_KEPT_SECONDS, MAX_KEPT_SECONDS = 300.0, 86_400.0
"""Whatever the issuer says."""
NEVER: Final = -math.inf
OK: Final = 200
MAX_BYTES: Final = 256 * 1024
TIMEOUT_SECONDS: Final = 10.0

_MAX_AGE: Final = re.compile(r"(?:^|[\s,])max-age=([0-9]{1,9})(?:[\s,]|$)")

log = structlog.get_logger()


class KeysUnreachableError(Exception):
    """The issuer's keys cannot be read now, so nothing can be said of a token."""


class PublishedKeys:
    """Reads keys, for the proofs of all sources."""

    def __init__(self, client: HttpClient, address: str, monotonic: Callable[[], float] = time.monotonic) -> None:
        """Read nothing yet; `address` is that of Plaudit from outside, which tokens are issued for."""
        self._client = client
        self._address = address
        self._now = monotonic
        self._known: dict[str, IssuerKeys] = {}
        self._read_at: dict[str, float] = {}
        self._failed_at: dict[str, float] = {}
        self._reading: dict[str, asyncio.Task[None]] = {}

    def proof_of(self, adapter: Adapter, source: Source) -> Proof:
        """Return what proves a source's deliveries."""
        proof = adapter.proof
        if not isinstance(proof, OidcBearer):
            return proof
        keys = self._known.setdefault(proof.keys_url, IssuerKeys(self._now))
        return replace(proof, audience=f"{self._address}/v1/hooks/{source.id}", issuer_keys=keys)

    async def read(self, url: str, timeout_seconds: float) -> None:
        """Read an issuer's keys, once for all that wait for them.

        Raises:
            NotProvenError: they were read just now, so the key is none of them.
            KeysUnreachableError: they cannot be read in time.
        """
        now = self._now()
        if now < self._read_at.get(url, NEVER) + READ_AGAIN_SECONDS and self._known[url].are_fresh:
            raise NotProvenError("unknown_key", "the token is signed with a key that its issuer does not publish")
        if now < self._failed_at.get(url, NEVER) + TRY_AGAIN_SECONDS:
            raise KeysUnreachableError
        task = self._reading.get(url)
        if task is None:
            task = self._reading[url] = asyncio.create_task(self._read(url))
            task.add_done_callback(lambda _: self._reading.pop(url))
        await asyncio.wait({task}, timeout=timeout_seconds)
        if not task.done() or task.cancelled() or now < self._failed_at.get(url, NEVER):
            raise KeysUnreachableError
        task.result()

    async def _read(self, url: str) -> None:
        try:
            told = await self._client.ask("GET", url, max_bytes=MAX_BYTES, timeout_seconds=TIMEOUT_SECONDS)
            keys = _keys(told)
        except (UnreachableError, InvalidJsonError, ValueError) as error:
            self._failed_at[url] = self._now()
            log.warning("issuer_keys_unreachable", error_type=type(error).__name__)
            raise KeysUnreachableError from error
        self._read_at[url] = self._now()
        self._failed_at.pop(url, None)
        self._known[url].keep(keys, _kept_seconds(told.headers))


def _keys(told: HttpAnswer) -> Mapping[str, Key]:
    """Return the keys for signatures of a JWK set that was answered, by their ids.

    Raises:
        InvalidJsonError: it is no JSON.
        ValueError: it holds none.
    """
    document = loads(told.body) if told.status == OK else None
    listed = document.get("keys") if isinstance(document, dict) else None
    found: dict[str, Key] = {}
    for each in listed if isinstance(listed, list) else ():
        with suppress(JoseError, LookupError, ValueError, TypeError):
            if each["kty"] == "RSA" and each.get("use", "sig") == "sig":
                found[each["kid"]] = KeySet.import_key_set({"keys": [each]}).keys[0]
    if not found:
        raise ValueError("it holds no keys")
    return found


def _kept_seconds(headers: Mapping[str, str]) -> float:
    stated = _MAX_AGE.search(headers.get("cache-control", ""))
    return min(max(float(stated.group(1)) if stated else 0.0, MIN_KEPT_SECONDS), MAX_KEPT_SECONDS)
