"""Every SQL statement about visitors who sign in."""

from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec

from plaudit.common.db import Tx
from plaudit.common.db.results import rows_changed
from plaudit.feedback_board.visitors.domain.link import Intent, Link, Purpose
from plaudit.feedback_board.visitors.domain.visitor import SignedIn

MAX_PURGED: Final = 200
"""Rows of each table in one transaction."""

_FIND_SESSION = """
SELECT held.person_key, visitors.name
FROM visitor_sessions AS held
JOIN visitors ON visitors.tenant_id = held.tenant_id AND visitors.person_key = held.person_key
WHERE held.tenant_id = $1 AND held.id_hash = $2 AND held.expires_at > $3
"""
_INSERT_SESSION = """
INSERT INTO visitor_sessions (tenant_id, id_hash, person_key, began_at, expires_at) VALUES ($1, $2, $3, $4, $5)
"""
_DELETE_SESSION = "DELETE FROM visitor_sessions WHERE tenant_id = $1 AND id_hash = $2"
_DELETE_SESSIONS_OF = "DELETE FROM visitor_sessions WHERE tenant_id = $1 AND person_key = $2"
_SIGN_IN = """
INSERT INTO visitors (tenant_id, person_key, name, signed_in_at) VALUES ($1, $2, $3, $4)
ON CONFLICT (tenant_id, person_key)
DO UPDATE SET name = coalesce(excluded.name, visitors.name), signed_in_at = excluded.signed_in_at
"""
_NAME = "UPDATE visitors SET name = $3 WHERE tenant_id = $1 AND person_key = $2"
_FIND_PERSON = "SELECT person_key, name FROM visitors WHERE tenant_id = $1 AND person_key = $2"

_LINK = "tenant_id, token_hash, person_key, purpose, address, next_path, intent, expires_at"
_INSERT_LINK = f"INSERT INTO visitor_links ({_LINK}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"
_FIND_LINK = f"SELECT {_LINK} FROM visitor_links WHERE tenant_id = $1 AND token_hash = $2 AND expires_at > $3"
_USE_LINK = "DELETE FROM visitor_links WHERE tenant_id = $1 AND token_hash = $2"

_NOTE_USE = """
INSERT INTO used_tokens (tenant_id, id_hash, expires_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING
"""

_SECRETS = """
SELECT secret, previous_secret, previous_until, set_at FROM sign_in_secrets WHERE tenant_id = $1
"""
_SET = """
INSERT INTO sign_in_secrets (tenant_id, secret, previous_secret, previous_until, set_at, actor)
VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (tenant_id) DO UPDATE SET secret = excluded.secret, previous_secret = excluded.previous_secret,
    previous_until = excluded.previous_until, set_at = excluded.set_at, actor = excluded.actor
"""
_UNSET = "DELETE FROM sign_in_secrets WHERE tenant_id = $1"

_STALE = """
SELECT tenant_id, secret, previous_secret FROM sign_in_secrets
WHERE EXISTS (
    SELECT FROM unnest(ARRAY[secret, previous_secret]) AS held (sealed)
    WHERE NOT starts_with(sealed, $1) AND EXISTS (SELECT FROM unnest($2::text[]) AS k WHERE starts_with(sealed, k))
)
ORDER BY tenant_id LIMIT $3 FOR UPDATE SKIP LOCKED
"""
_RESEAL = "UPDATE sign_in_secrets SET secret = $2, previous_secret = $3 WHERE tenant_id = $1"

_ADD_DELETION = "INSERT INTO deletions (tenant_id, id, person_key, requested_at) VALUES ($1, $2, $3, $4)"
_FIND_DELETION = "SELECT requested_at, done_at FROM deletions WHERE tenant_id = $1 AND id = $2"
_DONE = """
UPDATE deletions SET person_key = NULL, done_at = $4 WHERE tenant_id = $1 AND person_key = $2 AND requested_at <= $3
"""
_ERASE = (
    """
DELETE FROM visitor_links WHERE tenant_id = $1 AND person_key = $2
""",
    """
DELETE FROM visitor_sessions WHERE tenant_id = $1 AND person_key = $2 AND began_at <= $3
""",
    """
DELETE FROM visitors WHERE tenant_id = $1 AND person_key = $2 AND signed_in_at <= $3
""",
)
_PURGE = (
    """
DELETE FROM visitor_sessions WHERE tenant_id = $1 AND id_hash IN
    (SELECT id_hash FROM visitor_sessions WHERE tenant_id = $1 AND expires_at <= $2 ORDER BY expires_at LIMIT $3)
""",
    """
DELETE FROM visitor_links WHERE tenant_id = $1 AND token_hash IN
    (SELECT token_hash FROM visitor_links WHERE tenant_id = $1 AND expires_at <= $2 ORDER BY expires_at LIMIT $3)
""",
    """
DELETE FROM used_tokens WHERE tenant_id = $1 AND id_hash IN
    (SELECT id_hash FROM used_tokens WHERE tenant_id = $1 AND expires_at <= $2 ORDER BY expires_at LIMIT $3)
""",
)


class Secrets(msgspec.Struct, frozen=True, kw_only=True):
    """What a tenant's tokens are signed with, sealed."""

    secret: str
    previous_secret: str | None
    previous_until: datetime | None
    set_at: datetime


class Deletion(msgspec.Struct, frozen=True, kw_only=True):
    """That somebody asked for a deletion, and when it was done."""

    requested_at: datetime
    done_at: datetime | None


async def find_session(tx: Tx, tenant_id: str, id_hash: bytes) -> SignedIn | None:
    """Return whose session this is; None when there is none, or it has ended."""
    row = await tx.raw.fetchrow(_FIND_SESSION, tenant_id, id_hash, tx.now)
    return None if row is None else SignedIn(**row)


async def insert_session(tx: Tx, tenant_id: str, id_hash: bytes, person_key: str, expires_at: datetime) -> None:
    """Store a session."""
    await tx.raw.execute(_INSERT_SESSION, tenant_id, id_hash, person_key, tx.now, expires_at)


async def delete_session(tx: Tx, tenant_id: str, id_hash: bytes) -> None:
    """End a session."""
    await tx.raw.execute(_DELETE_SESSION, tenant_id, id_hash)


async def delete_sessions_of(tx: Tx, tenant_id: str, person_key: str) -> None:
    """End all sessions of a person."""
    await tx.raw.execute(_DELETE_SESSIONS_OF, tenant_id, person_key)


async def sign_in(tx: Tx, tenant_id: str, person: SignedIn) -> None:
    """Store that a person has signed in; a name that is given replaces the former one."""
    await tx.raw.execute(_SIGN_IN, tenant_id, person.person_key, person.name, tx.now)


async def set_name(tx: Tx, tenant_id: str, person_key: str, name: str | None) -> None:
    """Store the name that a person wants to be shown under; None for none."""
    await tx.raw.execute(_NAME, tenant_id, person_key, name)


async def find_person(tx: Tx, tenant_id: str, person_key: str) -> SignedIn | None:
    """Return a person who has signed in at some time."""
    row = await tx.raw.fetchrow(_FIND_PERSON, tenant_id, person_key)
    return None if row is None else SignedIn(**row)


async def insert_link(tx: Tx, link: Link) -> None:
    """Store a link."""
    intent = msgspec.json.encode(link.intent).decode()
    where = (link.tenant_id, link.token_hash, link.person_key, link.purpose)
    await tx.raw.execute(_INSERT_LINK, *where, link.address, link.next_path, intent, link.expires_at)


async def find_link(tx: Tx, tenant_id: str, token_hash: bytes) -> Link | None:
    """Return a link that can be used; None for one that is unknown, used, or too old."""
    row = await tx.raw.fetchrow(_FIND_LINK, tenant_id, token_hash, tx.now)
    if row is None:
        return None
    intent = msgspec.convert(row["intent"], Intent)
    return Link(**{**row, "purpose": Purpose(row["purpose"]), "intent": intent})


async def use_link(tx: Tx, tenant_id: str, token_hash: bytes) -> bool:
    """Use a link up; False when somebody else did."""
    return rows_changed(await tx.raw.execute(_USE_LINK, tenant_id, token_hash)) == 1


async def use_token(tx: Tx, tenant_id: str, id_hash: bytes, expires_at: datetime) -> bool:
    """Note that a token came; False when it came before."""
    return rows_changed(await tx.raw.execute(_NOTE_USE, tenant_id, id_hash, expires_at)) == 1


async def secrets_of(tx: Tx, tenant_id: str) -> Secrets | None:
    """Return what a tenant's tokens are signed with."""
    row = await tx.raw.fetchrow(_SECRETS, tenant_id)
    return None if row is None else Secrets(**row)


async def set_secret(tx: Tx, tenant_id: str, secrets: Secrets, actor: str) -> None:
    """Store what a tenant's tokens are signed with."""
    values = (secrets.secret, secrets.previous_secret, secrets.previous_until, secrets.set_at)
    await tx.raw.execute(_SET, tenant_id, *values, actor)


async def delete_secret(tx: Tx, tenant_id: str) -> bool:
    """Delete a tenant's secret; False when there is none."""
    return rows_changed(await tx.raw.execute(_UNSET, tenant_id)) == 1


async def stale_secrets(
    tx: Tx, prefix: str, prefixes: list[str], limit: int
) -> list[tuple[str, tuple[str, str | None]]]:
    """Return tenants with their sealed secrets, the present one and the one before, that another key has sealed."""
    rows = await tx.raw.fetch(_STALE, prefix, prefixes, limit)
    return [(row["tenant_id"], (row["secret"], row["previous_secret"])) for row in rows]


async def reseal_secret(tx: Tx, tenant_id: str, secret: str | None, previous: str | None) -> None:
    """Store the secrets of a tenant as they are sealed anew."""
    await tx.raw.execute(_RESEAL, tenant_id, secret, previous)


async def add_deletion(tx: Tx, tenant_id: str, deletion_id: UUID, person_key: str) -> None:
    """Store that a person asked for a deletion."""
    await tx.raw.execute(_ADD_DELETION, tenant_id, deletion_id, person_key, tx.now)


async def find_deletion(tx: Tx, tenant_id: str, deletion_id: UUID) -> Deletion | None:
    """Return a receipt."""
    row = await tx.raw.fetchrow(_FIND_DELETION, tenant_id, deletion_id)
    return None if row is None else Deletion(**row)


async def erase_person(tx: Tx, tenant_id: str, person_key: str, until: datetime) -> None:
    """Delete what is here about a person up to a time, as a worker, and write on the receipts that it is done."""
    await tx.raw.execute(_ERASE[0], tenant_id, person_key)
    for statement in _ERASE[1:]:
        await tx.raw.execute(statement, tenant_id, person_key, until)
    await tx.raw.execute(_DONE, tenant_id, person_key, until, tx.now)


async def purge(tx: Tx, tenant_id: str) -> None:
    """Delete some of what is over."""
    for statement in _PURGE:
        await tx.raw.execute(statement, tenant_id, tx.now, MAX_PURGED)
