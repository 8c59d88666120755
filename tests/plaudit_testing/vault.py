"""The key of the vault in tests."""

import base64

from plaudit.common.vault import KeyRing, Place, Vault
from plaudit.common.vault.key_ring import new_key

VAULT_KEYS = "test:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="


def lost(value: str, place: Place) -> str:
    """Return a value that is sealed under a key which nobody has any more."""
    return Vault(KeyRing.parse(new_key("lost"))).seal(value, place)


def damaged(sealed: str) -> str:
    """Return a sealed value of which one bit of the last byte has changed."""
    head, _, encoded = sealed.rpartition(":")
    content = bytearray(base64.b64decode(encoded))
    content[-1] ^= 1
    return f"{head}:{base64.b64encode(content).decode()}"
