"""The form of a key, and what is stored of it."""

import base64
import hashlib
import re
import secrets
from dataclasses import dataclass
from typing import Final

PREFIX: Final = "plaudit"
PUBLIC_ID_BYTES: Final = 10
SECRET_BYTES: Final = 32
ALL_SCOPES: Final = "*"

_PATTERN = re.compile(rf"{PREFIX}_([a-z2-7]{{16}})_([A-Za-z0-9_-]{{43}})")


@dataclass(frozen=True, slots=True)
class NewKey:
    """A new key."""

    public_id: str
    secret: str

    @property
    def text(self) -> str:
        """The key as a client sends it."""
        return f"{PREFIX}_{self.public_id}_{self.secret}"


@dataclass(frozen=True, slots=True)
class StoredKey:
    """What the database holds of a key that is not revoked."""

    tenant_id: str
    secret_hash: bytes
    scopes: frozenset[str]
    seconds_left: float | None
    """Until it expires, by the transaction's clock: None if never, negative if it has expired."""


def new_key() -> NewKey:
    """Return a new random key."""
    public_id = base64.b32encode(secrets.token_bytes(PUBLIC_ID_BYTES)).decode().lower()
    return NewKey(public_id, secrets.token_urlsafe(SECRET_BYTES))


def parse(key: str) -> tuple[str, str] | None:
    """Return a key's public id and secret, or None when the text does not have the form of a key."""
    match = _PATTERN.fullmatch(key)
    return (match[1], match[2]) if match else None


def hash_secret(secret: str) -> bytes:
    """Return what is stored of a secret. It has 256 random bits, so a slow hash would not protect it better."""
    return hashlib.sha256(secret.encode()).digest()
