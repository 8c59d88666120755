"""Whom the session of a request speaks for, cached for a few seconds."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID

from fastapi import Request

from plaudit.common.api_keys.domain import hash_secret
from plaudit.common.db import Database
from plaudit.common.http.auth import MAX_CACHE_SECONDS, Principal
from plaudit.common.sessions import store
from plaudit.common.sessions.domain import LAST_SEEN_EVERY, Session, ends_at, is_secret
from plaudit.common.settings import Settings

MAX_CACHED_SESSIONS: Final = 10_000
COOKIE: Final = "plaudit_session"


@dataclass(frozen=True, slots=True)
class _Cached:
    until: float
    session: Session
    principal: Principal


class StaffSessions:
    """Finds the sessions of staff by the cookie of a request.

    A session that was ended elsewhere is accepted for `MAX_CACHE_SECONDS` by a process that has just seen it.
    """

    def __init__(
        self, settings: Settings, database: Callable[[], Database], monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        """Look sessions up in schema `common`, over connections that the function returns when first needed."""
        self.settings = settings
        self.is_https = settings.public_url.startswith("https://")
        self.cookie = f"__Host-{COOKIE}" if self.is_https else COOKIE
        """The name of the cookie; with its prefix, browsers take it over HTTPS only, and for this host alone."""
        self._database = database
        self._monotonic = monotonic
        self._cache: dict[bytes, _Cached] = {}

    @property
    def database(self) -> Database:
        """Connections to schema `common`, under its api role."""
        return self._database()

    @property
    def max_age(self) -> timedelta:
        """How old a session may get."""
        return timedelta(days=self.settings.session_max_days)

    def id_of(self, request: Request) -> str | None:
        """Return the id that the cookie of a request has; None without a cookie of that form."""
        value = request.cookies.get(self.cookie, "")
        return value if is_secret(value) else None

    async def principal(self, request: Request) -> Principal | None:
        """Return whom the session of a request speaks for; None without a session, or when it has ended."""
        session_id = self.id_of(request)
        found = await self._find(session_id) if session_id else None
        return None if found is None else found.principal

    async def find(self, session_id: str) -> Session | None:
        """Return a session by its id; None when it has ended."""
        found = await self._find(session_id)
        return None if found is None else found.session

    def drop(self, id_hash: bytes) -> None:
        """Look a session up again, by the hash of its id, that was ended here."""
        self._cache.pop(id_hash, None)

    def drop_all_of(self, tenant_id: str, owner: UUID | str) -> None:
        """Look all sessions of a person, by id, or of a key, by public id, up again that were changed here."""
        changed = [
            id_hash
            for id_hash, cached in self._cache.items()
            if (cached.session.tenant_id, owner_of(cached.session)) == (tenant_id, owner)
        ]
        for id_hash in changed:
            del self._cache[id_hash]

    async def _find(self, session_id: str) -> _Cached | None:
        id_hash = hash_secret(session_id)
        cached = self._cache.get(id_hash)
        if cached is not None and cached.until > self._monotonic():
            return cached
        self._cache.pop(id_hash, None)
        return await self._load(id_hash)

    async def _load(self, id_hash: bytes) -> _Cached | None:
        async with self.database.transaction() as tx:
            session = await store.find(tx, id_hash)
            now = tx.now
        if session is None:
            return None
        seconds = min(MAX_CACHE_SECONDS, (ends_at(session, self.settings) - now).total_seconds())
        if seconds <= 0:
            return None
        if now - session.last_seen_at >= LAST_SEEN_EVERY:
            async with self.database.transaction(session.tenant_id) as tx:
                await store.record_use(tx, session.tenant_id, id_hash, LAST_SEEN_EVERY)
        cached = _Cached(self._monotonic() + seconds, session, _principal(session))
        if len(self._cache) >= MAX_CACHED_SESSIONS:
            del self._cache[next(iter(self._cache))]
        self._cache[id_hash] = cached
        return cached


def _principal(session: Session) -> Principal:
    person = session.person
    scopes = session.key_scopes if person is None else person.scopes
    return Principal(session.tenant_id, session.key_id, scopes, person)


def owner_of(session: Session) -> UUID | str:
    """Return the id of the person, or the public id of the key, that a session belongs to."""
    return session.person.id if session.person else session.key_id
