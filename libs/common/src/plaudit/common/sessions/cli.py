"""`plaudit sign-in-link`: print a link that signs in once, as an admin.

`python -m plaudit.common.sessions.cli --tenant default --email admin@example.com` prints the link and nothing else.
"""

import sys
from datetime import timedelta
from typing import Annotated

import typer

from plaudit.common.db import SqlTx
from plaudit.common.ids import uuid7
from plaudit.common.people.domain import Person
from plaudit.common.sessions import commands
from plaudit.common.sessions.domain import Link
from plaudit.common.tenants import commands as tenants
from plaudit.common.terminal import AsJson, CommandGroup, Row, in_transaction, note, print_done, read_environment

EXAMPLE = "Example: plaudit sign-in-link --email ada@example.com --address https://plaudit.example.com"

app = typer.Typer(cls=CommandGroup, add_completion=False, pretty_exceptions_enable=False)

Address = Annotated[
    str | None,
    typer.Option(
        "--address", envvar="PLAUDIT_PUBLIC_URL", metavar="URL", help="Where people open Plaudit, for the link."
    ),
]


@app.callback()
def _group() -> None:
    """Keep the command below a group, whose errors are one sentence."""


@app.command("sign-in-link", epilog=EXAMPLE)
def sign_in_link(
    email: Annotated[str, typer.Option(help="Address of the admin, whose account is made where there is none.")],
    tenant_id: Annotated[str, typer.Option("--tenant", help="Whose admin.")] = "default",
    minutes: Annotated[
        int | None,
        typer.Option(min=1, max=1440, help="How long it may be used; if not given, PLAUDIT_SIGN_IN_LINK_MINUTES."),
    ] = None,
    address: Address = None,
    as_json: AsJson = False,
) -> None:
    """Print a link that signs in once, as an admin: for a first start, or when no mail can be sent."""
    valid = timedelta(minutes=minutes or read_environment().sign_in_link_minutes)

    async def work(tx: SqlTx) -> Link:
        await tenants.require(tx, tenant_id)
        return await commands.one_time_link(tx, tenant_id, uuid7(), email, valid)

    link = in_transaction(work)
    print_link(_row_of(link.person), link, address, as_json=as_json)


def print_link(row: Row, link: Link, address: str | None, *, as_json: bool) -> None:
    """Print a link alone, or in JSON with the fields of the account that it signs in.

    Args:
        row: these fields.
        link: the link.
        address: where people open Plaudit; without it, the link's path is printed.
        as_json: whether JSON was asked for.
    """
    url = (address or "").rstrip("/") + link.path
    print_done({**row, "link": url, "link_expires_at": link.expires_at}, url, as_json=as_json)
    below = "" if address else " It stands below the address of Plaudit; --address completes it."
    note(f"This link signs {link.person.email} in once, until {link.expires_at:%Y-%m-%d %H:%M} UTC.{below}")


def _row_of(person: Person) -> Row:
    return {
        "email": person.email,
        "name": person.name,
        "role": person.role,
        "tenant_id": person.tenant_id,
        "id": str(person.id),
    }


if __name__ == "__main__":
    app(["sign-in-link", *sys.argv[1:]])
