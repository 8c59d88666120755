"""Who a visitor is: somebody known by a signed cookie only, or a person who has signed in."""

import hmac
from dataclasses import dataclass
from hashlib import sha256
from typing import TypeAlias
from uuid import UUID

from itsdangerous import BadSignature, Signer

from plaudit.common import mailbox
from plaudit.common.person_keys import person_key
from plaudit.common.text import shows
from plaudit.feedback_board.requests.domain.errors import InvalidInputError
from plaudit.feedback_board.requests.domain.reach import ANONYMOUS_PREFIX
from plaudit.feedback_board.requests.domain.text import clean_name


@dataclass(frozen=True, slots=True)
class Visitor:
    """Someone known by a cookie only."""

    id: UUID
    cookie_is_old: bool = False
    """Whether the cookie is signed in the former way: it is replaced by one of the present form."""

    @property
    def person_key(self) -> str:
        """The person key that this visitor votes under."""
        return f"{ANONYMOUS_PREFIX}{self.id.hex}"


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A person who has signed in."""

    person_key: str
    """The keyed hash of a mailbox, or `host:` and what the host's product calls the person."""
    name: str | None = None
    """That the person wants to be shown under."""


Known: TypeAlias = Visitor | SignedIn


def clean_display_name(text: str) -> str | None:
    """Return the name that a person wants to be shown under; None where it shows nothing. Raises InvalidInputError."""
    return clean_name(text) if shows(text) else None


def person_at(tenant_key: bytes, address: str) -> str:
    """Return the person key of who has an e-mail address. Raises InvalidInputError for what is not one on the internet.

    All spellings of one mailbox have one key.
    """
    try:
        if "." not in mailbox.parse(address).domain:
            raise InvalidInputError("email", f"email: {mailbox.RULE}")
        return person_key(tenant_key, address)
    except mailbox.NotAMailboxError as error:
        raise InvalidInputError("email", f"email: {error}") from error


def sign_visitor(tenant_key: bytes, visitor_id: UUID) -> str:
    """Return the value of a visitor's cookie: the id, signed with the tenant's key."""
    return _signer(tenant_key).sign(visitor_id.hex).decode()


def read_visitor(tenant_key: bytes, cookie: str) -> Visitor | None:
    """Return the visitor of a cookie, or None for a cookie that was not signed with this tenant's key."""
    try:
        return Visitor(UUID(hex=_signer(tenant_key).unsign(cookie).decode()))
    except BadSignature:
        return _read_old_cookie(tenant_key, cookie)


def _signer(tenant_key: bytes) -> Signer:
    return Signer(tenant_key, salt=b"board visitor", key_derivation="hmac", digest_method=sha256)


def _read_old_cookie(tenant_key: bytes, cookie: str) -> Visitor | None:
    """Read a cookie of the former form: the id and its HMAC as hex digits. Browsers keep one for up to 400 days."""
    head, _, tag = cookie.partition(".")
    try:
        visitor_id = UUID(hex=head)
    except ValueError:
        return None
    expected = hmac.new(tenant_key, b"board visitor:" + visitor_id.bytes, sha256).hexdigest()
    return Visitor(visitor_id, cookie_is_old=True) if hmac.compare_digest(tag.encode(), expected.encode()) else None
