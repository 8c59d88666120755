"""Person keys: the same person in every service, and never an address."""

import hmac
import unicodedata


def normalised_address(address: str) -> str:
    """Return an e-mail address as all services compare it: no space around it, lower case, NFC."""
    return unicodedata.normalize("NFC", address.strip().lower())


def person_key(tenant_key: bytes, address: str) -> str:
    """Return the key of the person behind an e-mail address: HMAC-SHA256 under the tenant's key, as hex digits.

    Args:
        tenant_key: of the tenant, from `common.person_key`.
        address: as it was given. Store neither it nor its normalised form.
    """
    return hmac.digest(tenant_key, normalised_address(address).encode(), "sha256").hex()
