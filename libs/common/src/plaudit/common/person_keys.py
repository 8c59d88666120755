"""Person keys: they identify a person in every service without storing an address."""

import hmac
import unicodedata

from plaudit.common import mailbox


def person_key(tenant_key: bytes, address: str) -> str:
    """Return the key of the person behind an e-mail address: HMAC-SHA256 under the tenant's key, as hex digits.

    All spellings of one mailbox have one key.

    Args:
        tenant_key: the tenant's, from `common.person_key`.
        address: as it was given; neither it nor its normalised form may be stored.

    Raises:
        NotAMailboxError: it is not the address of one mailbox.
    """
    return _key(tenant_key, mailbox.parse(address).address)


def hashed_id(tenant_key: bytes, name: str) -> str:
    """Return the key of a person whom a platform names by something that may be private; of an address, its person's.

    Args:
        tenant_key: the tenant's.
        name: what the platform calls the person.
    """
    try:
        return person_key(tenant_key, name)
    except mailbox.NotAMailboxError:
        return _key(tenant_key, unicodedata.normalize("NFC", name.strip().lower()))


def _key(tenant_key: bytes, text: str) -> str:
    return hmac.digest(tenant_key, text.encode(), "sha256").hex()
