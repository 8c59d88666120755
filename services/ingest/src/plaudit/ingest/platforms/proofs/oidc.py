"""An OpenID token of the platform's service account, checked with the keys that its issuer publishes."""

import hmac
import math
import re
import time
from base64 import urlsafe_b64decode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final, TypeGuard

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import Key
from joserfc.jws import JWSRegistry
from msgspec.json import decode as json_decode

from plaudit.common.standard_webhooks import MILLISECONDS_FROM, InvalidSecretError
from plaudit.ingest.platforms.proofs.proof import SENT_ID, Headers, NotProvenError, Proven, required

MAX_BEARER_CHARS: Final = 8_192
OIDC_ALGORITHM: Final = "RS256"
OIDC_SKEW_SECONDS: Final = 60
"""How far clocks may differ."""

_OIDC_REGISTRY: Final = JWSRegistry(algorithms=[OIDC_ALGORITHM], strict_check_header=False)
_ACCOUNT: Final = re.compile(r"[^@\s\x00]{1,200}@[^@\s\x00]{1,200}")


class IssuerKeys:
    """The keys that an issuer publishes, as they were read last. Whoever reads them writes here."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        """Know none yet."""
        self._now = monotonic
        self._by_id: Mapping[str, Key] = {}
        self._until = -math.inf

    @property
    def are_fresh(self) -> bool:
        """Whether they count still; otherwise they must be read again."""
        return self._now() < self._until

    def get(self, key_id: str) -> Key | None:
        """Return a key that counts."""
        return self._by_id.get(key_id) if self.are_fresh else None

    def keep(self, by_id: Mapping[str, Key], seconds: float) -> None:
        """Replace them by what was read just now, which counts for so long."""
        self._by_id, self._until = by_id, self._now() + seconds


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
        scheme, _, written = required(headers, b"authorization").partition(b" ")
        if scheme.lower() != b"bearer" or not written or len(written) > MAX_BEARER_CHARS:
            raise NotProvenError("malformed_token", "the header authorization is no bearer token")
        header, claims = _unverified(written)
        if header.get("alg") != OIDC_ALGORITHM or not isinstance(header.get("kid"), str):
            raise NotProvenError("malformed_token", f"the token is not signed with {OIDC_ALGORITHM} and a named key")
        self._check_claims(claims, keys, now)
        key = self.issuer_keys.get(header["kid"])
        if key is None:
            raise UnknownKeyError(self.keys_url)
        try:
            jws.deserialize_compact(written, key, registry=_OIDC_REGISTRY)
        except (JoseError, ValueError) as error:
            raise NotProvenError("no_match", "the token's signature does not match") from error
        sent_id = self.sent_id(body)
        return Proven(sent_id) if sent_id and SENT_ID.fullmatch(sent_id.encode(errors="replace")) else Proven()

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
