"""Every SQL statement about API keys."""

from collections.abc import Sequence
from datetime import datetime

from plaudit.common.api_keys.domain import StoredKey
from plaudit.common.db import Tx
from plaudit.common.db.results import rows_changed

_FIND = """
SELECT tenant_id, secret_hash, scopes, extract(epoch FROM expires_at - $2)::float8 AS seconds_left
FROM find_api_key($1)
"""
_INSERT = """
INSERT INTO common.api_keys (public_id, tenant_id, name, secret_hash, scopes, expires_at)
VALUES ($1, $2, $3, $4, $5, $6)
"""
_REVOKE = "UPDATE common.api_keys SET revoked_at = $2 WHERE public_id = $1 AND revoked_at IS NULL"


async def find(tx: Tx, public_id: str) -> StoredKey | None:
    """Return a key by its public id, before the tenant is known; None when it is unknown or revoked."""
    row = await tx.raw.fetchrow(_FIND, public_id, tx.now)
    if row is None:
        return None
    return StoredKey(row["tenant_id"], row["secret_hash"], frozenset(row["scopes"]), row["seconds_left"])


async def insert(
    tx: Tx,
    public_id: str,
    tenant_id: str,
    name: str,
    secret_hash: bytes,
    scopes: Sequence[str],
    expires_at: datetime | None,
) -> None:
    """Store a key, as the owner of schema `common`."""
    await tx.raw.execute(_INSERT, public_id, tenant_id, name, secret_hash, list(scopes), expires_at)


async def revoke(tx: Tx, public_id: str) -> bool:
    """Revoke a key; False when there is no such key, or it was revoked before."""
    return rows_changed(await tx.raw.execute(_REVOKE, public_id, tx.now)) == 1
