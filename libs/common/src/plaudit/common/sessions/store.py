"""Every SQL statement about sessions, links to sign in, and sign-ins at a provider."""

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from plaudit.common.db import Tx
from plaudit.common.db.results import rows_changed
from plaudit.common.people.domain import Person, Role
from plaudit.common.sessions.domain import OidcAttempt, OpenSession, Session

MAX_PURGED: Final = 200
"""Rows of each table in one transaction."""

_FIND = """
SELECT tenant_id, created_at, last_seen_at, person_id, email, name, role, key_id, scopes, key_expires_at
FROM common.find_session($1)
"""
_INSERT_OF_PERSON = """
INSERT INTO common.sessions (tenant_id, id_hash, person_id, browser, created_at, last_seen_at)
VALUES ($1, $2, $3, $4, $5, $5)
"""
_INSERT_OF_KEY = """
INSERT INTO common.sessions (tenant_id, id_hash, key_id, key_secret_hash, browser, created_at, last_seen_at)
VALUES ($1, $2, $3, $4, $5, $6, $6)
"""
_LIST_OF_PERSON = """
SELECT s.id_hash, s.created_at, s.last_seen_at, s.browser
FROM common.sessions AS s JOIN common.people AS p ON p.tenant_id = s.tenant_id AND p.id = s.person_id
WHERE s.tenant_id = $1 AND s.person_id = $2 AND s.created_at > $3 AND s.last_seen_at > $4
    AND p.active AND s.created_at >= p.valid_from
ORDER BY s.last_seen_at DESC, s.id_hash LIMIT $5
"""
_LIST_OF_KEY = """
SELECT s.id_hash, s.created_at, s.last_seen_at, s.browser
FROM common.sessions AS s JOIN common.api_keys AS k ON k.public_id = s.key_id
WHERE s.tenant_id = $1 AND s.key_id = $2 AND s.created_at > $3 AND s.last_seen_at > $4
    AND (s.key_secret_hash = k.secret_hash OR s.key_secret_hash = k.previous_secret_hash AND k.previous_expires_at > $6)
ORDER BY s.last_seen_at DESC, s.id_hash LIMIT $5
"""
_SEEN = """
UPDATE common.sessions SET last_seen_at = $3 WHERE tenant_id = $1 AND id_hash = $2 AND last_seen_at <= $4
"""
_DELETE = "DELETE FROM common.sessions WHERE tenant_id = $1 AND id_hash = $2"
_DELETE_ONE_OF = """
DELETE FROM common.sessions WHERE tenant_id = $1 AND id_hash = $2 AND (person_id = $3 OR key_id = $4)
"""
_DELETE_OF_PERSON = "DELETE FROM common.sessions WHERE tenant_id = $1 AND person_id = $2"
_DELETE_OF_KEY = "DELETE FROM common.sessions WHERE tenant_id = $1 AND key_id = $2"

_INSERT_LINK = """
INSERT INTO common.sign_in_links (tenant_id, token_hash, person_id, created_at, expires_at) VALUES ($1, $2, $3, $4, $5)
"""
_FIND_LINK = """
SELECT tenant_id, person_id, email, name, role FROM common.find_sign_in_link($1) WHERE expires_at > $2
"""
_USE_LINK = """
UPDATE common.sign_in_links SET used_at = $3
WHERE tenant_id = $1 AND token_hash = $2 AND used_at IS NULL AND expires_at > $3
"""

_INSERT_ATTEMPT = """
INSERT INTO common.oidc_attempts (tenant_id, state_hash, browser_hash, nonce, code_verifier, next_path, expires_at)
VALUES ($1, $2, $3, $4, $5, $6, $7)
"""
_TAKE_ATTEMPT = """
DELETE FROM common.oidc_attempts WHERE tenant_id = $1 AND state_hash = $2 AND browser_hash = $3 AND expires_at > $4
RETURNING nonce, code_verifier, next_path
"""

_PURGE = (
    """
DELETE FROM common.sessions WHERE tenant_id = $1 AND id_hash IN
    (SELECT id_hash FROM common.sessions WHERE tenant_id = $1 AND created_at < $2 ORDER BY created_at LIMIT $3)
""",
    """
DELETE FROM common.sign_in_links WHERE tenant_id = $1 AND token_hash IN
    (SELECT token_hash FROM common.sign_in_links WHERE tenant_id = $1 AND expires_at < $2 ORDER BY expires_at LIMIT $3)
""",
    """
DELETE FROM common.oidc_attempts WHERE tenant_id = $1 AND state_hash IN
    (SELECT state_hash FROM common.oidc_attempts WHERE tenant_id = $1 AND expires_at < $2 ORDER BY expires_at LIMIT $3)
""",
)


async def find(tx: Tx, id_hash: bytes) -> Session | None:
    """Return a session before its tenant is known.

    Returns:
        None for one that is unknown or was ended: by sign-out, with its person's account, or with its key.
    """
    row = await tx.raw.fetchrow(_FIND, id_hash)
    if row is None:
        return None
    tenant_id, person_id = row["tenant_id"], row["person_id"]
    return Session(
        tenant_id=tenant_id,
        created_at=row["created_at"],
        last_seen_at=row["last_seen_at"],
        person=Person(tenant_id, person_id, row["email"], row["name"], Role(row["role"])) if person_id else None,
        key_id=row["key_id"] or "",
        key_scopes=frozenset(row["scopes"] or ()),
        key_expires_at=row["key_expires_at"],
    )


async def insert_of_person(tx: Tx, tenant_id: str, id_hash: bytes, person_id: UUID, browser: str) -> None:
    """Store a session of a person."""
    await tx.raw.execute(_INSERT_OF_PERSON, tenant_id, id_hash, person_id, browser, tx.now)


async def insert_of_key(tx: Tx, tenant_id: str, id_hash: bytes, key_id: str, secret_hash: bytes, browser: str) -> None:
    """Store a session of a key, with the hash of the secret that it ends with."""
    await tx.raw.execute(_INSERT_OF_KEY, tenant_id, id_hash, key_id, secret_hash, browser, tx.now)


async def list_of(
    tx: Tx, tenant_id: str, owner: UUID | str, begun_after: datetime, used_after: datetime, limit: int
) -> list[OpenSession]:
    """Return the open sessions of a person, by id, or of a key, by public id; the one that was used last first."""
    values = (tenant_id, owner, begun_after, used_after, limit)
    if isinstance(owner, UUID):
        rows = await tx.raw.fetch(_LIST_OF_PERSON, *values)
    else:
        rows = await tx.raw.fetch(_LIST_OF_KEY, *values, tx.now)
    return [OpenSession(**row) for row in rows]


async def record_use(tx: Tx, tenant_id: str, id_hash: bytes, every: timedelta) -> None:
    """Record that a session is used, unless it was recorded within the time `every`."""
    await tx.raw.execute(_SEEN, tenant_id, id_hash, tx.now, tx.now - every)


async def delete(tx: Tx, tenant_id: str, id_hash: bytes) -> None:
    """End a session."""
    await tx.raw.execute(_DELETE, tenant_id, id_hash)


async def delete_one_of(tx: Tx, tenant_id: str, owner: UUID | str, id_hash: bytes) -> bool:
    """End one session of a person, by id, or of a key, by public id; False when it is not theirs, or has ended."""
    person_id, key_id = (owner, None) if isinstance(owner, UUID) else (None, owner)
    return rows_changed(await tx.raw.execute(_DELETE_ONE_OF, tenant_id, id_hash, person_id, key_id)) == 1


async def delete_of_person(tx: Tx, tenant_id: str, person_id: UUID) -> None:
    """End all sessions of a person."""
    await tx.raw.execute(_DELETE_OF_PERSON, tenant_id, person_id)


async def delete_of_key(tx: Tx, tenant_id: str, key_id: str) -> None:
    """End all sessions of a key."""
    await tx.raw.execute(_DELETE_OF_KEY, tenant_id, key_id)


async def insert_link(tx: Tx, person: Person, token_hash: bytes, expires_at: datetime) -> None:
    """Store a link to sign in."""
    await tx.raw.execute(_INSERT_LINK, person.tenant_id, token_hash, person.id, tx.now, expires_at)


async def find_link(tx: Tx, token_hash: bytes) -> Person | None:
    """Return whom a link signs in, before the tenant is known; None when it is unknown, used, void, or too old."""
    row = await tx.raw.fetchrow(_FIND_LINK, token_hash, tx.now)
    if row is None:
        return None
    return Person(row["tenant_id"], row["person_id"], row["email"], row["name"], Role(row["role"]))


async def use_link(tx: Tx, tenant_id: str, token_hash: bytes) -> bool:
    """Use a link up; False when it was used before or is too old."""
    return rows_changed(await tx.raw.execute(_USE_LINK, tenant_id, token_hash, tx.now)) == 1


async def insert_attempt(
    tx: Tx, tenant_id: str, state_hash: bytes, browser_hash: bytes, attempt: OidcAttempt, expires_at: datetime
) -> None:
    """Store a sign-in that begins at the provider."""
    await tx.raw.execute(
        _INSERT_ATTEMPT,
        tenant_id,
        state_hash,
        browser_hash,
        attempt.nonce,
        attempt.code_verifier,
        attempt.next_path,
        expires_at,
    )


async def take_attempt(tx: Tx, tenant_id: str, state_hash: bytes, browser_hash: bytes) -> OidcAttempt | None:
    """Delete and return a sign-in that the same browser began; None when there is none, or it is too old."""
    row = await tx.raw.fetchrow(_TAKE_ATTEMPT, tenant_id, state_hash, browser_hash, tx.now)
    return None if row is None else OidcAttempt(row["nonce"], row["code_verifier"], row["next_path"])


async def purge(tx: Tx, tenant_id: str, sessions_before: datetime) -> None:
    """Delete some of a tenant's sessions that began before a time, and of its links and attempts that are too old."""
    for statement, before in zip(_PURGE, (sessions_before, tx.now, tx.now), strict=True):
        await tx.raw.execute(statement, tenant_id, before, MAX_PURGED)
