"""An address, and whether its person may be written to."""

from datetime import datetime
from enum import StrEnum
from typing import Final

import msgspec

from plaudit.common import mailbox

MAX_ADDRESS_CHARS: Final = 254
PERSON_PATTERN: Final = r"^([0-9a-f]{64}|[a-z0-9-]{1,64}:[^@\s\x00-\x1f\x7f]{1,128})$"
"""Of a person key. It has no @, so that no address is taken for one."""


class Consent(StrEnum):
    """Whether a person may be written to."""

    UNKNOWN = "unknown"
    GRANTED = "granted"
    DENIED = "denied"


class ErasedPersonError(ValueError):
    """The person was erased after this was said."""


class UnopenedAddressError(Exception):
    """The address of a person is needed and cannot be decrypted; the text says what to do."""

    def __init__(self) -> None:
        super().__init__(
            "The address of this person cannot be decrypted. Whoever runs Plaudit can bring back the key of the vault "
            "(PLAUDIT_VAULT_KEYS or PLAUDIT_VAULT_KEY_FILE); otherwise give the address again."
        )


class Contact(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a person to write to."""

    person: str
    address: str | None
    """As it was given last; it is stored encrypted. None while it cannot be decrypted."""
    consent: Consent
    consent_at: datetime | None
    """When the person said so; None while nothing is known."""
    changed_at: datetime


def next_consent(
    stored: Consent, stored_at: datetime | None, said: Consent, said_at: datetime
) -> tuple[Consent, datetime | None]:
    """Return what a person consents to after a statement that may arrive late: the latest one counts.

    Of two at the same time, the denial counts.
    """
    if said is Consent.UNKNOWN:
        return stored, stored_at
    if stored_at is None or said_at > stored_at or (said_at == stored_at and said is Consent.DENIED):
        return said, said_at
    return stored, stored_at


def is_address(text: str) -> bool:
    """Return whether a text is one e-mail address, in any spelling, of a domain with a dot."""
    try:
        return "." in mailbox.parse(text).domain
    except mailbox.NotAMailboxError:
        return False
