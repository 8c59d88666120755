"""Every SQL statement about tenants."""

from dataclasses import dataclass

from plaudit.common.db import Tx

_EXISTS = "SELECT EXISTS (SELECT FROM common.tenants WHERE id = $1)"
_INSERT = "INSERT INTO common.tenants (id, name, person_key) VALUES ($1, $2, $3) ON CONFLICT (id) DO NOTHING"
_SET_BOARD_PUBLIC = "UPDATE common.tenants SET board_public = $2 WHERE id = $1 RETURNING true"


@dataclass(frozen=True, slots=True)
class PublicBoard:
    """The board of a tenant that has switched it on."""

    name: str
    """Of the tenant."""
    person_key: bytes


async def exists(tx: Tx, tenant_id: str) -> bool:
    """Return whether there is such a tenant, as the owner of schema `common`."""
    return bool(await tx.raw.fetchval(_EXISTS, tenant_id))


async def insert(tx: Tx, tenant_id: str, name: str, person_key: bytes) -> None:
    """Store a tenant unless it exists, as the owner of schema `common`."""
    await tx.raw.execute(_INSERT, tenant_id, name, person_key)


async def set_board_public(tx: Tx, tenant_id: str, *, public: bool) -> bool:
    """Store whether a tenant's board is public, as the owner of schema `common`; return whether there is the tenant."""
    return bool(await tx.raw.fetchval(_SET_BOARD_PUBLIC, tenant_id, public))


async def find_public_board(tx: Tx, tenant_id: str) -> PublicBoard | None:
    """Return a tenant's board where it is public, else None, as for a tenant that does not exist. Any role may ask."""
    row = await tx.raw.fetchrow("SELECT name, person_key FROM common.find_public_board($1)", tenant_id)
    return None if row is None else PublicBoard(**row)


async def name_of(tx: Tx, tenant_id: str) -> str | None:
    """Return a tenant's name, or None for one that does not exist. Any role may ask."""
    name: str | None = await tx.raw.fetchval("SELECT common.tenant_name($1)", tenant_id)
    return name


async def person_key_of(tx: Tx, tenant_id: str) -> bytes | None:
    """Return the key of a tenant's keyed hashes, or None for a tenant that does not exist. Any role may ask."""
    key: bytes | None = await tx.raw.fetchval("SELECT common.person_key($1)", tenant_id)
    return key
