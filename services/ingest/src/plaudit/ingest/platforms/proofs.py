"""How platforms prove their deliveries. Pure: headers, body, keys and the time in; proven, or a reason, out.

Each proof also signs as its platform does, for whoever tries a source: what `sign` makes, `verify` takes.

Each proof takes several keys at once, so that a secret can be replaced while both are in use. Signatures and tokens
are compared in constant time, and over the bytes as they were received. A header that comes twice is refused: two
readers could use different ones.
"""

import hmac
import re
from base64 import b64decode, urlsafe_b64decode
from binascii import Error as InvalidBase64Error
from binascii import b2a_base64
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, ClassVar, Final, Literal, Protocol, TypeGuard

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import Key
from joserfc.jws import JWSRegistry
from msgspec.json import decode as json_decode

from plaudit.common.standard_webhooks import (
    ID_HEADER,
    MILLISECONDS_FROM,
    SIGNATURE_HEADER,
    TIMESTAMP_HEADER,
    TOLERANCE_SECONDS,
    InvalidSecretError,
    InvalidSignatureError,
    check_message,
    decode_secret,
    signature_headers,
    signed_bytes,
    signed_headers,
    verify,
)

Headers = Sequence[tuple[bytes, bytes]]
"""As they were received, with names in lower case."""

MIN_ISSUED_SECRET_BYTES: Final = 8
"""Of a secret that a platform issued; ours have 32."""
MAX_SECRET_CHARS: Final = 512
MAX_SIGNATURE_CHARS: Final = 512
PUBLIC_KEY_PREFIX: Final = "whpk_"
PRIVATE_KEY_PREFIX: Final = "whsk_"
PRIVATE_KEY_BYTES: Final = 32

Digest = Literal["sha256", "sha512"]

MAX_BEARER_CHARS: Final = 8_192
OIDC_ALGORITHM: Final = "RS256"
OIDC_SKEW_SECONDS: Final = 60
"""How far clocks may differ."""

_OIDC_REGISTRY: Final = JWSRegistry(algorithms=[OIDC_ALGORITHM], strict_check_header=False)
_ACCOUNT: Final = re.compile(r"[^@\s\x00]{1,200}@[^@\s\x00]{1,200}")
_SENT_ID: Final = re.compile(rb"[!-~]{1,256}")
_DIGITS: Final = re.compile(rb"[0-9]{1,15}")
_HEADER_VALUE: Final = re.compile(rb"[!-~]([ -~]*[!-~])?")
_ASYMMETRIC_VERSION: Final = b"v1a,"


class Proven(msgspec.Struct, frozen=True, gc=False):
    """A delivery that is proven, with the sender's own id of it, by which a repetition is recognised."""

    sent_id: str | None = None


class NotProvenError(ValueError):
    """A delivery that is not proven.

    `reason` is a stable word for logs and counters: `missing_header`, `repeated_header`, `malformed_id`,
    `malformed_timestamp`, `milliseconds`, `too_old`, `too_new`, `too_many_signatures`, `no_match`, `wrong_token`,
    `malformed_token`, `wrong_issuer`, `wrong_audience`, `wrong_account`, `unknown_key`, `no_deliveries`. The text says
    the same to the sender, and nothing of the secret.
    """

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


class Proof(Protocol):
    """One way to prove a delivery."""

    @property
    def in_address(self) -> bool:
        """Whether the secret is the last part of the address, because the platform signs nothing."""

    @property
    def headers(self) -> tuple[bytes, ...]:
        """The names of the headers that it reads, in lower case."""

    @property
    def is_for_any_sender(self) -> bool:
        """Whether whoever holds the secret can send, and check, a delivery: not where only the platform itself can."""

    @property
    def id_header(self) -> bytes | None:
        """The header with the sender's own id of a delivery; None where there is none."""

    @property
    def timestamp_header(self) -> bytes | None:
        """The header with the time that is signed; None where none is."""

    def key(self, secret: str) -> bytes:
        """Return the key of a written secret.

        Raises:
            InvalidSecretError: it is none.
        """

    def verify(
        self, headers: Headers, body: bytes, keys: Sequence[bytes], now: float, token: str | None = None
    ) -> Proven:
        """Return that a delivery is proven.

        Args:
            headers: of the request.
            body: as it was received.
            keys: of which one must fit, see `key`.
            now: Unix seconds, which a signed timestamp must be near.
            token: the last part of the address, where the secret is in it.

        Raises:
            NotProvenError: it is not, and why.
        """

    def signing_key(self, secret: str) -> bytes:
        """Return the key that a sender signs with; of a key pair it is the private one.

        Raises:
            InvalidSecretError: the secret is none.
        """

    def sign(self, key: bytes, body: bytes, sent_id: str, now: float) -> dict[str, str]:
        """Return the headers of a delivery that prove it, as the platform sends them.

        Args:
            key: see `signing_key`.
            body: as it will be sent.
            sent_id: the sender's own id of the delivery; without effect where `id_header` is None.
            now: Unix seconds; without effect where `timestamp_header` is None.

        Raises:
            ValueError: an id or a time that cannot be sent.
        """


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
        return _text_key(secret)

    def verify(
        self, headers: Headers, body: bytes, keys: Sequence[bytes], now: float, token: str | None = None
    ) -> Proven:
        """Return that the signature fits one of the keys."""
        offered = _required(headers, self.header)
        signed = body
        if self.timestamp_header is not None:
            timestamp = _required(headers, self.timestamp_header)
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
        return _sent(headers, self.id_header)

    def signing_key(self, secret: str) -> bytes:
        """Return the same key: it is shared."""
        return self.key(secret)

    def sign(self, key: bytes, body: bytes, sent_id: str, now: float) -> dict[str, str]:
        """Return the signature, with the time and the id where the platform sends them."""
        made = _id_to_send(self.id_header, sent_id)
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


@dataclass(frozen=True, kw_only=True)
class SharedSecretHeader:
    """The secret itself in a header. Who has seen one delivery can send others: use HTTPS only."""

    header: bytes
    id_header: bytes | None = None
    timestamp_header: ClassVar[None] = None
    in_address: ClassVar[bool] = False
    is_for_any_sender: ClassVar[bool] = True

    @property
    def headers(self) -> tuple[bytes, ...]:
        """The one with the secret."""
        return (self.header,)

    def key(self, secret: str) -> bytes:
        """Return the bytes of the text."""
        return _text_key(secret)

    def verify(
        self, headers: Headers, body: bytes, keys: Sequence[bytes], now: float, token: str | None = None
    ) -> Proven:
        """Return that the header holds one of the secrets."""
        offered = _required(headers, self.header)
        if not any(hmac.compare_digest(key, offered) for key in keys):
            raise NotProvenError("no_match", f"{self.header.decode()} does not match")
        return _sent(headers, self.id_header)

    def signing_key(self, secret: str) -> bytes:
        """Return the secret, if a header can hold it."""
        key = self.key(secret)
        if not _HEADER_VALUE.fullmatch(key):
            raise InvalidSecretError(f"the secret cannot be the value of {self.header.decode()}: it is not plain ASCII")
        return key

    def sign(self, key: bytes, body: bytes, sent_id: str, now: float) -> dict[str, str]:
        """Return the secret in its header, with the id where the platform sends one."""
        return {**_id_to_send(self.id_header, sent_id), self.header.decode(): key.decode()}


@dataclass(frozen=True, kw_only=True)
class PathToken:
    """A secret token at the end of the address, for a platform that signs nothing."""

    id_header: bytes | None = None
    timestamp_header: ClassVar[None] = None
    in_address: ClassVar[bool] = True
    is_for_any_sender: ClassVar[bool] = True
    headers: ClassVar[tuple[bytes, ...]] = ()

    def key(self, secret: str) -> bytes:
        """Return the bytes of the token."""
        return _text_key(secret)

    def verify(
        self, headers: Headers, body: bytes, keys: Sequence[bytes], now: float, token: str | None = None
    ) -> Proven:
        """Return that the address ends in one of the tokens."""
        offered = (token or "").encode(errors="replace")
        if not any(hmac.compare_digest(key, offered) for key in keys):
            raise NotProvenError("wrong_token", "the address does not end in the secret token of a source")
        return _sent(headers, self.id_header)

    def signing_key(self, secret: str) -> bytes:
        """Return the same bytes: nothing is signed with them."""
        return self.key(secret)

    def sign(self, key: bytes, body: bytes, sent_id: str, now: float) -> dict[str, str]:
        """Return the id where the platform sends one; the address is the proof."""
        return _id_to_send(self.id_header, sent_id)


@dataclass(frozen=True)
class NoDeliveries:
    """A platform that posts nothing: its reviews are asked for. Nothing that is posted is ever proven."""

    id_header: ClassVar[None] = None
    timestamp_header: ClassVar[None] = None
    in_address: ClassVar[bool] = True
    is_for_any_sender: ClassVar[bool] = False
    headers: ClassVar[tuple[bytes, ...]] = ()

    def key(self, secret: str) -> bytes:
        """Return the bytes of the text, which prove nothing."""
        return _text_key(secret)

    def verify(
        self, headers: Headers, body: bytes, keys: Sequence[bytes], now: float, token: str | None = None
    ) -> Proven:
        """Refuse whatever comes."""
        raise NotProvenError("no_deliveries", "this platform posts nothing: its reviews are asked for")

    def signing_key(self, secret: str) -> bytes:
        """Refuse: there is nothing to sign."""
        raise InvalidSecretError("this platform posts nothing: its reviews are asked for")

    def sign(self, key: bytes, body: bytes, sent_id: str, now: float) -> dict[str, str]:
        """Return nothing."""
        return {}


class IssuerKeys:
    """The keys that an issuer publishes, as they were read last. Whoever reads them writes here."""

    def __init__(self) -> None:
        """Know none yet."""
        self.by_id: Mapping[str, Key] = {}
        self.until = 0.0
        """Unix seconds; then they must be read again."""


class UnknownKeyError(Exception):
    """A token is signed with a key that is not known: the issuer's keys must be read before anything is said of it."""

    def __init__(self, keys_url: str) -> None:
        super().__init__(f"the keys of {keys_url} must be read")
        self.keys_url = keys_url


@dataclass(frozen=True, kw_only=True)
class OidcBearer:
    """An OpenID token of a service account (RS256), as a bearer token; the source's secret is the account's address."""

    issuers: tuple[str, ...]
    keys_url: str
    """Where the issuer publishes its keys."""
    audience: str = ""
    """The address of the source's hook; no token fits while it is empty."""
    issuer_keys: IssuerKeys = field(default_factory=IssuerKeys, compare=False)
    sent_id: Callable[[bytes], str | None] = lambda _: None
    """Reads the sender's own id of a delivery from its body."""
    id_header: ClassVar[None] = None
    timestamp_header: ClassVar[None] = None
    in_address: ClassVar[bool] = False
    is_for_any_sender: ClassVar[bool] = False
    headers: ClassVar[tuple[bytes, ...]] = (b"authorization",)

    def key(self, secret: str) -> bytes:
        """Return the address of the service account."""
        if not _ACCOUNT.fullmatch(secret):
            raise InvalidSecretError("the secret of this platform is the e-mail address of the service account")
        return secret.lower().encode()

    def signing_key(self, secret: str) -> bytes:
        """Refuse: only the issuer has the key."""
        raise InvalidSecretError("only the platform itself can sign: its deliveries carry a token of its issuer")

    def sign(self, key: bytes, body: bytes, sent_id: str, now: float) -> dict[str, str]:
        """Return nothing: there is no key to sign with."""
        return {}

    def verify(
        self, headers: Headers, body: bytes, keys: Sequence[bytes], now: float, token: str | None = None
    ) -> Proven:
        """Return that the token is the issuer's, for this source, of the account, and of now.

        What it says is looked at first: only a token that would count makes anybody read the issuer's keys.

        Raises:
            NotProvenError: as every proof.
            UnknownKeyError: the key that it is signed with must be read first.
        """
        scheme, _, written = _required(headers, b"authorization").partition(b" ")
        if scheme.lower() != b"bearer" or not written or len(written) > MAX_BEARER_CHARS:
            raise NotProvenError("malformed_token", "the header authorization is no bearer token")
        header, claims = _unverified(written)
        if header.get("alg") != OIDC_ALGORITHM or not isinstance(header.get("kid"), str):
            raise NotProvenError("malformed_token", f"the token is not signed with {OIDC_ALGORITHM} and a named key")
        self._check_claims(claims, keys, now)
        known = self.issuer_keys
        key = known.by_id.get(header["kid"]) if now < known.until else None
        if key is None:
            raise UnknownKeyError(self.keys_url)
        try:
            jws.deserialize_compact(written, key, registry=_OIDC_REGISTRY)
        except (JoseError, ValueError) as error:
            raise NotProvenError("no_match", "the token's signature does not match") from error
        sent_id = self.sent_id(body)
        return Proven(sent_id) if sent_id and _SENT_ID.fullmatch(sent_id.encode(errors="replace")) else Proven()

    def _check_claims(self, claims: Mapping[str, Any], keys: Sequence[bytes], now: float) -> None:
        if claims.get("iss") not in self.issuers:
            raise NotProvenError("wrong_issuer", f"the token's iss is not {self.issuers[0]}")
        audience = claims.get("aud")
        if not self.audience or audience not in (self.audience, [self.audience]):
            raise NotProvenError("wrong_audience", "the token's aud is not the address of this hook")
        email = claims.get("email")
        offered = email.lower().encode(errors="replace") if isinstance(email, str) else b""
        if claims.get("email_verified") is not True or not any(hmac.compare_digest(key, offered) for key in keys):
            raise NotProvenError("wrong_account", "the token's email is not that of the service account, or unverified")
        issued, expires = claims.get("iat"), claims.get("exp")
        if not _is_time(issued) or not _is_time(expires):
            raise NotProvenError("malformed_token", "the token's iat and exp must be Unix seconds")
        if now >= expires + OIDC_SKEW_SECONDS:
            raise NotProvenError("too_old", f"the token has expired {now - expires:.0f} s ago")
        if now < issued - OIDC_SKEW_SECONDS:
            raise NotProvenError("too_new", f"the token was issued {issued - now:.0f} s in the future")


def _unverified(token: bytes) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """Return the header and the claims of a JWT, of which nothing is proven yet."""
    parts = token.split(b".")
    try:
        header, claims = (json_decode(urlsafe_b64decode(part + b"=" * (-len(part) % 4))) for part in parts[:2])
    except (ValueError, RecursionError):
        header = claims = None
    if len(parts) != 3 or not isinstance(header, dict) or not isinstance(claims, dict):
        raise NotProvenError("malformed_token", "the bearer token is no JWT")
    return header, claims


def _is_time(value: object) -> TypeGuard[float]:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < MILLISECONDS_FROM


def check_age(age_seconds: float, tolerance_seconds: float, name: str) -> None:
    """Refuse a signed time that is far from now.

    Args:
        age_seconds: how old it is; negative for one that lies ahead.
        tolerance_seconds: at most, either way.
        name: what holds it.

    Raises:
        NotProvenError: `too_old` or `too_new`, by how much.
    """
    if age_seconds > tolerance_seconds:
        raise NotProvenError(
            "too_old", f"{name} is {age_seconds:.0f} s in the past, at most {tolerance_seconds:.0f} are taken"
        )
    if -age_seconds > tolerance_seconds:
        raise NotProvenError(
            "too_new", f"{name} is {-age_seconds:.0f} s in the future, at most {tolerance_seconds:.0f} are taken"
        )


def _text_key(secret: str) -> bytes:
    key = secret.encode(errors="replace")
    if not MIN_ISSUED_SECRET_BYTES <= len(key) <= MAX_SECRET_CHARS:
        raise InvalidSecretError(
            f"a secret has {MIN_ISSUED_SECRET_BYTES} to {MAX_SECRET_CHARS} bytes, this one has {len(key)}"
        )
    return key


def _header(headers: Headers, name: bytes) -> bytes | None:
    found = [value for each, value in headers if each == name]
    if len(found) > 1:
        raise NotProvenError("repeated_header", f"the header {name.decode()} is repeated")
    return found[0] if found else None


def _required(headers: Headers, name: bytes) -> bytes:
    value = _header(headers, name)
    if not value:
        raise NotProvenError("missing_header", f"the header {name.decode()} is missing")
    return value


def _sent(headers: Headers, id_header: bytes | None) -> Proven:
    value = None if id_header is None else _header(headers, id_header)
    return Proven(value.decode()) if value is not None and _SENT_ID.fullmatch(value) else Proven()


def _id_to_send(id_header: bytes | None, sent_id: str) -> dict[str, str]:
    if id_header is None:
        return {}
    if not _SENT_ID.fullmatch(sent_id.encode()):
        raise ValueError(f"the id {sent_id!r} is not 1 to 256 visible ASCII characters")
    return {id_header.decode(): sent_id}


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
