"""Begin and end sessions, and make and use links to sign in, over an open transaction of the tenant."""

from datetime import timedelta
from typing import Final
from uuid import UUID

from plaudit.common.api_keys.domain import hash_secret
from plaudit.common.db import Tx
from plaudit.common.people import commands as people
from plaudit.common.people import store as people_store
from plaudit.common.people.domain import Person, Role, normalised_email
from plaudit.common.sessions import store
from plaudit.common.sessions.domain import (
    OIDC_ATTEMPT_AGE,
    Link,
    NoAdminError,
    NoAttemptError,
    OidcAttempt,
    OidcRefusedError,
    Session,
    is_secret,
    new_secret,
)

FIRST_ADMIN_NAME: Final = "Admin"


async def begin_for_person(tx: Tx, person: Person, max_age: timedelta, browser: str = "") -> str:
    """Begin a session of a person in a browser; return its id, which only the browser has from now on."""
    await people_store.record_sign_in(tx, person.tenant_id, person.id, tx.now)
    session_id, id_hash = await _new_id(tx, person.tenant_id, max_age)
    await store.insert_of_person(tx, person.tenant_id, id_hash, person.id, browser)
    return session_id


async def begin_for_key(
    tx: Tx, tenant_id: str, key_id: str, secret_hash: bytes, max_age: timedelta, browser: str = ""
) -> str:
    """Exchange an API key for a session, which ends with the secret that was sent; return the session's id."""
    session_id, id_hash = await _new_id(tx, tenant_id, max_age)
    await store.insert_of_key(tx, tenant_id, id_hash, key_id, secret_hash, browser)
    return session_id


async def end(tx: Tx, session: Session, session_id: str) -> None:
    """End one session."""
    await store.delete(tx, session.tenant_id, hash_secret(session_id))


async def end_one_of(tx: Tx, tenant_id: str, owner: UUID | str, id_hash: bytes) -> bool:
    """End one session of a person, by id, or of a key, by public id; False when it is not theirs, or has ended."""
    return await store.delete_one_of(tx, tenant_id, owner, id_hash)


async def end_everywhere(tx: Tx, session: Session) -> None:
    """End all sessions of the person, or of the key, that a session belongs to."""
    if session.person is not None:
        await store.delete_of_person(tx, session.tenant_id, session.person.id)
    else:
        await store.delete_of_key(tx, session.tenant_id, session.key_id)


async def new_link(tx: Tx, person: Person, expires_in: timedelta, next_path: str = "") -> Link:
    """Make a link that signs a person in once, and leads to a page of this host."""
    link = Link(person, new_secret(), tx.now + expires_in, next_path)
    await store.insert_link(tx, person, hash_secret(link.token), link.expires_at)
    return link


async def use_link(tx: Tx, person: Person, token: str, max_age: timedelta, browser: str = "") -> str | None:
    """Use a link up, and begin a session of the person whom it signs in, in this browser.

    Returns:
        The session's id; None when the link was used before, or is too old.
    """
    if not await store.use_link(tx, person.tenant_id, hash_secret(token)):
        return None
    return await begin_for_person(tx, person, max_age, browser)


async def invite(
    tx: Tx, tenant_id: str, person_id: UUID, email: str, name: str, role: Role, expires_in: timedelta
) -> Link:
    """Make an account, and the link of its invitation; `sessions.mails.invitation_mail` composes the mail.

    Raises:
        InvalidPersonError: an address or a name that cannot be used.
        EmailTakenError: the tenant has an account with this address.
    """
    person = await people.create(tx, tenant_id, person_id, email, name, role)
    return await new_link(tx, person, expires_in)


async def one_time_link(tx: Tx, tenant_id: str, person_id: UUID, email: str, expires_in: timedelta) -> Link:
    """Make a link that signs in once as an admin, whose account is made where there is none.

    Args:
        tx: the open transaction, of the tenant or of the owner of schema `common`.
        tenant_id: whose admin.
        person_id: the id of a new account.
        email: the address of the account.
        expires_in: how long the link may be used.

    Raises:
        InvalidPersonError: an address that cannot be used.
        NoAdminError: the account with this address is not an active admin's.
    """
    admin: Person | None
    account = await people_store.find_by_email(tx, tenant_id, normalised_email(email))
    if account is None:
        admin = await people.create(tx, tenant_id, person_id, email, FIRST_ADMIN_NAME, Role.ADMIN)
    elif account.active and account.role is Role.ADMIN:
        admin = account
    else:
        raise NoAdminError(
            f"the account {account.email} is not an active admin's: `plaudit people` changes its role and state"
        )
    return await new_link(tx, admin, expires_in)


async def begin_at_provider(tx: Tx, tenant_id: str, state: str, browser: str, attempt: OidcAttempt) -> None:
    """Remember a sign-in that begins at the provider, by its state and by a secret that only this browser has."""
    await store.insert_attempt(
        tx, tenant_id, hash_secret(state), hash_secret(browser), attempt, tx.now + OIDC_ATTEMPT_AGE
    )


async def take_attempt(tx: Tx, tenant_id: str, state: str, browser: str) -> OidcAttempt:
    """Return a sign-in that the same browser began, once.

    Raises:
        NoAttemptError: there is none.
    """
    attempt = None
    if is_secret(state) and is_secret(browser):
        attempt = await store.take_attempt(tx, tenant_id, hash_secret(state), hash_secret(browser))
    if attempt is None:
        raise NoAttemptError("this sign-in was not begun in this browser, or too long ago: begin again")
    return attempt


async def person_vouched_for(tx: Tx, tenant_id: str, email: str) -> Person:
    """Return the person whose verified address the provider says this is.

    Raises:
        OidcRefusedError: there is no active account with it.
    """
    person = await people_store.find_by_email(tx, tenant_id, email)
    if person is None or not person.active:
        raise OidcRefusedError("there is no account with your address: ask an admin of your organisation")
    return person


async def _new_id(tx: Tx, tenant_id: str, max_age: timedelta) -> tuple[str, bytes]:
    """Return the id of a new session and what is stored of it; make room first."""
    await store.purge(tx, tenant_id, tx.now - max_age)
    session_id = new_secret()
    return session_id, hash_secret(session_id)
