"""The key of the vault in tests."""

from plaudit.common.vault import KeyRing, Place, Vault
from plaudit.common.vault.key_ring import new_key

VAULT_KEYS = "test:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="


def lost(value: str, place: Place) -> str:
    """Return a value that is sealed under a key which nobody has any more."""
    return Vault(KeyRing.parse(new_key("lost"))).seal(value, place)
