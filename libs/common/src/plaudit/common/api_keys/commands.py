"""Make, rotate and revoke API keys: as the owner of schema `common`, or as its api role for one tenant."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from plaudit.common.api_keys import store
from plaudit.common.api_keys.domain import (
    ApiKey,
    check_rotation,
    checked_scopes,
    expiry,
    hash_secret,
    new_key,
)
from plaudit.common.db import SqlTx, Tx
from plaudit.common.names import checked_name, shown
from plaudit.common.refusals import RefusedError
from plaudit.common.tenants import commands as tenants

OVERLAP: Final = timedelta(hours=24)
"""For so long a rotated key is also valid with its old secret, if nobody says otherwise."""


class UnknownKeyError(RefusedError):
    """There is no key of this public id, or none that the role may see."""


class KeyMadeBeforeError(RefusedError):
    """There is a key of the public id that the new one was to have."""


async def create(
    tx: SqlTx, tenant_id: str, name: str, scopes: Sequence[str], expires_in: timedelta | None = None
) -> str:
    """Store a new key and return it; it cannot be shown again.

    Raises:
        UnknownTenantError: there is no such tenant.
        WrongInputError: the name cannot be one, there is no scope or an unknown one, or the validity is out of range.
    """
    _, text = await issue(tx, tenant_id, name, scopes, expires_in)
    return text


async def issue(
    tx: SqlTx,
    tenant_id: str,
    name: str,
    scopes: Sequence[str],
    expires_in: timedelta | None = None,
    *,
    created_by: str | None = None,
    public_id: str | None = None,
) -> tuple[ApiKey, str]:
    """Do as `create` does, and return what is stored and the key, which cannot be shown again.

    Args:
        tx: the open transaction.
        tenant_id: whose key.
        name: what it is for.
        scopes: what it may do.
        expires_in: for how long it is valid; None is for ever.
        created_by: the actor; None for an operator.
        public_id: the new key's, so that a form that is sent twice makes one key.

    Raises:
        KeyMadeBeforeError: there is a key of this public id.
        RefusedError: as `create`.
    """
    made = new_key(public_id)
    key = ApiKey(
        public_id=made.public_id,
        tenant_id=tenant_id,
        name=checked_name(name),
        scopes=checked_scopes(scopes),
        created_at=tx.now,
        expires_at=expiry(tx.now, expires_in),
        last_used_at=None,
        rotated_at=None,
        previous_expires_at=None,
        revoked_at=None,
        created_by=created_by,
    )
    await tenants.require(tx, tenant_id)
    if not await store.insert(tx, key, hash_secret(made.secret)):
        raise KeyMadeBeforeError(f"the key {key.public_id} was made before, and is not shown again")
    return key, made.text


async def rotate(
    tx: Tx, public_id: str, overlap: timedelta = OVERLAP, expires_in: timedelta | None = None
) -> tuple[ApiKey, str]:
    """Give a key another secret, and return the key and its new text, which cannot be shown again.

    Args:
        tx: the open transaction.
        public_id: the key's, which stays.
        overlap: for how long the old secret is valid too.
        expires_in: for how long the key is valid from now; if not given, until when it was.

    Raises:
        UnknownKeyError: there is no such key.
        RefusedError: the key is no longer valid, or its last rotation still overlaps.
        WrongInputError: the overlap or the validity is out of range.
    """
    key = await store.lock(tx, public_id)
    if key is None:
        raise _unknown(public_id)
    check_rotation(key, overlap, tx.now)
    expires_at = expiry(tx.now, expires_in) or key.expires_at
    previous_expires_at = min(tx.now + overlap, expires_at or datetime.max.replace(tzinfo=UTC))
    made = new_key(public_id)
    rotated = await store.rotate(tx, public_id, hash_secret(made.secret), expires_at, previous_expires_at)
    return rotated, made.text


async def revoke(tx: Tx, public_id: str) -> ApiKey:
    """Revoke a key, which takes effect within ten seconds; once it is revoked, nothing changes any more.

    Raises:
        UnknownKeyError: there is no such key.
    """
    revoked = await store.revoke(tx, public_id)
    if revoked is None:
        raise _unknown(public_id)
    return revoked


def _unknown(public_id: str) -> UnknownKeyError:
    return UnknownKeyError(f"there is no key {shown(public_id)}; `plaudit keys list --all` shows all")
