"""Every SQL statement about tenants."""

from dataclasses import dataclass

from plaudit.common.db import Tx
from plaudit.common.db.results import rows_changed
from plaudit.common.tenants.domain import Tenant

_COLUMNS = "id, name, created_at, board_public"
_ALL = f"SELECT {_COLUMNS} FROM common.tenants ORDER BY id"
_GET = f"SELECT {_COLUMNS} FROM common.tenants WHERE id = $1"
_INSERT = "INSERT INTO common.tenants (id, name, person_key) VALUES ($1, $2, $3) ON CONFLICT (id) DO NOTHING"
_RENAME = f"UPDATE common.tenants SET name = $2 WHERE id = $1 RETURNING {_COLUMNS}"
_SET_BOARD_PUBLIC = "UPDATE common.tenants SET board_public = $2 WHERE id = $1 RETURNING true"


@dataclass(frozen=True, slots=True)
class PublicBoard:
    """The board of a tenant that has switched it on."""

    name: str
    """Of the tenant."""
    person_key: bytes


async def all_tenants(tx: Tx) -> list[Tenant]:
    """Return all tenants by their ids, as the owner of schema `common`."""
    return [Tenant(*row) for row in await tx.raw.fetch(_ALL)]


async def get(tx: Tx, tenant_id: str) -> Tenant | None:
    """Return a tenant, as the owner of schema `common`."""
    row = await tx.raw.fetchrow(_GET, tenant_id)
    return None if row is None else Tenant(*row)


async def insert(tx: Tx, tenant_id: str, name: str, person_key: bytes) -> bool:
    """Store a tenant, as the owner of schema `common`; False when there is one of this id."""
    return rows_changed(await tx.raw.execute(_INSERT, tenant_id, name, person_key)) == 1


async def rename(tx: Tx, tenant_id: str, name: str) -> Tenant | None:
    """Store another name and return the tenant, as the owner of schema `common`; None when there is none."""
    row = await tx.raw.fetchrow(_RENAME, tenant_id, name)
    return None if row is None else Tenant(*row)


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
