"""Principals: whom a request speaks for, and what it may do.

It sends an API key as a bearer token, or the cookie of a session that a person began on the sign-in page.
"""

import inspect
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Final, Protocol

import structlog
from fastapi import Depends, Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from plaudit.common.api_keys import store
from plaudit.common.api_keys.domain import ALL_SCOPES, USE_IS_NOTED_EVERY, StoredSecret, is_secret, parse
from plaudit.common.db import Database
from plaudit.common.db.errors import is_transient
from plaudit.common.http.origin import check_origin
from plaudit.common.http.problems import forbidden, unauthorized
from plaudit.common.people.domain import Person

MAX_CACHE_SECONDS: Final = 10.0
"""How long a process that has just seen a key may accept it after it is revoked."""
MAX_CACHED_KEYS: Final = 10_000

log = structlog.get_logger()

_bearer = HTTPBearer(
    auto_error=False,
    scheme_name="api_key",
    bearerFormat="plaudit_…",
    description="A Plaudit API key. A browser that is signed in to the console needs none: its session counts.",
)


@dataclass(frozen=True, slots=True)
class Principal:
    """Whom a request speaks for: an API key, or a person."""

    tenant_id: str
    key_id: str
    """The key's public id; empty for a person."""
    scopes: frozenset[str]
    person: Person | None = None

    @property
    def actor(self) -> str:
        """The key or the person, for records of what was done."""
        return f"key:{self.key_id}" if self.person is None else f"person:{self.person.id}"

    def may(self, scope: str) -> bool:
        """Return whether the key, or the role of the person, has a scope."""
        return scope in self.scopes or ALL_SCOPES in self.scopes


class SessionPrincipals(Protocol):
    """What a service's application needs of the sessions of staff."""

    async def principal(self, request: Request) -> Principal | None:
        """Return whom the session of a request speaks for; None without one."""


@dataclass(slots=True)
class _Cached:
    """A key that was found a moment ago."""

    principal: Principal
    secrets: Sequence[tuple[float, bytes]]
    """(until when it is accepted without another look, its hash); times are those of the monotonic clock."""
    use_is_noted_until: float

    def is_valid_with(self, secret: str, now: float) -> bool:
        """Return whether it may be accepted with this secret, and without another look."""
        return any(now < until and is_secret(secret, hashed) for until, hashed in self.secrets)


class ApiKeys:
    """Finds principals by their keys, caches them for a few seconds, and notes once a minute that they are used."""

    def __init__(self, database: Callable[[], Database], monotonic: Callable[[], float] = time.monotonic) -> None:
        """Look up keys in the database that the function returns; it is called when first needed."""
        self._database = database
        self._monotonic = monotonic
        self._cache: dict[str, _Cached] = {}

    async def principal(self, key: str) -> Principal | None:
        """Return whom a key speaks for; None when it is malformed, unknown, revoked, expired or has a wrong secret."""
        parts = parse(key)
        if parts is None:
            return None
        public_id, secret = parts
        found = self._cache.get(public_id)
        if found is None or not found.is_valid_with(secret, self._monotonic()):
            # A key that has just been rotated has a secret that the cache does not know.
            found = await self._load(public_id)
            if found is None or not found.is_valid_with(secret, self._monotonic()):
                return None
        await self._note_use(public_id, found)
        return found.principal

    def drop(self, public_id: str) -> None:
        """Look a key up again that was changed here."""
        self._cache.pop(public_id, None)

    async def _load(self, public_id: str) -> _Cached | None:
        async with self._database().transaction() as tx:
            stored = await store.find(tx, public_id)
        before = self._cache.pop(public_id, None)
        if stored is None:
            return None
        found = _Cached(
            Principal(stored.tenant_id, public_id, stored.scopes),
            [(self._monotonic() + _cache_seconds(each), each.hash) for each in stored.secrets],
            before.use_is_noted_until if before else self._monotonic(),
        )
        if len(self._cache) >= MAX_CACHED_KEYS:
            del self._cache[next(iter(self._cache))]
        self._cache[public_id] = found
        return found

    async def _note_use(self, public_id: str, found: _Cached) -> None:
        now = self._monotonic()
        if now < found.use_is_noted_until:
            return
        found.use_is_noted_until = now + USE_IS_NOTED_EVERY.total_seconds()
        try:
            async with self._database().transaction() as tx:
                await store.note_use(tx, public_id)
        except Exception as error:
            if not is_transient(error):
                raise
            # The request does not need it; the next use in a minute is noted again.
            log.warning("use_of_key_not_noted", key_id=public_id, error_type=type(error).__name__)


def _cache_seconds(secret: StoredSecret) -> float:
    return MAX_CACHE_SECONDS if secret.seconds_left is None else min(MAX_CACHE_SECONDS, secret.seconds_left)


SAFE_METHODS: Final = frozenset({"GET", "HEAD"})


async def identify(request: Request) -> Principal | None:
    """Return whom a request speaks for, by its key or else by its session; None without a valid one.

    Raises:
        Problem: 403 where a session would change something, and none of our own pages sent the request.
    """
    given = request.headers.get("authorization")
    if given is None:
        return await _of_session(request)
    scheme, _, key = given.partition(" ")
    api_keys: ApiKeys = request.app.state.api_keys
    return await api_keys.principal(key.strip()) if scheme.lower() == "bearer" else None


class authorize:  # noqa: N801 - reads as the verb it is: Depends(authorize("reviews:read"))
    """A dependency that accepts a request whose key, or session, has all of the scopes; returns its `Principal`.

    Without a valid key or session the answer is 401, without a scope 403. A session counts only where no key is sent,
    and what changes something with a session must come from one of our own pages.
    """

    def __init__(self, *scopes: str) -> None:
        self.scopes = scopes
        # What FastAPI reads the parameters from: so the OpenAPI document has the scopes, and they are written once.
        signature = inspect.signature(self.__call__)
        request, credentials = signature.parameters.values()
        with_scopes = Annotated[HTTPAuthorizationCredentials | None, Security(_bearer, scopes=scopes)]
        self.__signature__ = signature.replace(parameters=[request, credentials.replace(annotation=with_scopes)])

    async def __call__(self, request: Request, _: Annotated[object, Depends(_bearer)]) -> Principal:
        """Return the principal, and store it with the request for its transaction."""
        principal = getattr(request.state, "principal", None) or await identify(request)
        if principal is None:
            raise unauthorized()
        request.state.principal = principal
        for scope in self.scopes:
            if not principal.may(scope):
                raise forbidden(scope)
        return principal


async def anyone() -> None:
    """Declare, as a dependency, that a page is for the public: it neither needs nor reads a key or a session."""


async def _of_session(request: Request) -> Principal | None:
    sessions: SessionPrincipals | None = request.app.state.staff_sessions
    principal = await sessions.principal(request) if sessions else None
    if principal is not None and request.method not in SAFE_METHODS:
        await check_origin(request)
    return principal
