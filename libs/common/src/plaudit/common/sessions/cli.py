"""`plaudit sign-in-link`: print a link that signs in once, as an admin.

`python -m plaudit.common.sessions.cli --tenant default --email admin@example.com` prints the link and nothing else.
"""

import asyncio
from datetime import timedelta
from typing import Annotated

import typer

from plaudit.common.db import Database, Role
from plaudit.common.ids import uuid7
from plaudit.common.people.domain import InvalidPersonError
from plaudit.common.sessions import commands
from plaudit.common.sessions.domain import Link, NoAdminError
from plaudit.common.settings import Settings, address_of, read_settings
from plaudit.common.tenants import store as tenants


class UnknownTenantError(ValueError):
    """There is no tenant of this name."""


def sign_in_link(
    email: Annotated[str, typer.Option(help="Address of the admin, whose account is made where there is none.")],
    tenant: Annotated[str, typer.Option(help="Whose admin.")] = "default",
    minutes: Annotated[int, typer.Option(min=1, max=1440, help="How long the link may be used.")] = 15,
) -> None:
    """Print a link that signs in once, as an admin: for a first start, or when no mail can be sent."""
    settings = read_settings(Settings)
    try:
        link = asyncio.run(_make(settings, tenant, email, timedelta(minutes=minutes)))
    except (InvalidPersonError, NoAdminError, UnknownTenantError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error
    # Without an address from outside, the path: whoever runs it all knows where the sign-in page is.
    typer.echo(address_of(settings) + link.path if settings.public_url else link.path)


async def _make(settings: Settings, tenant_id: str, email: str, expires_in: timedelta) -> Link:
    database = Database(settings, "common", Role.OWNER, pool_size=1)
    try:
        async with database.transaction() as tx:
            if await tenants.name_of(tx, tenant_id) is None:
                raise UnknownTenantError(f"there is no tenant {tenant_id!r}")
            return await commands.one_time_link(tx, tenant_id, uuid7(), email, expires_in)
    finally:
        await database.close()


if __name__ == "__main__":
    typer.run(sign_in_link)
