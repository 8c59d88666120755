"""Make tenants."""

import secrets
from typing import Final

from plaudit.common.db import Tx
from plaudit.common.tenants import store

PERSON_KEY_BYTES: Final = 32


async def create(tx: Tx, tenant_id: str, name: str) -> None:
    """Make a tenant with a person key of its own, unless it exists; as the owner of schema `common`."""
    await store.insert(tx, tenant_id, name, secrets.token_bytes(PERSON_KEY_BYTES))
