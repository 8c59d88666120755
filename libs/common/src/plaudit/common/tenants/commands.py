"""Make tenants, and switch their boards on and off."""

import secrets
from typing import Final

from plaudit.common.db import Tx
from plaudit.common.tenants import store

PERSON_KEY_BYTES: Final = 32


class UnknownTenantError(ValueError):
    """There is no such tenant."""

    def __init__(self, tenant_id: str) -> None:
        """Name it."""
        super().__init__(f"there is no tenant {tenant_id!r}")


async def create(tx: Tx, tenant_id: str, name: str) -> None:
    """Make a tenant with a person key of its own, unless it exists; as the owner of schema `common`."""
    await store.insert(tx, tenant_id, name, secrets.token_bytes(PERSON_KEY_BYTES))


async def set_board_public(tx: Tx, tenant_id: str, on: bool) -> None:
    """Let everybody see a tenant's board and write on it, or nobody; as the owner of schema `common`.

    Raises:
        UnknownTenantError: there is no such tenant.
    """
    if not await store.set_board_public(tx, tenant_id, public=on):
        raise UnknownTenantError(tenant_id)
