"""Every SQL statement about API keys.

Any role may look one key up and note its use. The owner of schema `common` sees the keys of all tenants, and the api
role of `common` those of the transaction's tenant.
"""

from dataclasses import asdict
from datetime import datetime
from typing import Any

import asyncpg
from sqlalchemy.dialects.postgresql import insert as insert_into

from plaudit.common.api_keys.domain import USE_IS_NOTED_EVERY, ApiKey, StoredKey, StoredSecret
from plaudit.common.api_keys.tables import api_keys
from plaudit.common.db import SqlTx, Tx
from plaudit.common.db.columns import Columns

_KEY = Columns(api_keys, without=("secret_hash", "previous_secret_hash"))

_FIND = """
SELECT tenant_id, scopes,
    secret_hash, extract(epoch FROM expires_at - $2)::float8 AS seconds_left,
    previous_secret_hash, extract(epoch FROM least(previous_expires_at, expires_at) - $2)::float8 AS previous_left
FROM find_api_key($1)
"""
_LIST = f"""
SELECT {_KEY.listed} FROM common.api_keys WHERE $1::text IS NULL OR tenant_id = $1
ORDER BY tenant_id, created_at, public_id
"""
_LIST_NEWEST = f"""
SELECT {_KEY.listed} FROM common.api_keys
WHERE tenant_id = $1 AND ($2 OR revoked_at IS NULL)
    AND ($3::timestamptz IS NULL OR (created_at, public_id) < ($3, $4::text))
ORDER BY created_at DESC, public_id DESC LIMIT $5
"""
_GET = f"SELECT {_KEY.listed} FROM common.api_keys WHERE tenant_id = $1 AND public_id = $2"
_LOCK = f"SELECT {_KEY.listed} FROM common.api_keys WHERE public_id = $1 FOR UPDATE"
_ROTATE = f"""
UPDATE common.api_keys
SET secret_hash = $2, rotated_at = $3, expires_at = $4, previous_expires_at = $5,
    previous_secret_hash = CASE WHEN $5::timestamptz > $3 THEN secret_hash END
WHERE public_id = $1 RETURNING {_KEY.listed}
"""
_REVOKE = f"""
UPDATE common.api_keys SET revoked_at = coalesce(revoked_at, $2), previous_secret_hash = NULL
WHERE public_id = $1 RETURNING {_KEY.listed}
"""


async def find(tx: Tx, public_id: str) -> StoredKey | None:
    """Return a key by its public id, before the tenant is known; None when it is unknown or revoked."""
    row = await tx.raw.fetchrow(_FIND, public_id, tx.now)
    if row is None:
        return None
    secrets = [StoredSecret(row["secret_hash"], row["seconds_left"])]
    if row["previous_secret_hash"] is not None:
        secrets.append(StoredSecret(row["previous_secret_hash"], row["previous_left"]))
    return StoredKey(row["tenant_id"], frozenset(row["scopes"]), tuple(secrets))


async def note_use(tx: Tx, public_id: str) -> None:
    """Write down that a key is used, unless that was done a moment ago or is being done by others."""
    await tx.raw.execute("SELECT note_api_key_use($1, $2, $3)", public_id, tx.now, tx.now - USE_IS_NOTED_EVERY)


async def insert(tx: SqlTx, key: ApiKey, secret_hash: bytes) -> bool:
    """Store a new key; False when there is one of its public id."""
    statement = insert_into(api_keys).values(**asdict(key), secret_hash=secret_hash)
    inserted = await tx.sql.execute(
        statement.on_conflict_do_nothing(index_elements=["public_id"]).returning(api_keys.c.public_id)
    )
    return inserted.scalar() is not None


async def list_keys(tx: Tx, tenant_id: str | None = None) -> list[ApiKey]:
    """Return the keys of a tenant, or of all that the role may see, the oldest of each tenant first."""
    return [_key(row) for row in await tx.raw.fetch(_LIST, tenant_id)]


async def list_newest(
    tx: Tx, tenant_id: str, *, with_revoked: bool, after: tuple[datetime, str] | None, limit: int
) -> list[ApiKey]:
    """Return a page of a tenant's keys, the newest first: those after the one with this time and public id."""
    created_at, public_id = after or (None, None)
    rows = await tx.raw.fetch(_LIST_NEWEST, tenant_id, with_revoked, created_at, public_id, limit)
    return [_key(row) for row in rows]


async def get(tx: Tx, tenant_id: str, public_id: str) -> ApiKey | None:
    """Return a tenant's key; None when there is none."""
    row = await tx.raw.fetchrow(_GET, tenant_id, public_id)
    return None if row is None else _key(row)


async def lock(tx: Tx, public_id: str) -> ApiKey | None:
    """Return a key that no other transaction changes before the end of this one; None when there is none."""
    row = await tx.raw.fetchrow(_LOCK, public_id)
    return None if row is None else _key(row)


async def rotate(
    tx: Tx, public_id: str, secret_hash: bytes, expires_at: datetime | None, previous_expires_at: datetime
) -> ApiKey:
    """Store another secret of a locked key, and until when the present one stays valid; return the key."""
    [row] = await tx.raw.fetch(_ROTATE, public_id, secret_hash, tx.now, expires_at, previous_expires_at)
    return _key(row)


async def revoke(tx: Tx, public_id: str) -> ApiKey | None:
    """Revoke a key, unless that was done before, and return it; None when there is no such key."""
    row = await tx.raw.fetchrow(_REVOKE, public_id, tx.now)
    return None if row is None else _key(row)


def _key(row: asyncpg.Record) -> ApiKey:
    values: dict[str, Any] = {**row, "scopes": tuple(row["scopes"])}
    return ApiKey(**values)
