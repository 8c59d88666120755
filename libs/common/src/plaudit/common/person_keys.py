"""Person keys: they identify a person in every service without storing an address."""

import hmac
import unicodedata


def normalised_address(address: str) -> str:
    """Return an e-mail address in the form that all services compare: stripped, lower case, NFC."""
    return unicodedata.normalize("NFC", address.strip().lower())


def person_key(tenant_key: bytes, address: str) -> str:
    """Return the key of the person behind an e-mail address: HMAC-SHA256 under the tenant's key, as hex digits.

    Args:
        tenant_key: the tenant's, from `common.person_key`.
        address: as it was given; neither it nor its normalised form may be stored.
    """
    return hmac.digest(tenant_key, normalised_address(address).encode(), "sha256").hex()
