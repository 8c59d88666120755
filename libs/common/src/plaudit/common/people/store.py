"""Every SQL statement about people."""

from collections.abc import Collection
from datetime import datetime
from typing import Final
from uuid import UUID

import asyncpg

from plaudit.common.db import Tx
from plaudit.common.db.columns import Columns
from plaudit.common.people.domain import Account, Person, Role
from plaudit.common.people.tables import people

_ACCOUNT: Final = Columns(people)

_INSERT = f"""
INSERT INTO common.people ({_ACCOUNT.listed}) SELECT * FROM {_ACCOUNT.unnest()}
ON CONFLICT (tenant_id, email) DO NOTHING RETURNING true
"""
_SELECT = f"SELECT {_ACCOUNT.listed} FROM common.people WHERE tenant_id = $1"
_LIST = f"{_SELECT} ORDER BY active DESC, lower(name), id"
_LIST_PAGE = f"""
{_SELECT} AND ($2::boolean IS NULL OR (NOT active, lower(name), id) > (NOT $2, lower($3::text), $4::uuid))
ORDER BY NOT active, lower(name), id LIMIT $5
"""
_NAMES = "SELECT id, name FROM common.people WHERE tenant_id = $1 AND id = ANY($2::uuid[])"
_BY_ID = f"{_SELECT} AND id = $2"
_BY_EMAIL = f"{_SELECT} AND email = $2"
_LOCK = f"{_SELECT} AND (id = $2 OR (role = 'admin' AND active)) ORDER BY id FOR UPDATE"
_UPDATE = """
UPDATE common.people SET name = $3, role = $4, active = $5, valid_from = $6 WHERE tenant_id = $1 AND id = $2
"""
_SIGNED_IN = "UPDATE common.people SET last_signed_in_at = $3 WHERE tenant_id = $1 AND id = $2"
_FIND = "SELECT tenant_id, id, email, name, role FROM common.find_people($1)"


async def insert(tx: Tx, account: Account) -> bool:
    """Store an account; False when the tenant has one with this address."""
    return bool(await tx.raw.fetchval(_INSERT, *_ACCOUNT.arrays([account])))


async def list_accounts(tx: Tx, tenant_id: str) -> list[Account]:
    """Return all accounts of a tenant: active ones first, each by name."""
    return [_account(row) for row in await tx.raw.fetch(_LIST, tenant_id)]


async def list_page(tx: Tx, tenant_id: str, *, after: tuple[bool, str, UUID] | None, limit: int) -> list[Account]:
    """Return a page of `list_accounts`: those after the account that is active or not, with this name and id."""
    return [_account(row) for row in await tx.raw.fetch(_LIST_PAGE, tenant_id, *(after or (None,) * 3), limit)]


async def names_of(tx: Tx, tenant_id: str, person_ids: Collection[UUID]) -> dict[UUID, str]:
    """Return the names of those of these people who have an account."""
    return {row["id"]: row["name"] for row in await tx.raw.fetch(_NAMES, tenant_id, list(person_ids))}


async def find(tx: Tx, tenant_id: str, person_id: UUID) -> Account | None:
    """Return an account; None when there is none."""
    row = await tx.raw.fetchrow(_BY_ID, tenant_id, person_id)
    return None if row is None else _account(row)


async def find_by_email(tx: Tx, tenant_id: str, email: str) -> Account | None:
    """Return a tenant's account by its normalised address; None when there is none."""
    row = await tx.raw.fetchrow(_BY_EMAIL, tenant_id, email)
    return None if row is None else _account(row)


async def lock_with_admins(tx: Tx, tenant_id: str, person_id: UUID) -> list[Account]:
    """Lock an account and all active admins of its tenant, in one order, and return them."""
    return [_account(row) for row in await tx.raw.fetch(_LOCK, tenant_id, person_id)]


async def update(tx: Tx, account: Account) -> None:
    """Store what may change of an account."""
    await tx.raw.execute(
        _UPDATE, account.tenant_id, account.id, account.name, account.role, account.active, account.valid_from
    )


async def record_sign_in(tx: Tx, tenant_id: str, person_id: UUID, at: datetime) -> None:
    """Record when a person last signed in."""
    await tx.raw.execute(_SIGNED_IN, tenant_id, person_id, at)


async def find_active(tx: Tx, email: str) -> list[Person]:
    """Return the active accounts of a normalised address in all tenants, before a tenant is known. Any role may ask."""
    return [Person(**{**row, "role": Role(row["role"])}) for row in await tx.raw.fetch(_FIND, email)]


def _account(row: asyncpg.Record) -> Account:
    return Account(**{**row, "role": Role(row["role"])})
