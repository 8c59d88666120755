"""A person of a tenant's staff, and what each role may do."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

import msgspec

from plaudit.common import mailbox, names
from plaudit.common.refusals import RefusedError, WrongInputError
from plaudit.common.text import seen


class Role(StrEnum):
    """What a person may do; each may do all that those before it may."""

    VIEWER = "viewer"
    RESPONDER = "responder"
    ADMIN = "admin"


_VIEWER: Final = frozenset(
    {
        *("reviews:read", "scores:read", "clocks:read", "alerts:read", "board:read", "surveys:read"),
        *("cadences:read", "library:read", "incidents:read"),
    }
)
_RESPONDER: Final = _VIEWER | {
    *("alerts:write", "answers:write", "board:write", "sources:read", "deliveries:read", "deliveries:write"),
    *("surveys:invite", "imports:read", "markers:write", "messages:read", "messages:write", "touchpoints:write"),
    *("library:write", "incidents:write"),
}
ROLE_SCOPES: Final[Mapping[Role, frozenset[str]]] = {
    Role.VIEWER: _VIEWER,
    Role.RESPONDER: _RESPONDER,
    Role.ADMIN: frozenset({"*"}),
}
"""The scopes of each role. Deliveries, messages and rejects of imports can hold addresses of customers: viewers read
none of them."""


class Person(msgspec.Struct, frozen=True):
    """Somebody of a tenant's staff, as requests know them."""

    tenant_id: str
    id: UUID
    email: str
    name: str
    role: Role

    @property
    def scopes(self) -> frozenset[str]:
        """What the role may do."""
        return ROLE_SCOPES[self.role]


class Account(Person, frozen=True):
    """A person's account, as it is administered."""

    active: bool
    valid_from: datetime
    """Sessions and links that were made before are void."""
    created_at: datetime
    last_signed_in_at: datetime | None = None


class InvalidPersonError(WrongInputError):
    """A name or an address that cannot be used; the text says why and may be shown."""


class EmailTakenError(RefusedError):
    """The tenant has an account with this address."""


class UnknownPersonError(RefusedError):
    """The tenant has no such account."""


class LastAdminError(RefusedError):
    """The change would leave the tenant without an active admin."""


def normalised_email(text: str) -> str:
    """Return an address as accounts have it, and as servers take it: ASCII in small letters, in any spelling the same.

    Raises:
        InvalidPersonError: it is not one address in ASCII.
    """
    # Letters of other scripts look like ASCII ones, or become such when made small: the Kelvin sign is a k then.
    if not seen(text).isascii():
        raise InvalidPersonError(mailbox.RULE)
    try:
        return mailbox.server_address(text)
    except mailbox.NotAMailboxError as error:
        raise InvalidPersonError(str(error)) from error


def checked_name(text: str) -> str:
    """Return a name with single spaces.

    Raises:
        InvalidPersonError: it is empty, too long, or holds characters that cannot be printed.
    """
    try:
        return names.checked_name(" ".join(text.split()))
    except WrongInputError as error:
        raise InvalidPersonError(str(error)) from error


def checked_role(text: str) -> Role:
    """Return the role of this name.

    Raises:
        InvalidPersonError: there is none; the text names all.
    """
    try:
        return Role(text.strip().lower())
    except ValueError:
        raise InvalidPersonError(f"there is no role {text!r}; roles are {', '.join(Role)}") from None
