"""Envelope encryption with AES-256-GCM.

A value is encrypted under a random data key of its own, and that under a key of the ring. So a rotation encrypts the
data keys again and no value, and no key of the ring encrypts more than some billions of short messages. Both are bound
to the value's place: a sealed value that is copied into another row, column or tenant cannot be opened there.

A sealed value is text: `v1:<id of the key>:<base64>`, of the data key's nonce, the encrypted data key, the value's
nonce and the encrypted value, each with its tag.
"""

import base64
import binascii
import os
from typing import Final, NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from plaudit.common.vault.key_ring import KEY_BYTES, KeyRing, MissingKeyError

_FORM: Final = "v1"
_NONCE_BYTES: Final = 12
_TAG_BYTES: Final = 16
_WRAPPED_BYTES: Final = _NONCE_BYTES + KEY_BYTES + _TAG_BYTES


class SealedValueError(ValueError):
    """A sealed value cannot be opened: it is damaged, or was sealed for another place. The text holds no value."""


UNOPENED: Final = (MissingKeyError, SealedValueError)
"""Why a value cannot be opened: its key is not there, or it is damaged."""


class Place(NamedTuple):
    """Where a value is stored: it can be opened nowhere else."""

    tenant_id: str
    table: str
    row: str
    column: str

    @property
    def bound(self) -> bytes:
        """The place as bytes, the same for no two places."""
        return b"".join(b"%d:%b" % (len(part.encode()), part.encode()) for part in self)


class Resealed(NamedTuple):
    """What became of the rows of a table that are not under the current key."""

    rows: int
    """How many were sealed again."""
    unopened: int
    """How many could not be opened. They stay as they are, for the day when their key is back."""


class Vault:
    """Seals values, and opens them."""

    def __init__(self, ring: KeyRing) -> None:
        """Take the keys. Without any, nothing can be sealed."""
        self._ring = ring

    @property
    def current_prefix(self) -> str:
        """What a value begins with that was sealed under the current key."""
        return f"{_FORM}:{self._ring.current_id}:"

    @property
    def prefixes(self) -> list[str]:
        """What values begin with that the vault has the key of."""
        return [f"{_FORM}:{key_id}:" for key_id in self._ring.keys]

    def seal(self, value: str, place: Place) -> str:
        """Return a value encrypted.

        Raises:
            MissingKeyError: the vault has no key.
        """
        data_key = AESGCM.generate_key(bit_length=8 * KEY_BYTES)
        return self._sealed(data_key, _encrypt(data_key, value.encode(), place), place)

    def open(self, sealed: str, place: Place) -> str:
        """Return the value.

        Raises:
            MissingKeyError: the vault has not the key that it was sealed under.
            SealedValueError: it is damaged, or was sealed for another place.
        """
        data_key, encrypted = self._unwrapped(sealed, place)
        return _decrypt(data_key, encrypted, place).decode()

    def reseal(self, sealed: str, place: Place) -> str:
        """Return the same value under the current key of the ring.

        Raises:
            MissingKeyError: as `open`.
            SealedValueError: as `open`.
        """
        return self._sealed(*self._unwrapped(sealed, place), place)

    def _sealed(self, data_key: bytes, encrypted: bytes, place: Place) -> str:
        wrapped = _encrypt(self._ring.key(self._ring.current_id), data_key, place)
        return self.current_prefix + base64.b64encode(wrapped + encrypted).decode()

    def _unwrapped(self, sealed: str, place: Place) -> tuple[bytes, bytes]:
        """Return the data key, and the encrypted value."""
        form, _, rest = sealed.partition(":")
        key_id, _, encoded = rest.partition(":")
        if form != _FORM or not encoded:
            raise SealedValueError("this is no sealed value")
        try:
            content = base64.b64decode(encoded, validate=True)
        except (binascii.Error, ValueError):
            raise SealedValueError("this is no sealed value") from None
        return _decrypt(self._ring.key(key_id), content[:_WRAPPED_BYTES], place), content[_WRAPPED_BYTES:]


def _encrypt(key: bytes, plain: bytes, place: Place) -> bytes:
    nonce = os.urandom(_NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, plain, place.bound)


def _decrypt(key: bytes, encrypted: bytes, place: Place) -> bytes:
    try:
        return AESGCM(key).decrypt(encrypted[:_NONCE_BYTES], encrypted[_NONCE_BYTES:], place.bound)
    except (InvalidTag, ValueError):
        raise SealedValueError("a sealed value is damaged, or was sealed for another place") from None
