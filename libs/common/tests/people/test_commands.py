"""Accounts are made and changed, and a tenant never loses its last admin."""

import asyncio
from uuid import UUID, uuid4

import pytest

from plaudit.common.db import Database
from plaudit.common.people import commands, store
from plaudit.common.people.domain import (
    Account,
    EmailTakenError,
    InvalidPersonError,
    LastAdminError,
    Role,
    UnknownPersonError,
)
from plaudit.common.tenants import commands as tenants

pytestmark = pytest.mark.postgres

ACME = "acme"


@pytest.fixture(autouse=True)
async def acme(owner: Database) -> None:
    async with owner.transaction() as tx:
        await tenants.create(tx, ACME, "Acme")


async def make(database: Database, email: str, role: Role = Role.VIEWER, tenant_id: str = "default") -> Account:
    async with database.transaction(tenant_id) as tx:
        return await commands.create(tx, tenant_id, uuid4(), email, "Ada  Lovelace", role)


async def test_an_account_has_a_normalised_address_and_name(api_database: Database) -> None:
    made = await make(api_database, " Ada@Example.COM ")
    assert (made.email, made.name, made.role, made.active) == ("ada@example.com", "Ada Lovelace", Role.VIEWER, True)
    async with api_database.transaction("default") as tx:
        assert await store.find(tx, "default", made.id) == made
        assert await store.find_by_email(tx, "default", "ada@example.com") == made
        assert await store.list_accounts(tx, "default") == [made]


async def test_an_address_has_one_account_in_a_tenant_and_may_have_one_in_another(api_database: Database) -> None:
    await make(api_database, "ada@example.com")
    with pytest.raises(EmailTakenError, match=r"ada@example\.com"):
        await make(api_database, "ADA@example.com")
    await make(api_database, "ada@example.com", tenant_id=ACME)
    async with api_database.transaction() as tx:
        found = await store.find_active(tx, "ada@example.com")
    assert [person.tenant_id for person in found] == [ACME, "default"]


@pytest.mark.parametrize(
    "email",
    ["", "ada", "ada@", "@example.com", "a@b.example, c@d.example", "a@b.example\nBcc: c@d.example", "ä@b.example"],
)
async def test_what_is_not_one_plain_address_makes_no_account(api_database: Database, email: str) -> None:
    with pytest.raises(InvalidPersonError):
        await make(api_database, email)


async def test_the_last_active_admin_can_neither_be_deactivated_nor_get_another_role(api_database: Database) -> None:
    admin = await make(api_database, "admin@example.com", Role.ADMIN)
    gone = await make(api_database, "gone@example.com", Role.ADMIN)
    await make(api_database, "elsewhere@example.com", Role.ADMIN, ACME)
    async with api_database.transaction("default") as tx:
        await commands.deactivate(tx, "default", gone.id)
    async with api_database.transaction("default") as tx:
        with pytest.raises(LastAdminError):
            await commands.deactivate(tx, "default", admin.id)
        with pytest.raises(LastAdminError):
            await commands.change_role(tx, "default", admin.id, Role.RESPONDER)
        assert await store.find(tx, "default", admin.id) == admin


async def test_two_admins_who_deactivate_each_other_at_once_leave_one(api_database: Database) -> None:
    pair = [await make(api_database, f"{name}@example.com", Role.ADMIN) for name in ("ada", "bob")]

    async def deactivate(person_id: UUID) -> None:
        async with api_database.transaction("default") as tx:
            await commands.deactivate(tx, "default", person_id)

    results = await asyncio.gather(*(deactivate(each.id) for each in pair), return_exceptions=True)
    assert sorted(type(result).__name__ for result in results) == ["LastAdminError", "NoneType"]
    async with api_database.transaction("default") as tx:
        assert [each.active for each in await store.list_accounts(tx, "default")].count(True) == 1


async def test_a_deactivated_account_is_not_found_for_sign_in_and_can_come_back(api_database: Database) -> None:
    made = await make(api_database, "ada@example.com")
    async with api_database.transaction("default") as tx:
        await commands.deactivate(tx, "default", made.id)
        assert await store.find_active(tx, "ada@example.com") == []
        back = await commands.activate(tx, "default", made.id)
        assert [person.id for person in await store.find_active(tx, "ada@example.com")] == [made.id]
    assert back.valid_from > made.valid_from


async def test_another_tenants_account_is_unknown(api_database: Database) -> None:
    theirs = await make(api_database, "ada@example.com", tenant_id=ACME)
    async with api_database.transaction("default") as tx:
        for tenant_id in ("default", ACME):
            with pytest.raises(UnknownPersonError):
                await commands.rename(tx, tenant_id, theirs.id, "Mallory")
        assert await store.list_accounts(tx, ACME) == []
