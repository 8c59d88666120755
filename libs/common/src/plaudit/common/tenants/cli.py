"""`plaudit tenants`: make, list and rename tenants, and switch their boards on and off."""

from enum import StrEnum
from typing import Annotated, Final

import typer

from plaudit.common.db import SqlTx
from plaudit.common.refusals import RefusedError
from plaudit.common.tenants import commands, store
from plaudit.common.tenants.domain import Tenant
from plaudit.common.terminal import AsJson, CommandGroup, Row, in_transaction, print_done, print_rows

FIELDS: Final = ("tenant_id", "name", "created_at", "board")

app = typer.Typer(
    cls=CommandGroup,
    help="Make, list and rename tenants, and switch their boards on and off, in the database at PLAUDIT_DATABASE_URL.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)


class Switch(StrEnum):
    """On or off."""

    ON = "on"
    OFF = "off"


TenantId = Annotated[
    str, typer.Argument(metavar="TENANT", help="Its id, in addresses and keys: a-z, 0-9 and '-'. It never changes.")
]


@app.command("create", epilog="Example: plaudit tenants create acme --name 'Acme Ltd'")
def create_command(
    tenant_id: TenantId,
    name: Annotated[str | None, typer.Option(help="For people; if not given, the id.")] = None,
    as_json: AsJson = False,
) -> None:
    """Make a tenant."""

    async def work(tx: SqlTx) -> Tenant | None:
        made = await commands.create(tx, tenant_id, tenant_id if name is None else name)
        return await store.get(tx, tenant_id) if made else None

    made = in_transaction(work)
    if made is None:
        raise RefusedError(f"there is a tenant {tenant_id!r} already")
    print_done(row_of(made), f"Tenant {made.id} ({made.name}) is made.", as_json=as_json)


@app.command("list", epilog="Example: plaudit tenants list --json")
def list_command(as_json: AsJson = False) -> None:
    """List all tenants."""
    found = in_transaction(store.all_tenants)
    print_rows([row_of(tenant) for tenant in found], FIELDS, as_json=as_json)


@app.command("rename", epilog="Example: plaudit tenants rename acme 'Acme Holdings'")
def rename_command(
    tenant_id: TenantId, name: Annotated[str, typer.Argument(help="The new name.")], as_json: AsJson = False
) -> None:
    """Give a tenant another name; the id stays."""
    renamed = in_transaction(lambda tx: commands.rename(tx, tenant_id, name))
    print_done(row_of(renamed), f"Tenant {renamed.id} is now called {renamed.name}.", as_json=as_json)


@app.command("board", epilog="Example: plaudit tenants board acme on")
def board_command(
    tenant_id: TenantId,
    switch: Annotated[Switch, typer.Argument(help="Whether everybody may see the board and write on it.")],
    as_json: AsJson = False,
) -> None:
    """Switch the public board of a tenant on or off."""

    async def work(tx: SqlTx) -> Tenant | None:
        await commands.set_board_public(tx, tenant_id, switch is Switch.ON)
        return await store.get(tx, tenant_id)

    tenant = in_transaction(work)
    assert tenant is not None, "its board has just been switched"
    words = "is public" if tenant.board_public else "is private"
    print_done(row_of(tenant), f"The board of {tenant.id} {words}.", as_json=as_json)


def row_of(tenant: Tenant) -> Row:
    """Return what commands say of a tenant."""
    return {
        "tenant_id": tenant.id,
        "name": tenant.name,
        "created_at": tenant.created_at,
        "board": "public" if tenant.board_public else "private",
    }


if __name__ == "__main__":
    app()
