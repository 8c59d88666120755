"""`plaudit people`: invite staff, list them, change their roles and names, and let them in or keep them out."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from email.message import EmailMessage
from typing import Annotated, Final

import typer

from plaudit.common.db import SqlTx, Tx
from plaudit.common.ids import uuid7
from plaudit.common.mail.smtp import MailFailedError, MailRefusedError, smtp_sender
from plaudit.common.names import did_you_mean, shown
from plaudit.common.people import commands, store
from plaudit.common.people.domain import Account, Role, UnknownPersonError, normalised_email
from plaudit.common.refusals import RefusedError
from plaudit.common.sessions import commands as sessions
from plaudit.common.sessions.cli import Address, print_link
from plaudit.common.sessions.domain import Link
from plaudit.common.sessions.mails import invitation_mail
from plaudit.common.settings import Settings
from plaudit.common.tenants import commands as tenants
from plaudit.common.terminal import (
    AsJson,
    CommandGroup,
    Row,
    in_transaction,
    print_done,
    print_rows,
    read_environment,
)

FIELDS: Final = ("email", "name", "role", "state", "last_signed_in_at", "tenant_id", "created_at", "id")
FOLDED: Final = ("tenant_id", "created_at", "id")

app = typer.Typer(
    cls=CommandGroup,
    help="Invite staff and change their accounts, in the database at PLAUDIT_DATABASE_URL.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)

Email = Annotated[str, typer.Argument(metavar="EMAIL", help="The e-mail address of the account.")]
TenantId = Annotated[str, typer.Option("--tenant", help="The tenant whose staff it is.")]


@app.command("create", epilog="Example: plaudit people create ada@example.com --name 'Ada King' --role admin")
def create_command(
    email: Email,
    name: Annotated[str, typer.Option(help="As pages show it.")],
    role: Annotated[Role, typer.Option(help="What the person may do.")] = Role.VIEWER,
    tenant_id: TenantId = "default",
    by_mail: Annotated[
        bool, typer.Option("--mail", help="Mail the link, through the server at PLAUDIT_SMTP_HOST; do not print it.")
    ] = False,
    address: Address = None,
    as_json: AsJson = False,
) -> None:
    """Make an account, with a link that signs in once: it is printed, or mailed."""
    settings = read_environment()
    if by_mail and not (settings.smtp_host and address):
        raise RefusedError("a mail needs PLAUDIT_SMTP_HOST for its server, and --address for its link")

    async def work(tx: SqlTx) -> tuple[Account, Link, EmailMessage]:
        tenant_name = await tenants.require(tx, tenant_id)
        account = await commands.create(tx, tenant_id, uuid7(), email, name, role)
        link = await sessions.new_link(tx, account, timedelta(days=settings.invitation_days))
        linked = settings.model_copy(update={"public_url": address or ""})
        return account, link, invitation_mail(link, tenant_name, linked, tx.now)

    account, link, mail = in_transaction(work)
    if by_mail:
        _send(settings, mail, account.email)
        print_done(row_of(account), f"{account.email} has an account, and a mail with a link.", as_json=as_json)
    else:
        print_link(row_of(account), link, address, as_json=as_json)


@app.command("list", epilog="Example: plaudit people list --tenant acme")
def list_command(tenant_id: TenantId = "default", as_json: AsJson = False) -> None:
    """List the accounts of a tenant."""

    async def work(tx: SqlTx) -> list[Account]:
        await tenants.require(tx, tenant_id)
        return await store.list_accounts(tx, tenant_id)

    print_rows([row_of(account) for account in in_transaction(work)], FIELDS, as_json=as_json, folded=FOLDED)


@app.command("link", epilog="Example: plaudit people link ada@example.com --address https://plaudit.example.com")
def link_command(
    email: Email, tenant_id: TenantId = "default", address: Address = None, as_json: AsJson = False
) -> None:
    """Print a link that signs a person in once."""
    settings = read_environment()

    async def work(tx: SqlTx) -> tuple[Account, Link]:
        account = await _account(tx, tenant_id, email)
        if not account.active:
            raise RefusedError(f"the account {account.email} is not active: `plaudit people activate` comes first")
        return account, await sessions.new_link(tx, account, timedelta(minutes=settings.sign_in_link_minutes))

    account, link = in_transaction(work)
    print_link(row_of(account), link, address, as_json=as_json)


@app.command("role", epilog="Example: plaudit people role ada@example.com responder")
def role_command(
    email: Email,
    role: Annotated[Role, typer.Argument(help="What the person may do from now on.")],
    tenant_id: TenantId = "default",
    as_json: AsJson = False,
) -> None:
    """Give a person another role."""

    def change(tx: Tx, account: Account) -> Awaitable[Account]:
        return commands.change_role(tx, tenant_id, account.id, role)

    account = _changed(tenant_id, email, change)
    print_done(row_of(account), f"{account.email} has the role {account.role}.", as_json=as_json)


@app.command("rename", epilog="Example: plaudit people rename ada@example.com 'Ada King'")
def rename_command(
    email: Email,
    name: Annotated[str, typer.Argument(help="The new name.")],
    tenant_id: TenantId = "default",
    as_json: AsJson = False,
) -> None:
    """Give a person another name."""

    def change(tx: Tx, account: Account) -> Awaitable[Account]:
        return commands.rename(tx, tenant_id, account.id, name)

    account = _changed(tenant_id, email, change)
    print_done(row_of(account), f"{account.email} is now called {account.name}.", as_json=as_json)


@app.command("deactivate", epilog="Example: plaudit people deactivate ada@example.com")
def deactivate_command(email: Email, tenant_id: TenantId = "default", as_json: AsJson = False) -> None:
    """End all sessions and links of a person, who cannot sign in any more; it may be repeated."""

    def change(tx: Tx, account: Account) -> Awaitable[Account]:
        return commands.deactivate(tx, tenant_id, account.id)

    account = _changed(tenant_id, email, change)
    print_done(row_of(account), f"{account.email} cannot sign in any more.", as_json=as_json)


@app.command("activate", epilog="Example: plaudit people activate ada@example.com")
def activate_command(email: Email, tenant_id: TenantId = "default", as_json: AsJson = False) -> None:
    """Let a person sign in again; it may be repeated."""

    def change(tx: Tx, account: Account) -> Awaitable[Account]:
        return commands.activate(tx, tenant_id, account.id)

    account = _changed(tenant_id, email, change)
    print_done(row_of(account), f"{account.email} can sign in.", as_json=as_json)


def row_of(account: Account) -> Row:
    """Return what commands say of an account."""
    return {
        "email": account.email,
        "name": account.name,
        "role": account.role,
        "state": "active" if account.active else "inactive",
        "last_signed_in_at": account.last_signed_in_at,
        "tenant_id": account.tenant_id,
        "created_at": account.created_at,
        "id": str(account.id),
    }


def _changed(tenant_id: str, email: str, change: Callable[[Tx, Account], Awaitable[Account]]) -> Account:
    async def work(tx: SqlTx) -> Account:
        return await change(tx, await _account(tx, tenant_id, email))

    return in_transaction(work)


async def _account(tx: Tx, tenant_id: str, email: str) -> Account:
    await tenants.require(tx, tenant_id)
    wanted = normalised_email(email)
    account = await store.find_by_email(tx, tenant_id, wanted)
    if account is None:
        known = [each.email for each in await store.list_accounts(tx, tenant_id)]
        raise UnknownPersonError(f"tenant {tenant_id} has no account {shown(wanted)}{did_you_mean(wanted, known)}")
    return account


def _send(settings: Settings, mail: EmailMessage, email: str) -> None:
    async def send() -> None:
        await smtp_sender(settings)(mail)

    try:
        asyncio.run(send())
    except (MailRefusedError, MailFailedError) as error:
        again = f"`plaudit people link {email}` makes another link"
        raise RefusedError(f"the account is made, but the mail was not sent ({error}): {again}") from error
