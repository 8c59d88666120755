"""Person keys: the same person in every service, and never an address."""

from typing import Final

from plaudit.common import person_keys
from plaudit.ingest.domain.source import Source

MAX_PERSON_ID_CHARS: Final = 128


def person_key(source: Source, *, email: str | None, person_id: str | None) -> str | None:
    """Return the key of whoever wrote, or None for someone unknown.

    An e-mail address makes an HMAC-SHA256 under the tenant's key, the same on every platform; without one it is
    `platform:id`. An id that could be an address, or is longer than 128 characters, is hashed too.
    """
    address = (email or "").strip()
    if address:
        return person_keys.person_key(source.person_key, address)
    name = (person_id or "").strip()
    if not name:
        return None
    if "@" in name or len(name) > MAX_PERSON_ID_CHARS:
        return person_keys.person_key(source.person_key, name)
    return f"{source.platform}:{name}"
