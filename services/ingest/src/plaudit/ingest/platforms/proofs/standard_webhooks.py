"""Standard Webhooks: a signature over `id.timestamp.body`, of a shared secret (v1) or of a key pair (v1a)."""

from base64 import b64decode
from binascii import Error as InvalidBase64Error
from binascii import b2a_base64
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from plaudit.common.standard_webhooks import (
    ID_HEADER,
    SIGNATURE_HEADER,
    TIMESTAMP_HEADER,
    InvalidSecretError,
    InvalidSignatureError,
    check_message,
    decode_secret,
    signature_headers,
    signed_bytes,
    signed_headers,
    verify,
)
from plaudit.ingest.platforms.proofs.proof import Headers, NotProvenError, Proven

PUBLIC_KEY_PREFIX: Final = "whpk_"
PRIVATE_KEY_PREFIX: Final = "whsk_"
PRIVATE_KEY_BYTES: Final = 32
_ASYMMETRIC_VERSION: Final = b"v1a,"


@dataclass(frozen=True)
class StandardWebhooks:
    """Standard Webhooks v1: HMAC-SHA256 over `id.timestamp.body`, with a shared secret (`whsec_…`)."""

    min_secret_bytes: int = 24
    in_address: ClassVar[bool] = False
    is_for_any_sender: ClassVar[bool] = True
    id_header: ClassVar[bytes] = ID_HEADER.encode()
    timestamp_header: ClassVar[bytes] = TIMESTAMP_HEADER.encode()
    headers: ClassVar[tuple[bytes, ...]] = (id_header, timestamp_header, SIGNATURE_HEADER.encode())

    def key(self, secret: str) -> bytes:
        """Return the key of `whsec_` and base64."""
        return decode_secret(secret, min_bytes=self.min_secret_bytes)

    def verify(
        self, headers: Headers, body: bytes, keys: Sequence[bytes], now: float, token: str | None = None
    ) -> Proven:
        """Return that one of the signatures fits."""
        try:
            message_id, timestamp, signature = signature_headers(headers)
            verify(message_id, timestamp, signature, body, keys, now)
        except InvalidSignatureError as error:
            raise NotProvenError(error.reason, str(error)) from error
        assert message_id is not None
        return Proven(message_id.decode())

    def signing_key(self, secret: str) -> bytes:
        """Return the same key: it is shared."""
        return self.key(secret)

    def sign(self, key: bytes, body: bytes, sent_id: str, now: float) -> dict[str, str]:
        """Return the id, the time in seconds, and a signature of version v1."""
        return signed_headers([key], sent_id, int(now), body)


@dataclass(frozen=True)
class AsymmetricStandardWebhooks:
    """Standard Webhooks v1a: Ed25519 over `id.timestamp.body`; the source holds the sender's public key (`whpk_…`)."""

    in_address: ClassVar[bool] = False
    is_for_any_sender: ClassVar[bool] = True
    id_header: ClassVar[bytes] = StandardWebhooks.id_header
    timestamp_header: ClassVar[bytes] = StandardWebhooks.timestamp_header
    headers: ClassVar[tuple[bytes, ...]] = StandardWebhooks.headers

    def key(self, secret: str) -> bytes:
        """Return the public key of `whpk_` and base64."""
        try:
            public = b64decode(secret.removeprefix(PUBLIC_KEY_PREFIX), validate=True)
            Ed25519PublicKey.from_public_bytes(public)
        except ValueError as error:
            raise InvalidSecretError("a public key is whpk_ and the base64 of 32 bytes (Ed25519)") from error
        return public

    def verify(
        self, headers: Headers, body: bytes, keys: Sequence[bytes], now: float, token: str | None = None
    ) -> Proven:
        """Return that one of the signatures was made with a private key of these."""
        try:
            message_id, offered, signed = check_message(*signature_headers(headers), body, now)
        except InvalidSignatureError as error:
            raise NotProvenError(error.reason, str(error)) from error
        signatures = [
            _from_base64(one[len(_ASYMMETRIC_VERSION) :]) for one in offered if one[:4] == _ASYMMETRIC_VERSION
        ]
        for key in keys:
            public = Ed25519PublicKey.from_public_bytes(key)
            if any(_is_made_with(public, signature, signed) for signature in signatures):
                return Proven(message_id.decode())
        raise NotProvenError("no_match", "no signature of version v1a matches")

    def signing_key(self, secret: str) -> bytes:
        """Return the private key of `whsk_` and base64, with or without the public key behind it."""
        private = _from_base64(secret.removeprefix(PRIVATE_KEY_PREFIX).encode(errors="replace"))
        key, public = private[:PRIVATE_KEY_BYTES], private[PRIVATE_KEY_BYTES:]
        if len(key) != PRIVATE_KEY_BYTES or public not in {b"", _public_key(key)}:
            raise InvalidSecretError(
                "to sign, a private key is needed: whsk_ and the base64 of 32 bytes (Ed25519), 64 with the public one"
            )
        return key

    def sign(self, key: bytes, body: bytes, sent_id: str, now: float) -> dict[str, str]:
        """Return the id, the time in seconds, and a signature of version v1a."""
        timestamp = int(now)
        signature = Ed25519PrivateKey.from_private_bytes(key).sign(signed_bytes(sent_id, timestamp, body))
        written = (_ASYMMETRIC_VERSION + b2a_base64(signature, newline=False)).decode()
        return {ID_HEADER: sent_id, TIMESTAMP_HEADER: str(timestamp), SIGNATURE_HEADER: written}


def _from_base64(text: bytes) -> bytes:
    try:
        return b64decode(text, validate=True)
    except InvalidBase64Error:
        return b""


def _public_key(private: bytes) -> bytes:
    return Ed25519PrivateKey.from_private_bytes(private).public_key().public_bytes_raw()


def _is_made_with(public: Ed25519PublicKey, signature: bytes, signed: bytes) -> bool:
    try:
        public.verify(signature, signed)
    except InvalidSignature:
        return False
    return True
