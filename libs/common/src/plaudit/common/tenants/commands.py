"""Make and rename tenants, and switch their boards on and off, as the owner of schema `common`."""

import secrets
from typing import Final

from plaudit.common.db import Tx
from plaudit.common.names import checked_name, did_you_mean, shown
from plaudit.common.refusals import RefusedError
from plaudit.common.tenants import store
from plaudit.common.tenants.domain import Tenant, checked_id

PERSON_KEY_BYTES: Final = 32


class UnknownTenantError(RefusedError):
    """There is no tenant of this id."""


async def create(tx: Tx, tenant_id: str, name: str) -> bool:
    """Make a tenant with a person key of its own; False when it exists, which changes nothing.

    Raises:
        WrongInputError: the id or the name cannot be one.
    """
    return await store.insert(tx, checked_id(tenant_id), checked_name(name), secrets.token_bytes(PERSON_KEY_BYTES))


async def rename(tx: Tx, tenant_id: str, name: str) -> Tenant:
    """Give a tenant another name; its id never changes.

    Raises:
        UnknownTenantError: there is no such tenant.
        WrongInputError: the name cannot be one.
    """
    renamed = await store.rename(tx, tenant_id, checked_name(name))
    if renamed is None:
        raise await _unknown(tx, tenant_id)
    return renamed


async def set_board_public(tx: Tx, tenant_id: str, on: bool) -> None:
    """Let everybody see a tenant's board and write on it, or nobody.

    Raises:
        UnknownTenantError: there is no such tenant.
    """
    if not await store.set_board_public(tx, tenant_id, public=on):
        raise await _unknown(tx, tenant_id)


async def require(tx: Tx, tenant_id: str) -> str:
    """Return the name of a tenant that there must be.

    Raises:
        UnknownTenantError: there is no such tenant.
    """
    name = await store.name_of(tx, tenant_id)
    if name is None:
        raise await _unknown(tx, tenant_id)
    return name


async def _unknown(tx: Tx, tenant_id: str) -> UnknownTenantError:
    """Return the refusal of a tenant that does not exist; it names those that may have been meant."""
    known = [tenant.id for tenant in await store.all_tenants(tx)]
    return UnknownTenantError(f"there is no tenant {shown(tenant_id)}{did_you_mean(tenant_id, known)}")
