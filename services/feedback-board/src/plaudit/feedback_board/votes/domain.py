"""Who voted: a person key, never an address."""

import hmac
import re
from hashlib import sha256
from typing import Final
from uuid import UUID

from plaudit.feedback_board.domain.errors import InvalidInputError

PERSON_MAX_CHARACTERS: Final = 200
ADDRESS_MAX_CHARACTERS: Final = 254
"""RFC 5321: what fits in a path of 256 with its brackets."""
VISITOR_PREFIX: Final = "visitor:"

_PERSON: Final = re.compile(rf"[!-?A-~]{{1,{PERSON_MAX_CHARACTERS}}}")
"""Printable ASCII without `@`: an id that looks like an address comes as a hash."""
_ADDRESS: Final = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


def clean_person(text: str) -> str:
    """Return a person key: a keyed hash, or platform:id. Raises InvalidInputError for an address or a bad key."""
    if "@" in text:
        raise InvalidInputError("person", "person is a key, not an address; send an address as email")
    if _PERSON.fullmatch(text) is None:
        raise InvalidInputError("person", f"person must have 1 to {PERSON_MAX_CHARACTERS} printable ASCII characters")
    return text


def clean_address(text: str) -> str:
    """Return an e-mail address that has the shape of one. Raises InvalidInputError."""
    address = text.strip()
    if len(address) > ADDRESS_MAX_CHARACTERS or _ADDRESS.fullmatch(address) is None:
        raise InvalidInputError("email", f"email must be an address of at most {ADDRESS_MAX_CHARACTERS} characters")
    if not address.isprintable():
        raise InvalidInputError("email", "email holds a character that is no text")
    return address


def visitor(visitor_id: UUID) -> str:
    """Return the person key of someone known by a cookie only."""
    return f"{VISITOR_PREFIX}{visitor_id.hex}"


def sign_visitor(tenant_key: bytes, visitor_id: UUID) -> str:
    """Return the value of a visitor's cookie: the id and a tag that only we can make."""
    return f"{visitor_id.hex}.{_tag(tenant_key, visitor_id)}"


def read_visitor(tenant_key: bytes, cookie: str) -> UUID | None:
    """Return the visitor of a cookie, or None for one that we did not sign for this tenant."""
    head, _, tag = cookie.partition(".")
    try:
        visitor_id = UUID(hex=head)
    except ValueError:
        return None
    return visitor_id if hmac.compare_digest(tag.encode(), _tag(tenant_key, visitor_id).encode()) else None


def _tag(tenant_key: bytes, visitor_id: UUID) -> str:
    return hmac.new(tenant_key, b"board visitor:" + visitor_id.bytes, sha256).hexdigest()
