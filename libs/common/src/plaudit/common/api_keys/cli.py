"""`plaudit keys`: make and revoke API keys.

`python -m plaudit.common.api_keys.cli create --tenant default --name development --scopes "*"` prints a new key and
nothing else.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Annotated

import typer

from plaudit.common.api_keys import commands
from plaudit.common.db import Database, Role, Tx
from plaudit.common.settings import Settings, read_settings
from plaudit.common.tenants import commands as tenants

app = typer.Typer(help="Make and revoke API keys, in the database at PLAUDIT_DATABASE_URL.", no_args_is_help=True)


@app.command("create")
def create_command(
    tenant: Annotated[str, typer.Option(help="The tenant whose rows the key may see.")],
    name: Annotated[str, typer.Option(help="What it is for.")],
    scopes: Annotated[str, typer.Option(help='Comma-separated, for example "reviews:read"; "*" holds all.')],
    create_tenant_first: Annotated[
        bool, typer.Option("--create-tenant", help="Create the tenant if it does not exist.")
    ] = False,
    expires_days: Annotated[int | None, typer.Option(min=1, help="Days until it expires; by default never.")] = None,
) -> None:
    """Print a new key and nothing else on standard output."""

    async def work(tx: Tx) -> str:
        if create_tenant_first:
            await tenants.create(tx, tenant, tenant)
        wanted = [scope.strip() for scope in scopes.split(",") if scope.strip()]
        return await commands.create(tx, tenant, name, wanted, timedelta(days=expires_days) if expires_days else None)

    try:
        typer.echo(_in_transaction(work))
    except commands.UnknownTenantError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error


@app.command("revoke")
def revoke_command(public_id: Annotated[str, typer.Argument(help="The part between the underscores.")]) -> None:
    """Revoke a key; this cannot be undone."""

    async def work(tx: Tx) -> bool:
        return await commands.revoke(tx, public_id)

    if not _in_transaction(work):
        typer.echo(f"there is no key {public_id!r} that could be revoked", err=True)
        raise typer.Exit(1)


def _in_transaction(work: Callable[[Tx], Awaitable[object]]) -> object:
    settings = read_settings(Settings)

    async def run() -> object:
        database = Database(settings, "common", Role.OWNER, pool_size=1)
        try:
            async with database.transaction() as tx:
                return await work(tx)
        finally:
            await database.close()

    return asyncio.run(run())


if __name__ == "__main__":
    app()
