"""`plaudit keys`: make, list, rotate and revoke API keys.

`python -m plaudit.common.api_keys.cli create --tenant default --name development --scopes "*"` prints a new key and
nothing else.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated, Final

import typer

from plaudit.common.api_keys import commands, store
from plaudit.common.api_keys.domain import ALL_SCOPES, SCOPES, ApiKey, KeyState, parse
from plaudit.common.db import SqlTx
from plaudit.common.tenants import commands as tenants
from plaudit.common.terminal import AsJson, CommandGroup, Row, duration, in_transaction, note, print_done, print_rows

FIELDS: Final = (
    *("public_id", "tenant_id", "name", "scopes", "state", "last_used_at", "expires_at"),
    *("created_at", "rotated_at", "previous_expires_at", "revoked_at"),
)
FOLDED: Final = ("created_at", "rotated_at", "previous_expires_at", "revoked_at")

app = typer.Typer(
    cls=CommandGroup,
    help="Make, list, rotate and revoke API keys, in the database at PLAUDIT_DATABASE_URL.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)

PublicId = Annotated[
    str, typer.Argument(metavar="KEY", help="Its public id, as `plaudit keys list` shows it: 16 letters and digits.")
]
ExpiresIn = Annotated[
    timedelta | None,
    typer.Option(parser=duration, metavar="DURATION", help="For how long it is valid, such as 12h or 90d."),
]


@app.command(
    "create", epilog="Example: plaudit keys create --name dashboard --scopes scores:read,reviews:read --expires-in 90d"
)
def create_command(
    name: Annotated[str, typer.Option(help="What it is for.")],
    scopes: Annotated[
        str, typer.Option(help=f"What it may do, separated by commas: {', '.join(SCOPES)}; or {ALL_SCOPES} for all.")
    ],
    tenant: Annotated[str, typer.Option(help="The tenant whose rows it may see.")] = "default",
    create_tenant_first: Annotated[
        bool, typer.Option("--create-tenant", help="Make the tenant if it does not exist.")
    ] = False,
    expires_in: ExpiresIn = None,
    as_json: AsJson = False,
) -> None:
    """Make a key, and print it: it is shown this once."""

    async def work(tx: SqlTx) -> tuple[Row, str]:
        if create_tenant_first:
            await tenants.create(tx, tenant, tenant)
        key, text = await commands.issue(tx, tenant, name, scopes.replace(",", " ").split(), expires_in)
        return row_of(key, tx.now), text

    row, text = in_transaction(work)
    print_done({**row, "key": text}, text, as_json=as_json)
    note("This key is shown once. Whoever has it may do what its scopes say.")


@app.command("list", epilog="Example: plaudit keys list --tenant acme --all")
def list_command(
    tenant: Annotated[str | None, typer.Option(help="Keys of this tenant only.")] = None,
    show_all: Annotated[bool, typer.Option("--all", help="Revoked keys too.")] = False,
    as_json: AsJson = False,
) -> None:
    """List keys: what each is for, what it may do, when it was last used and when it expires. No secret is shown."""

    async def work(tx: SqlTx) -> list[Row]:
        if tenant is not None:
            await tenants.require(tx, tenant)
        return [row_of(key, tx.now) for key in await store.list_keys(tx, tenant)]

    rows = in_transaction(work)
    listed = [row for row in rows if show_all or row["state"] != KeyState.REVOKED]
    print_rows(listed, FIELDS, as_json=as_json, folded=FOLDED)
    if left_out := len(rows) - len(listed):
        note(f"Revoked keys that are not shown: {left_out}. `--all` shows them.")


@app.command("rotate", epilog="Example: plaudit keys rotate abcdefghijklmnop --overlap 24h")
def rotate_command(
    public_id: PublicId,
    overlap: Annotated[
        timedelta,
        typer.Option(
            parser=duration,
            metavar="DURATION",
            help="For how long the old secret is valid too; 0s ends it now, when somebody else has it.",
        ),
    ] = "24h",  # type: ignore[assignment] # typer parses a default as it parses what is typed
    expires_in: ExpiresIn = None,
    as_json: AsJson = False,
) -> None:
    """Give a key another secret, and print the new key: it is shown this once. Its id, name and scopes stay."""

    async def work(tx: SqlTx) -> tuple[Row, str]:
        key, text = await commands.rotate(tx, _public_id(public_id), overlap, expires_in)
        return row_of(key, tx.now), text

    row, text = in_transaction(work)
    print_done({**row, "key": text}, text, as_json=as_json)
    note(f"This key is shown once. The old secret ends at {row['previous_expires_at']:%Y-%m-%d %H:%M:%S} UTC.")


@app.command("revoke", epilog="Example: plaudit keys revoke abcdefghijklmnop")
def revoke_command(public_id: PublicId, as_json: AsJson = False) -> None:
    """Revoke a key for ever, with all its secrets; it may be repeated."""

    async def work(tx: SqlTx) -> Row:
        return row_of(await commands.revoke(tx, _public_id(public_id)), tx.now)

    row = in_transaction(work)
    print_done(
        row,
        f"Key {row['public_id']} was revoked at {row['revoked_at']:%Y-%m-%d %H:%M:%S} UTC; "
        "after ten seconds nothing accepts it.",
        as_json=as_json,
    )


def row_of(key: ApiKey, now: datetime) -> Mapping[str, object]:
    """Return what commands say of a key at a time."""
    values = {field: getattr(key, field) for field in FIELDS if field != "state"}
    return {field: key.state(now) if field == "state" else values[field] for field in FIELDS}


def _public_id(text: str) -> str:
    """Return the public id of a key that was pasted as a whole."""
    parts = parse(text)
    return parts[0] if parts else text


if __name__ == "__main__":
    app()
