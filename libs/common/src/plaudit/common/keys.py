"""API keys: `plaudit_<public id>_<secret>`. The secret is shown once and stored as a hash.

`python -m plaudit.common.keys create --tenant default --name development --scopes "*"` prints a new key, alone.
"""

import asyncio
import base64
import hashlib
import re
import secrets
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Final

import typer

from plaudit.common.db import Database, Role, Tx
from plaudit.common.settings import Settings

PREFIX: Final = "plaudit"
PUBLIC_ID_BYTES: Final = 10
SECRET_BYTES: Final = 32
ALL_SCOPES: Final = "*"
PERSON_KEY_BYTES: Final = 32

_PATTERN = re.compile(rf"{PREFIX}_([a-z2-7]{{16}})_([A-Za-z0-9_-]{{43}})")

_FIND = """
SELECT tenant_id, secret_hash, scopes, extract(epoch FROM expires_at - $2)::float8 AS seconds_left
FROM find_api_key($1)
"""
_CREATE = """
INSERT INTO common.api_keys (public_id, tenant_id, name, secret_hash, scopes, expires_at)
VALUES ($1, $2, $3, $4, $5, $6)
"""
_CREATE_TENANT = """
INSERT INTO common.tenants (id, name, person_key) VALUES ($1, $2, $3) ON CONFLICT (id) DO NOTHING
"""
_TENANT_EXISTS = "SELECT EXISTS (SELECT FROM common.tenants WHERE id = $1)"
_REVOKE = "UPDATE common.api_keys SET revoked_at = $2 WHERE public_id = $1 AND revoked_at IS NULL"


class UnknownTenantError(ValueError):
    """A key was asked for a tenant that does not exist."""


@dataclass(frozen=True, slots=True)
class StoredKey:
    """What the database knows of a key that is not revoked."""

    tenant: str
    secret_hash: bytes
    scopes: frozenset[str]
    seconds_left: float | None
    """Until it expires, by the clock of the transaction; None never, negative after."""


def parse(key: str) -> tuple[str, str] | None:
    """Return a key's public id and secret, or None when it has not the form of one."""
    match = _PATTERN.fullmatch(key)
    return (match[1], match[2]) if match else None


def hash_secret(secret: str) -> bytes:
    """Return what is stored of a secret. It has 256 random bits, so a slow hash would protect nothing more."""
    return hashlib.sha256(secret.encode()).digest()


async def find(tx: Tx, public_id: str) -> StoredKey | None:
    """Look up one key by its public id, before a tenant is known; a revoked one is not found."""
    row = await tx.raw.fetchrow(_FIND, public_id, tx.now)
    if row is None:
        return None
    return StoredKey(row["tenant_id"], row["secret_hash"], frozenset(row["scopes"]), row["seconds_left"])


async def create(tx: Tx, tenant: str, name: str, scopes: Sequence[str], expires_in: timedelta | None = None) -> str:
    """Store a new key, as the owner of schema `common`, and return it: nobody can see it again.

    Raises:
        UnknownTenantError: there is no such tenant.
    """
    if not await tx.raw.fetchval(_TENANT_EXISTS, tenant):
        raise UnknownTenantError(f"there is no tenant {tenant!r}; --create-tenant makes it")
    public_id = base64.b32encode(secrets.token_bytes(PUBLIC_ID_BYTES)).decode().lower()
    secret = secrets.token_urlsafe(SECRET_BYTES)
    expires_at = tx.now + expires_in if expires_in else None
    await tx.raw.execute(_CREATE, public_id, tenant, name, hash_secret(secret), list(scopes), expires_at)
    return f"{PREFIX}_{public_id}_{secret}"


async def create_tenant(tx: Tx, tenant: str, name: str) -> None:
    """Make a tenant with a person key of its own, unless it exists."""
    await tx.raw.execute(_CREATE_TENANT, tenant, name, secrets.token_bytes(PERSON_KEY_BYTES))


async def revoke(tx: Tx, public_id: str) -> bool:
    """Revoke a key; False when there is no such key, or it was revoked before. Takes effect within ten seconds."""
    return bool(await tx.raw.execute(_REVOKE, public_id, tx.now) == "UPDATE 1")


app = typer.Typer(help="Make and revoke API keys.", no_args_is_help=True)


@app.command("create")
def create_command(
    tenant: Annotated[str, typer.Option(help="Whose rows the key may see.")],
    name: Annotated[str, typer.Option(help="What it is for.")],
    scopes: Annotated[str, typer.Option(help='Comma-separated, for example "reviews:read"; "*" holds all.')],
    create_tenant_first: Annotated[bool, typer.Option("--create-tenant", help="Make the tenant if need be.")] = False,
    expires_days: Annotated[int | None, typer.Option(min=1, help="Days until it expires; without, never.")] = None,
) -> None:
    """Print a new key, alone, on standard output."""

    async def work(tx: Tx) -> str:
        if create_tenant_first:
            await create_tenant(tx, tenant, tenant)
        wanted = [scope.strip() for scope in scopes.split(",") if scope.strip()]
        return await create(tx, tenant, name, wanted, timedelta(days=expires_days) if expires_days else None)

    try:
        typer.echo(_in_transaction(work))
    except UnknownTenantError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error


@app.command("revoke")
def revoke_command(public_id: Annotated[str, typer.Argument(help="The part between the underscores.")]) -> None:
    """Revoke a key for good."""

    async def work(tx: Tx) -> bool:
        return await revoke(tx, public_id)

    if not _in_transaction(work):
        typer.echo(f"there is no key {public_id!r} that could be revoked", err=True)
        raise typer.Exit(1)


def _in_transaction(work: Callable[[Tx], Awaitable[object]]) -> object:
    async def run() -> object:
        database = Database(Settings(), "common", Role.OWNER, pool_size=1)
        try:
            async with database.transaction() as tx:
                return await work(tx)
        finally:
            await database.close()

    return asyncio.run(run())


if __name__ == "__main__":
    app()
