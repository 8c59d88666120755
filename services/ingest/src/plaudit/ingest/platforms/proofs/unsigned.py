"""For platforms that sign nothing: the secret itself comes along, in a header or in the address; or nothing comes."""

import hmac
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Final

from plaudit.common.standard_webhooks import InvalidSecretError
from plaudit.ingest.platforms.proofs.proof import (
    Headers,
    NotProvenError,
    Proven,
    id_to_send,
    required,
    sent,
    text_key,
)

_HEADER_VALUE: Final = re.compile(rb"[!-~]([ -~]*[!-~])?")


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
        return text_key(secret)

    def verify(
        self, headers: Headers, body: bytes, keys: Sequence[bytes], now: float, token: str | None = None
    ) -> Proven:
        """Return that the header holds one of the secrets."""
        offered = required(headers, self.header)
        if not any(hmac.compare_digest(key, offered) for key in keys):
            raise NotProvenError("no_match", f"{self.header.decode()} does not match")
        return sent(headers, self.id_header)

    def signing_key(self, secret: str) -> bytes:
        """Return the secret, if a header can hold it."""
        key = self.key(secret)
        if not _HEADER_VALUE.fullmatch(key):
            raise InvalidSecretError(f"the secret cannot be the value of {self.header.decode()}: it is not plain ASCII")
        return key

    def sign(self, key: bytes, body: bytes, sent_id: str, now: float) -> dict[str, str]:
        """Return the secret in its header, with the id where the platform sends one."""
        return {**id_to_send(self.id_header, sent_id), self.header.decode(): key.decode()}


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
        return text_key(secret)

    def verify(
        self, headers: Headers, body: bytes, keys: Sequence[bytes], now: float, token: str | None = None
    ) -> Proven:
        """Return that the address ends in one of the tokens."""
        offered = (token or "").encode(errors="replace")
        if not any(hmac.compare_digest(key, offered) for key in keys):
            raise NotProvenError("wrong_token", "the address does not end in the secret token of a source")
        return sent(headers, self.id_header)

    def signing_key(self, secret: str) -> bytes:
        """Return the same bytes: nothing is signed with them."""
        return self.key(secret)

    def sign(self, key: bytes, body: bytes, sent_id: str, now: float) -> dict[str, str]:
        """Return the id where the platform sends one; the address is the proof."""
        return id_to_send(self.id_header, sent_id)


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
        return text_key(secret)

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
