"""Principals: whom an API key, sent as a bearer token, speaks for, and what it may do."""

import hmac
import inspect
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Final

from fastapi import Depends, Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from plaudit.common.api_keys import store
from plaudit.common.api_keys.domain import ALL_SCOPES, hash_secret, parse
from plaudit.common.db import Database
from plaudit.common.http.problems import forbidden, unauthorized

MAX_CACHE_SECONDS: Final = 10.0
"""How long a process that has just seen a key may accept it after it is revoked."""
MAX_CACHED_KEYS: Final = 10_000

_bearer = HTTPBearer(
    auto_error=False, scheme_name="api_key", bearerFormat="plaudit_…", description="A Plaudit API key."
)


@dataclass(frozen=True, slots=True)
class Principal:
    """Whom the key of a request speaks for."""

    tenant_id: str
    key_id: str
    """The key's public id."""
    scopes: frozenset[str]

    def may(self, scope: str) -> bool:
        """Return whether the key has a scope."""
        return scope in self.scopes or ALL_SCOPES in self.scopes


class ApiKeys:
    """Finds principals by their keys, and caches them for a few seconds."""

    def __init__(self, database: Callable[[], Database], monotonic: Callable[[], float] = time.monotonic) -> None:
        """Look up keys in the database that the function returns; it is called when first needed."""
        self._database = database
        self._monotonic = monotonic
        self._cache: dict[str, tuple[float, bytes, Principal]] = {}

    async def principal(self, key: str) -> Principal | None:
        """Return whom a key speaks for; None when it is malformed, unknown, revoked, expired or has a wrong secret."""
        parts = parse(key)
        if parts is None:
            return None
        public_id, secret = parts
        entry = self._cache.get(public_id)
        if entry is None or entry[0] <= self._monotonic():
            entry = await self._load(public_id)
        if entry is None or not hmac.compare_digest(entry[1], hash_secret(secret)):
            return None
        return entry[2]

    async def _load(self, public_id: str) -> tuple[float, bytes, Principal] | None:
        self._cache.pop(public_id, None)
        async with self._database().transaction() as tx:
            found = await store.find(tx, public_id)
        if found is None:
            return None
        seconds = MAX_CACHE_SECONDS if found.seconds_left is None else min(MAX_CACHE_SECONDS, found.seconds_left)
        if seconds <= 0:
            return None
        entry = (self._monotonic() + seconds, found.secret_hash, Principal(found.tenant_id, public_id, found.scopes))
        if len(self._cache) >= MAX_CACHED_KEYS:
            del self._cache[next(iter(self._cache))]
        self._cache[public_id] = entry
        return entry


class authorize:  # noqa: N801 - reads as the verb it is: Depends(authorize("reviews:read"))
    """A dependency that accepts a request whose key has all of the scopes, and returns its `Principal`.

    Without a valid key the answer is 401, without a scope 403.
    """

    def __init__(self, *scopes: str) -> None:
        self.scopes = scopes
        # What FastAPI reads the parameters from: so the OpenAPI document has the scopes, and they are written once.
        signature = inspect.signature(self.__call__)
        request, credentials = signature.parameters.values()
        with_scopes = Annotated[HTTPAuthorizationCredentials | None, Security(_bearer, scopes=scopes)]
        self.__signature__ = signature.replace(parameters=[request, credentials.replace(annotation=with_scopes)])

    async def __call__(
        self, request: Request, credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]
    ) -> Principal:
        """Return the principal, and store it with the request for its transaction."""
        api_keys: ApiKeys = request.app.state.api_keys
        principal = await api_keys.principal(credentials.credentials) if credentials else None
        if principal is None:
            raise unauthorized()
        request.state.principal = principal
        for scope in self.scopes:
            if not principal.may(scope):
                raise forbidden(scope)
        return principal
