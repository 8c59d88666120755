"""Where a service gets the keys of its vault from."""

from pathlib import Path
from typing import Final

from pydantic import Field, SecretStr, ValidationInfo, field_validator

from plaudit.common.settings import Settings
from plaudit.common.vault.key_ring import KeyRing, VaultKeyError
from plaudit.common.vault.vault import Vault

_HOW: Final = "`python -m plaudit.common.vault.cli new-key` prints a key"


class VaultSettings(Settings):
    """Settings of a service with a vault. It does not start without a key."""

    vault_key_file: Path | None = None
    """A file with the keys, one a line, the current one first. It is for the service alone: mode 0600."""
    vault_keys: SecretStr = Field(default=SecretStr(""), validate_default=True)
    """The keys themselves, `id:base64`, with spaces or commas between; they count instead of the file."""

    @field_validator("vault_keys")
    @classmethod
    def _read_keys(cls, given: SecretStr, info: ValidationInfo) -> SecretStr:
        """Return the keys, those of the file where none are given."""
        file: Path | None = info.data.get("vault_key_file")
        text = given.get_secret_value()
        if not text and file is not None:
            text = _read(file)
        if not KeyRing.parse(text).keys:
            raise VaultKeyError(f"the vault needs a key; set it, or PLAUDIT_VAULT_KEY_FILE. {_HOW}")
        return SecretStr(text)


def vault_of(settings: VaultSettings) -> Vault:
    """Return the vault with the keys of these settings."""
    return Vault(KeyRing.parse(settings.vault_keys.get_secret_value()))


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError) as error:
        raise VaultKeyError(f"the keys in {file} cannot be read ({type(error).__name__}). {_HOW}") from None
