"""The keys of the vault, each with an id: the first one encrypts, all of them decrypt."""

import base64
import binascii
import re
import secrets
from dataclasses import dataclass, field
from datetime import date
from typing import Final

KEY_BYTES: Final = 32
KEY_ID: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")
_FORM: Final = f"`id:key`, with the key as base64 of {KEY_BYTES} bytes"

_ANOTHER_ID: Final = (
    "give the one that was added last another id, such as one more letter; "
    "the other one keeps it, for values name the key that they were encrypted with by its id"
)


class VaultKeyError(ValueError):
    """The keys cannot be used. The text says why, and holds no key."""


class MissingKeyError(VaultKeyError):
    """The key ring lacks the key that is needed."""


@dataclass(frozen=True)
class KeyRing:
    """Keys by their ids."""

    keys: dict[str, bytes] = field(default_factory=dict, repr=False)
    """The first one is the current one."""

    @classmethod
    def parse(cls, text: str) -> "KeyRing":
        """Read keys, with commas or white space between them; the first is the current one.

        Raises:
            VaultKeyError: one of them has another form, or an id comes twice.
        """
        keys: dict[str, bytes] = {}
        for number, each in enumerate(text.replace(",", " ").split(), start=1):
            key_id, _, encoded = each.partition(":")
            if KEY_ID.fullmatch(key_id) is None:
                raise VaultKeyError(f"key {number} does not have the form {_FORM}")
            key = _decoded(key_id, encoded)
            if keys.get(key_id) == key:
                raise VaultKeyError(f"key {key_id} is there twice: take one away")
            if key_id in keys:
                raise VaultKeyError(f"two keys have the id {key_id}: {_ANOTHER_ID}")
            keys[key_id] = key
        return cls(keys)

    @property
    def current_id(self) -> str:
        """The id of the key that encrypts.

        Raises:
            MissingKeyError: there is no key at all.
        """
        for key_id in self.keys:
            return key_id
        raise MissingKeyError("the vault has no key: set PLAUDIT_VAULT_KEYS or PLAUDIT_VAULT_KEY_FILE")

    def key(self, key_id: str) -> bytes:
        """Return the key with an id.

        Raises:
            MissingKeyError: it is not in the ring.
        """
        try:
            return self.keys[key_id]
        except KeyError:
            raise MissingKeyError(f"the vault has no key {key_id}, with which a value was encrypted") from None


def new_key_id(today: date) -> str:
    """Return an id for a new key: the day, so that people know keys apart by age, and what differs within one day."""
    return f"k{today:%Y%m%d}-{secrets.token_hex(4)}"


def new_key(key_id: str) -> str:
    """Return a new random key in the form that `KeyRing.parse` reads."""
    return f"{key_id}:{base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode()}"


def _decoded(key_id: str, encoded: str) -> bytes:
    try:
        key = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != KEY_BYTES:
        raise VaultKeyError(f"key {key_id} does not have the form {_FORM}")
    return key
