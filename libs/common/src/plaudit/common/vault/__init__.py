"""The vault: it encrypts single values of a database, each under a data key of its own."""

from plaudit.common.vault.key_ring import KeyRing, MissingKeyError, VaultKeyError
from plaudit.common.vault.settings import VaultSettings, vault_of
from plaudit.common.vault.vault import Place, SealedValueError, Vault

__all__ = [
    "KeyRing",
    "MissingKeyError",
    "Place",
    "SealedValueError",
    "Vault",
    "VaultKeyError",
    "VaultSettings",
    "vault_of",
]
