"""Make and revoke API keys, as the owner of schema `common`."""

from collections.abc import Sequence
from datetime import timedelta

from plaudit.common.api_keys import store
from plaudit.common.api_keys.domain import hash_secret, new_key
from plaudit.common.db import Tx
from plaudit.common.tenants import store as tenants


class UnknownTenantError(ValueError):
    """There is no tenant of this name."""


async def create(tx: Tx, tenant_id: str, name: str, scopes: Sequence[str], expires_in: timedelta | None = None) -> str:
    """Store a new key and return it; it cannot be shown again.

    Raises:
        UnknownTenantError: there is no such tenant.
    """
    if not await tenants.exists(tx, tenant_id):
        raise UnknownTenantError(f"there is no tenant {tenant_id!r}; --create-tenant makes it")
    key = new_key()
    expires_at = tx.now + expires_in if expires_in else None
    await store.insert(tx, key.public_id, tenant_id, name, hash_secret(key.secret), scopes, expires_at)
    return key.text


async def revoke(tx: Tx, public_id: str) -> bool:
    """Revoke a key, which takes effect within ten seconds; False when there is nothing to revoke."""
    return await store.revoke(tx, public_id)
