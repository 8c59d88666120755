"""Standard Webhooks 1.0, symmetric scheme: signing and strict verification.

The bytes `id.timestamp.body` are signed with HMAC-SHA256; the header `webhook-signature` is a list of `v1,<base64>`,
separated by spaces. Where the specification leaves a choice:

- A timestamp is 1 to 15 ASCII digits. It is accepted while |now - timestamp| <= tolerance, the edge included.
- An id is 1 to 256 visible ASCII characters without a dot, with which one signature could mean two messages.
- At most ten signatures. A malformed one, or one of another version, matches nothing and is ignored.
- A signature is compared as base64 text in constant time, so that only its canonical form matches.
- A repeated header is refused: two readers could use different ones.

Source: standard-webhooks/standard-webhooks, spec/standard-webhooks.md.
"""

import hmac
import re
import secrets
from base64 import b64decode, b64encode
from binascii import b2a_base64
from collections.abc import Iterable, Sequence
from typing import Final

ID_HEADER: Final = "webhook-id"
TIMESTAMP_HEADER: Final = "webhook-timestamp"
SIGNATURE_HEADER: Final = "webhook-signature"

WRITTEN_PREFIX: Final = "whsec_"
MIN_SECRET_BYTES: Final = 24
MAX_SECRET_BYTES: Final = 64
NEW_SECRET_BYTES: Final = 32
TOLERANCE_SECONDS: Final = 300
MAX_SIGNATURES: Final = 10
MAX_TIMESTAMP_DIGITS: Final = 15
MILLISECONDS_FROM: Final = 10**11
"""A number of seconds this large is in the year 5138; as milliseconds it is in 1973."""
MAX_SIGNATURE_HEADER_BYTES: Final = 2_048
"""Ten Ed25519 signatures of another version have 939."""

_VERSION = b"v1,"
_ID = re.compile(rb"[!-\-/-~]{1,256}")
_SECRET = re.compile(r"(?:whsec_)?([A-Za-z0-9+/]*)(={0,2})")
_HEADERS: dict[bytes, int] = {b"webhook-id": 0, b"webhook-timestamp": 1, b"webhook-signature": 2}


class InvalidSecretError(ValueError):
    """A secret that is not a key."""


class InvalidSignatureError(ValueError):
    """A request whose signature is not valid.

    `reason` is a stable word for logs and counters: `missing_header`, `repeated_header`, `malformed_id`,
    `malformed_timestamp`, `milliseconds`, `too_old`, `too_new`, `too_many_signatures`, `no_match`. The text says the
    same to the sender, and nothing of the key.
    """

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


def new_secret() -> str:
    """Return a new random secret of 32 bytes in its written form."""
    return WRITTEN_PREFIX + b64encode(secrets.token_bytes(NEW_SECRET_BYTES)).decode()


def decode_secret(secret: str, *, min_bytes: int = MIN_SECRET_BYTES) -> bytes:
    """Return the key of a written secret: base64, `whsec_` before it and padding after it optional.

    A lower `min_bytes` is only for a secret that another product has issued.

    Raises:
        InvalidSecretError: not base64, or not `min_bytes` to 64 bytes.

    """
    written = _SECRET.fullmatch(secret)
    digits, padding = written.groups() if written else ("", "")
    # One digit too many has six bits and is no byte; padding is complete or missing.
    if not digits or len(digits) % 4 == 1 or (padding and (len(digits) + len(padding)) % 4):
        raise InvalidSecretError("the secret is not base64 (A-Z a-z 0-9 + /), with or without whsec_")
    key = b64decode(digits + "=" * (-len(digits) % 4))
    if not min_bytes <= len(key) <= MAX_SECRET_BYTES:
        raise InvalidSecretError(f"the secret has {len(key)} bytes, it needs {min_bytes} to {MAX_SECRET_BYTES}")
    return key


def sign(key: bytes, message_id: str, timestamp: int, body: bytes) -> str:
    """Return the `webhook-signature` of one key; join those of several with a space.

    Raises:
        ValueError: an id or a timestamp (Unix seconds) that a strict receiver refuses.

    """
    return (_VERSION + _mac(key, signed_bytes(message_id, timestamp, body))).decode()


def signed_bytes(message_id: str, timestamp: int, body: bytes) -> bytes:
    """Return what is signed of a message, in each version of a signature.

    Raises:
        ValueError: an id or a timestamp (Unix seconds) that a strict receiver refuses.

    """
    written_id = message_id.encode()
    if not _ID.fullmatch(written_id):
        raise ValueError(f"the id {message_id!r} is not 1 to 256 visible ASCII characters without a dot")
    if type(timestamp) is not int or not 0 <= timestamp < 10**MAX_TIMESTAMP_DIGITS:
        raise ValueError(f"the timestamp {timestamp!r} is not a whole number of Unix seconds")
    return b"%b.%d.%b" % (written_id, timestamp, body)


def signed_headers(keys: Sequence[bytes], message_id: str, timestamp: int, body: bytes) -> dict[str, str]:
    """Return the three headers of one attempt, signed with each key; there are two while a secret is replaced."""
    return {
        ID_HEADER: message_id,
        TIMESTAMP_HEADER: str(timestamp),
        SIGNATURE_HEADER: " ".join(sign(key, message_id, timestamp, body) for key in keys),
    }


def signature_headers(headers: Iterable[tuple[bytes, bytes]]) -> tuple[bytes | None, bytes | None, bytes | None]:
    """Pick id, timestamp and signature from raw headers with lower-case names, as ASGI passes them.

    Raises:
        InvalidSignatureError: one of the three is repeated.

    """
    found: list[bytes | None] = [None, None, None]
    for name, value in headers:
        place = _HEADERS.get(name)
        if place is None:
            continue
        if found[place] is not None:
            raise InvalidSignatureError("repeated_header", f"the header {name.decode()} is repeated")
        found[place] = value
    return found[0], found[1], found[2]


def verify(
    message_id: bytes | None,
    timestamp: bytes | None,
    signature: bytes | None,
    body: bytes,
    keys: Iterable[bytes],
    now_epoch_seconds: float,
    tolerance_seconds: int = TOLERANCE_SECONDS,
) -> None:
    """Return if one of the signatures is the MAC of one of the keys, made at about this time.

    Takes the header values as received (see `signature_headers`) and decoded keys (see `decode_secret`).
    No header causes any other error than `InvalidSignatureError`.
    """
    message_id, offered, signed = check_message(
        message_id, timestamp, signature, body, now_epoch_seconds, tolerance_seconds
    )
    for key in keys:
        expected = _VERSION + _mac(key, signed)
        for one in offered:
            if hmac.compare_digest(expected, one):
                return
    raise InvalidSignatureError("no_match", "no signature matches")


def check_message(
    message_id: bytes | None,
    timestamp: bytes | None,
    signature: bytes | None,
    body: bytes,
    now_epoch_seconds: float,
    tolerance_seconds: int = TOLERANCE_SECONDS,
) -> tuple[bytes, list[bytes], bytes]:
    """Return the id of a message, its offered signatures of all versions, and the bytes that are signed.

    Raises:
        InvalidSignatureError: a header is missing or malformed, or the time is far from now.
    """
    if not message_id or not timestamp or not signature:
        given = {ID_HEADER: message_id, TIMESTAMP_HEADER: timestamp, SIGNATURE_HEADER: signature}
        missing = " and ".join(name for name, value in given.items() if not value)
        raise InvalidSignatureError("missing_header", f"{missing} is missing")
    if not _ID.fullmatch(message_id):
        raise InvalidSignatureError("malformed_id", "webhook-id is not 1 to 256 visible ASCII characters without a dot")
    _check_timestamp(timestamp, now_epoch_seconds, tolerance_seconds)
    offered = signature.split(b" ", MAX_SIGNATURES)
    if len(offered) > MAX_SIGNATURES or len(signature) > MAX_SIGNATURE_HEADER_BYTES:
        raise InvalidSignatureError("too_many_signatures", f"more than {MAX_SIGNATURES} signatures are offered")
    return message_id, offered, b"%b.%b.%b" % (message_id, timestamp, body)


def _check_timestamp(timestamp: bytes, now_epoch_seconds: float, tolerance_seconds: int) -> None:
    if not timestamp.isdigit() or len(timestamp) > MAX_TIMESTAMP_DIGITS:
        raise InvalidSignatureError("malformed_timestamp", "webhook-timestamp is not a whole number of Unix seconds")
    age_seconds = now_epoch_seconds - int(timestamp)
    if -tolerance_seconds <= age_seconds <= tolerance_seconds:
        return
    if int(timestamp) >= MILLISECONDS_FROM:
        raise InvalidSignatureError("milliseconds", "webhook-timestamp is in milliseconds; it must be in Unix seconds")
    side, reason = ("past", "too_old") if age_seconds > 0 else ("future", "too_new")
    far = f"{abs(age_seconds):.0f} s in the {side}, at most {tolerance_seconds} are taken"
    raise InvalidSignatureError(reason, f"webhook-timestamp is {far}")


def _mac(key: bytes, signed: bytes) -> bytes:
    return b2a_base64(hmac.digest(key, signed, "sha256"), newline=False)
