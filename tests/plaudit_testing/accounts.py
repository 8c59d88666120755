"""Accounts of staff, as an admin makes and ends them."""

from typing import Any
from uuid import uuid4

from plaudit.common.people import commands
from plaudit.common.people.domain import Role


async def deactivated(stage: Any, email: str, tenant: str = "default") -> None:
    """Make an account, and end it at once.

    Args:
        stage: with the connections of the owner of schema `common`.
        email: its address.
        tenant: whose.
    """
    async with stage.common.transaction() as tx:
        account = await commands.create(tx, tenant, uuid4(), email, "Somebody", Role.RESPONDER)
    async with stage.common.transaction() as tx:
        await commands.deactivate(tx, tenant, account.id)
