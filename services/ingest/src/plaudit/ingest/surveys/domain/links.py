"""The token of an invitation's link: which survey, which invitation, until when, and a signature over these.

Only its hash is stored. It can be made again from the invitation and the source's secret, which is encrypted; so a copy
of the database holds no link that works.
"""

import hmac
import struct
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as InvalidBase64Error
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from typing import Final
from uuid import UUID

import msgspec

from plaudit.common.standard_webhooks import decode_secret

MAC_BYTES: Final = 16
_SIGNED: Final = struct.Struct(">16s16sI")
_PURPOSE: Final = b"plaudit survey link\n"
TOKEN_BYTES: Final = _SIGNED.size + MAC_BYTES
TOKEN_CHARS: Final = -(-TOKEN_BYTES * 4 // 3)


class Link(msgspec.Struct, frozen=True):
    """What a token says. It is not proven before `is_signed`."""

    survey_id: UUID
    invitation_id: UUID
    expires_at: datetime
    """In whole seconds."""
    mac: bytes


def link_keys(secrets: Iterable[str]) -> list[bytes]:
    """Return the keys that links of a source are signed with, by its secrets; the first one signs new links."""
    return [hmac.digest(decode_secret(secret), _PURPOSE, "sha256") for secret in secrets]


def new_token(key: bytes, survey_id: UUID, invitation_id: UUID, expires_at: datetime) -> str:
    """Return the token of an invitation, the same each time."""
    signed = _signed(survey_id, invitation_id, expires_at)
    return urlsafe_b64encode(signed + _mac(key, signed)).rstrip(b"=").decode()


def read_token(token: str) -> Link | None:
    """Return what a token says, None for a text that is none."""
    if len(token) != TOKEN_CHARS or not token.isascii():
        return None
    try:
        raw = urlsafe_b64decode(token + "=" * (-len(token) % 4))
    except InvalidBase64Error:
        return None
    # Of several spellings of one token only ours counts.
    if len(raw) != TOKEN_BYTES or urlsafe_b64encode(raw).rstrip(b"=").decode() != token:
        return None
    survey_id, invitation_id, seconds = _SIGNED.unpack_from(raw)
    expires_at = datetime.fromtimestamp(seconds, UTC)
    return Link(UUID(bytes=survey_id), UUID(bytes=invitation_id), expires_at, raw[_SIGNED.size :])


def is_signed(link: Link, keys: Sequence[bytes]) -> bool:
    """Return whether one of the keys has signed a link."""
    signed = _signed(link.survey_id, link.invitation_id, link.expires_at)
    return any(hmac.compare_digest(_mac(key, signed), link.mac) for key in keys)


def token_hash(token: str) -> bytes:
    """Return what is stored of a token."""
    return sha256(token.encode()).digest()


def _signed(survey_id: UUID, invitation_id: UUID, expires_at: datetime) -> bytes:
    return _SIGNED.pack(survey_id.bytes, invitation_id.bytes, int(expires_at.timestamp()))


def _mac(key: bytes, signed: bytes) -> bytes:
    return hmac.digest(key, signed, "sha256")[:MAC_BYTES]
