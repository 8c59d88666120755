"""The vault: it encrypts single values of a database, each under a data key of its own."""

from plaudit.common.vault.key_ring import KeyRing, MissingKeyError, VaultKeyError
from plaudit.common.vault.settings import VaultSettings, vault_of
from plaudit.common.vault.vault import UNOPENED, Place, Resealed, SealedValueError, Vault

__all__ = [
    "UNOPENED",
    "KeyRing",
    "MissingKeyError",
    "Place",
    "Resealed",
    "SealedValueError",
    "Vault",
    "VaultKeyError",
    "VaultSettings",
    "vault_of",
]
