"""Make and change accounts, as an admin of the tenant or as the owner of schema `common`.

A change takes effect on every session of the person within ten seconds.
"""

from collections.abc import Callable
from uuid import UUID

import msgspec

from plaudit.common.db import Tx
from plaudit.common.people import store
from plaudit.common.people.domain import (
    Account,
    EmailTakenError,
    LastAdminError,
    Role,
    UnknownPersonError,
    checked_name,
    normalised_email,
)


async def create(tx: Tx, tenant_id: str, person_id: UUID, email: str, name: str, role: Role) -> Account:
    """Make an active account.

    Raises:
        InvalidPersonError: an address or a name that cannot be used.
        EmailTakenError: the tenant has an account with this address.
    """
    account = Account(
        tenant_id=tenant_id,
        id=person_id,
        email=normalised_email(email),
        name=checked_name(name),
        role=role,
        active=True,
        valid_from=tx.now,
        created_at=tx.now,
    )
    if not await store.insert(tx, account):
        raise EmailTakenError(f"there is an account with the address {account.email}")
    return account


async def change_role(tx: Tx, tenant_id: str, person_id: UUID, role: Role) -> Account:
    """Give a person another role.

    Raises:
        UnknownPersonError: there is no such account.
        LastAdminError: nobody else is an active admin.
    """
    return await _change(tx, tenant_id, person_id, lambda account: msgspec.structs.replace(account, role=role))


async def rename(tx: Tx, tenant_id: str, person_id: UUID, name: str) -> Account:
    """Give a person another name.

    Raises:
        InvalidPersonError: a name that cannot be used.
        UnknownPersonError: there is no such account.
    """
    new = checked_name(name)
    return await _change(tx, tenant_id, person_id, lambda account: msgspec.structs.replace(account, name=new))


async def deactivate(tx: Tx, tenant_id: str, person_id: UUID) -> Account:
    """End all sessions and links of a person, who cannot sign in from now on; repeating it changes nothing.

    Raises:
        UnknownPersonError: there is no such account.
        LastAdminError: nobody else is an active admin.
    """
    return await _change(tx, tenant_id, person_id, lambda account: msgspec.structs.replace(account, active=False))


async def activate(tx: Tx, tenant_id: str, person_id: UUID) -> Account:
    """Let a person sign in again; sessions and links from before stay void. Repeating it changes nothing.

    Raises:
        UnknownPersonError: there is no such account.
    """

    def activated(account: Account) -> Account:
        return account if account.active else msgspec.structs.replace(account, active=True, valid_from=tx.now)

    return await _change(tx, tenant_id, person_id, activated)


async def _change(tx: Tx, tenant_id: str, person_id: UUID, change: Callable[[Account], Account]) -> Account:
    locked = {account.id: account for account in await store.lock_with_admins(tx, tenant_id, person_id)}
    if person_id not in locked:
        raise UnknownPersonError("there is no such account")
    before, after = locked[person_id], change(locked[person_id])
    others = [each for each in locked.values() if each.id != person_id and _is_admin(each)]
    if _is_admin(before) and not _is_admin(after) and not others:
        raise LastAdminError("this is the only active admin: make somebody else an admin first")
    if after != before:
        await store.update(tx, after)
    return after


def _is_admin(account: Account) -> bool:
    return account.active and account.role is Role.ADMIN
