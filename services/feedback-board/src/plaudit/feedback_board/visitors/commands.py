"""Make and use links, begin and end sessions, and set the secret of the host's tokens, in the transaction given in."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from plaudit.common.api_keys.domain import hash_secret
from plaudit.common.db import Tx
from plaudit.common.sessions.domain import new_secret
from plaudit.common.vault import UNOPENED, Place, Vault
from plaudit.feedback_board.requests.domain.errors import BoardRefusedError
from plaudit.feedback_board.visitors import store
from plaudit.feedback_board.visitors.domain.host_token import HostToken, TokenRefusedError, read_token
from plaudit.feedback_board.visitors.domain.link import NO_INTENT, Intent, Link, Purpose
from plaudit.feedback_board.visitors.domain.visitor import SignedIn
from plaudit.feedback_board.visitors.store import Secrets

NO_SECRET: Final = "this board takes no tokens: its secret is not set"  # noqa: S105 - a sentence


class LinkUsedUpError(BoardRefusedError):
    """The link was used before, or is too old."""

    def __init__(self) -> None:
        """Say what to do."""
        super().__init__("This link is used up. Ask for a new one.")


@dataclass(frozen=True, slots=True)
class Mailed:
    """A link to be mailed."""

    address: str
    token: str
    purpose: Purpose
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class SecretSet:
    """Since when the secret of a tenant's tokens counts, and how long the one before it still does."""

    set_at: datetime
    previous_until: datetime | None


async def new_link(
    tx: Tx,
    tenant_id: str,
    address: str,
    person_key: str,
    purpose: Purpose,
    vault: Vault,
    expires_in: timedelta,
    next_path: str,
    intent: Intent = NO_INTENT,
) -> Mailed:
    """Make a link for whoever reads the mails of an address; the address is kept sealed until the link is used."""
    await store.purge(tx, tenant_id)
    token = new_secret()
    token_hash = hash_secret(token)
    sealed = vault.seal(address, _place_of_link(tenant_id, token_hash))
    expires_at = tx.now + expires_in
    await store.insert_link(tx, Link(tenant_id, token_hash, person_key, purpose, sealed, next_path, intent, expires_at))
    return Mailed(address, token, purpose, expires_at)


async def use_link(tx: Tx, link: Link, vault: Vault) -> str:
    """Use a link up; return the address that it was mailed to, empty where it cannot be opened any more.

    Raises:
        LinkUsedUpError: somebody else was faster.
    """
    if not await store.use_link(tx, link.tenant_id, link.token_hash):
        raise LinkUsedUpError
    return address_of_link(link, vault)


def address_of_link(link: Link, vault: Vault) -> str:
    """Return the address that a link was mailed to, empty where it cannot be opened any more."""
    return _open(link.address, _place_of_link(link.tenant_id, link.token_hash), vault)


async def begin_session(
    tx: Tx, tenant_id: str, person: SignedIn, max_age: timedelta, former: bytes | None = None
) -> str:
    """Begin a session of a person, and end the one that the browser had; return the id, for the browser alone."""
    if former is not None:
        await store.delete_session(tx, tenant_id, former)
    await store.sign_in(tx, tenant_id, person)
    session_id = new_secret()
    await store.insert_session(tx, tenant_id, hash_secret(session_id), person.person_key, tx.now + max_age)
    return session_id


async def check_token(tx: Tx, tenant_id: str, tenant_key: bytes, token: str, vault: Vault) -> HostToken:
    """Return what a token of the host's product says; it is not used up.

    Raises:
        TokenRefusedError: it is not good, or the tenant takes none.
    """
    secrets = await store.secrets_of(tx, tenant_id)
    if secrets is None:
        raise TokenRefusedError(NO_SECRET)
    return read_token(token, _opened(tenant_id, secrets, vault, tx.now), tenant_id, tenant_key, tx.now)


async def use_token(tx: Tx, tenant_id: str, token: HostToken) -> None:
    """Use a token up.

    Raises:
        TokenRefusedError: it came before.
    """
    await store.purge(tx, tenant_id)
    if not await store.use_token(tx, tenant_id, token.id_hash, token.expires_at):
        raise TokenRefusedError("the token came before: make one for each time, with another jti")


async def set_secret(tx: Tx, tenant_id: str, secret: str, actor: str, vault: Vault, overlap: timedelta) -> SecretSet:
    """Set the secret of a tenant's tokens; the one before counts for a while. The same again changes nothing."""
    before = await store.secrets_of(tx, tenant_id)
    place = place_of_secret(tenant_id)
    if before is not None and _open(before.secret, place, vault) == secret:
        return SecretSet(before.set_at, before.previous_until)
    after = Secrets(
        secret=vault.seal(secret, place),
        previous_secret=None if before is None else before.secret,
        previous_until=None if before is None else tx.now + overlap,
        set_at=tx.now,
    )
    await store.set_secret(tx, tenant_id, after, actor)
    return SecretSet(after.set_at, after.previous_until)


def _opened(tenant_id: str, secrets: Secrets, vault: Vault, now: datetime) -> list[str]:
    """Return the secrets that count now."""
    sealed = [secrets.secret]
    if secrets.previous_secret is not None and secrets.previous_until is not None and now < secrets.previous_until:
        sealed.append(secrets.previous_secret)
    opened = [_open(each, place_of_secret(tenant_id), vault) for each in sealed]
    return [each for each in opened if each]


def _open(sealed: str, place: Place, vault: Vault) -> str:
    try:
        return vault.open(sealed, place)
    except UNOPENED:
        return ""


def _place_of_link(tenant_id: str, token_hash: bytes) -> Place:
    return Place(tenant_id, "visitor_links", token_hash.hex(), "address")


def place_of_secret(tenant_id: str) -> Place:
    """Return where the secret of a tenant's tokens is stored, and the one before it."""
    return Place(tenant_id, "sign_in_secrets", tenant_id, "secret")
