"""An HMAC in a header, as most platforms sign: which header, digest, encoding and timestamp is told by parameters."""

import hmac
import re
from binascii import b2a_base64
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import ClassVar, Final, Literal

from plaudit.common.standard_webhooks import MILLISECONDS_FROM, TOLERANCE_SECONDS
from plaudit.ingest.platforms.proofs.proof import (
    Headers,
    NotProvenError,
    Proven,
    check_age,
    id_to_send,
    required,
    sent,
    text_key,
)

MAX_SIGNATURE_CHARS: Final = 512
Digest = Literal["sha256", "sha512"]
_DIGITS: Final = re.compile(rb"[0-9]{1,15}")


@dataclass(frozen=True, kw_only=True)
class HmacSignature:
    """An HMAC in a header, over the body or over a timestamp and the body."""

    header: bytes
    digest: Digest = "sha256"
    other_digest: Digest | None = None
    """One that is taken as well, where the platform does not say for certain which it uses."""
    encoding: Literal["hex", "base64"] = "hex"
    prefix: bytes = b""
    """Before the signature, for example `sha256=`."""
    timestamp_header: bytes | None = None
    timestamp_form: Literal["seconds", "either", "iso"] = "seconds"
    """Unix seconds, those or milliseconds, or ISO 8601 with a zone."""
    separator: bytes = b"."
    """Between timestamp and body in what is signed."""
    tolerance_seconds: int = TOLERANCE_SECONDS
    id_header: bytes | None = None
    """The platform's own id of the delivery, the same in each attempt."""
    in_address: ClassVar[bool] = False
    is_for_any_sender: ClassVar[bool] = True

    @property
    def headers(self) -> tuple[bytes, ...]:
        """The signature, and the timestamp where there is one."""
        return (self.header,) if self.timestamp_header is None else (self.header, self.timestamp_header)

    def key(self, secret: str) -> bytes:
        """Return the bytes of the text."""
        return text_key(secret)

    def verify(
        self, headers: Headers, body: bytes, keys: Sequence[bytes], now: float, token: str | None = None
    ) -> Proven:
        """Return that the signature fits one of the keys."""
        offered = required(headers, self.header)
        signed = body
        if self.timestamp_header is not None:
            timestamp = required(headers, self.timestamp_header)
            self._check_time(timestamp, now)
            signed = b"%b%b%b" % (timestamp, self.separator, body)
        if len(offered) > MAX_SIGNATURE_CHARS:
            raise NotProvenError("no_match", f"{self.header.decode()} is too long for a signature")
        if self.encoding == "hex":
            # Of the digits alone: a prefix in other letters is another prefix.
            offered = offered[: len(self.prefix)] + offered[len(self.prefix) :].lower()
        digests = [digest for digest in (self.digest, self.other_digest) if digest is not None]
        if not any(
            hmac.compare_digest(self._signature(key, signed, digest), offered) for digest in digests for key in keys
        ):
            raise NotProvenError("no_match", f"{self.header.decode()} does not match")
        return sent(headers, self.id_header)

    def signing_key(self, secret: str) -> bytes:
        """Return the same key: it is shared."""
        return self.key(secret)

    def sign(self, key: bytes, body: bytes, sent_id: str, now: float) -> dict[str, str]:
        """Return the signature, with the time and the id where the platform sends them."""
        made = id_to_send(self.id_header, sent_id)
        signed = body
        if self.timestamp_header is not None:
            timestamp = self._written_time(now)
            made[self.timestamp_header.decode()] = timestamp.decode()
            signed = b"%b%b%b" % (timestamp, self.separator, body)
        return {**made, self.header.decode(): self._signature(key, signed, self.digest).decode()}

    def _written_time(self, now: float) -> bytes:
        if self.timestamp_form == "iso":
            return datetime.fromtimestamp(int(now), UTC).strftime("%Y-%m-%dT%H:%M:%SZ").encode()
        return b"%d" % (now * 1000 if self.timestamp_form == "either" else now)

    def _signature(self, key: bytes, signed: bytes, digest: Digest) -> bytes:
        mac = hmac.digest(key, signed, digest)
        return self.prefix + (mac.hex().encode() if self.encoding == "hex" else b2a_base64(mac, newline=False))

    def _check_time(self, timestamp: bytes, now: float) -> None:
        name = (self.timestamp_header or b"").decode()
        stated = _seconds_of_iso(timestamp, name) if self.timestamp_form == "iso" else _number(timestamp, name)
        if stated >= MILLISECONDS_FROM and self.timestamp_form == "either":
            stated /= 1000
        if stated >= MILLISECONDS_FROM:
            raise NotProvenError("milliseconds", f"{name} is in milliseconds; it must be in Unix seconds")
        check_age(now - stated, self.tolerance_seconds, name)


def _number(timestamp: bytes, name: str) -> float:
    if not _DIGITS.fullmatch(timestamp):
        raise NotProvenError("malformed_timestamp", f"{name} is not a whole number")
    return int(timestamp)


def _seconds_of_iso(timestamp: bytes, name: str) -> float:
    try:
        instant = datetime.fromisoformat(timestamp.decode("ascii"))
    except ValueError:
        instant = None
    if instant is None or instant.tzinfo is None:
        raise NotProvenError("malformed_timestamp", f"{name} is not a time with a zone (ISO 8601)")
    return instant.timestamp()
