"""What a proof is, and what proofs share.

Each proof also signs as its platform does, for whoever tries a source: what `sign` makes, `verify` takes.

Each proof takes several keys at once, so that a secret can be replaced while both are in use. Signatures and tokens
are compared in constant time, and over the bytes as they were received. A header that comes twice is refused: two
readers could use different ones.
"""

import re
from collections.abc import Sequence
from typing import Final, Protocol

import msgspec

from plaudit.common.standard_webhooks import InvalidSecretError

Headers = Sequence[tuple[bytes, bytes]]
"""As they were received, with names in lower case."""

MIN_ISSUED_SECRET_BYTES: Final = 8
"""Of a secret that a platform issued; ours have 32."""
MAX_SECRET_CHARS: Final = 512
SENT_ID: Final = re.compile(rb"[!-~]{1,256}")


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


def text_key(secret: str) -> bytes:
    """Return the bytes of a secret that a platform issued.

    Raises:
        InvalidSecretError: it is too short or too long.
    """
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


def required(headers: Headers, name: bytes) -> bytes:
    """Return the value of a header.

    Raises:
        NotProvenError: it is missing, empty, or comes twice.
    """
    value = _header(headers, name)
    if not value:
        raise NotProvenError("missing_header", f"the header {name.decode()} is missing")
    return value


def sent(headers: Headers, id_header: bytes | None) -> Proven:
    """Return what is proven, with the sender's own id of the delivery where a header holds one."""
    value = None if id_header is None else _header(headers, id_header)
    return Proven(value.decode()) if value is not None and SENT_ID.fullmatch(value) else Proven()


def id_to_send(id_header: bytes | None, sent_id: str) -> dict[str, str]:
    """Return the header with the id of a delivery, where the platform sends one.

    Raises:
        ValueError: it is no id that `sent` would read.
    """
    if id_header is None:
        return {}
    if not SENT_ID.fullmatch(sent_id.encode()):
        raise ValueError(f"the id {sent_id!r} is not 1 to 256 visible ASCII characters")
    return {id_header.decode(): sent_id}
