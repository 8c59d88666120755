"""Who votes: a person under a person key, never an address; on the public pages a visitor with a signed cookie."""

import hmac
import re
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Final
from uuid import UUID

from itsdangerous import BadSignature, Signer

from plaudit.common import mailbox
from plaudit.common.person_keys import person_key
from plaudit.feedback_board.requests.domain.errors import BoardRefusedError, InvalidInputError
from plaudit.feedback_board.requests.domain.reach import ANONYMOUS_PREFIX
from plaudit.feedback_board.requests.domain.status import Status

PERSON_MAX_CHARACTERS: Final = 200

PERSON_PATTERN: Final = rf"^[!-?A-~]{{1,{PERSON_MAX_CHARACTERS}}}$"
_PERSON: Final = re.compile(PERSON_PATTERN.removeprefix("^").removesuffix("$"))
"""Printable ASCII without `@`: an id that looks like an address comes as a hash."""


class VotingClosedError(BoardRefusedError):
    """The request is decided: it takes no new votes."""

    def __init__(self, status: Status) -> None:
        """Name the status of the request."""
        super().__init__(f"This request is {status}: it takes no more votes.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Vote:
    """One person's vote for one request."""

    tenant_id: str
    request_id: UUID
    person_key: str
    voted_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Ballot:
    """A vote that somebody wants to cast, before anyone knows whether it counts."""

    tenant_id: str
    request_id: UUID
    person_key: str
    actor: str
    """Who does it, for the log."""
    traceparent: str | None = None
    tracestate: str | None = None


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


def clean_person_key(text: str) -> str:
    """Return a person key: a keyed hash, or platform:id. Raises InvalidInputError for an address or a bad key."""
    if "@" in text:
        raise InvalidInputError("person", "person is a key, not an address; send an address as email")
    if _PERSON.fullmatch(text) is None:
        raise InvalidInputError("person", f"person must have 1 to {PERSON_MAX_CHARACTERS} printable ASCII characters")
    return text


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
