"""A source: one configured account on a platform."""

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import cached_property
from ipaddress import ip_network
from typing import Final, Protocol
from zoneinfo import ZoneInfo

import msgspec

MAX_SECRETS: Final = 3
"""That count at once, while one is replaced by another."""
MAX_ALLOWED_ADDRESSES: Final = 50


class Proof(Protocol):
    """What a source must know of how its platform proves its deliveries."""

    @property
    def in_address(self) -> bool:
        """Whether the secret is the last part of the address, because the platform signs nothing."""

    def key(self, secret: str) -> bytes:
        """Return the key of a written secret, or raise `InvalidSecretError`."""


ProofOf = Callable[[str | None], Proof]
"""Takes the mapping of a source; returns what proves its deliveries, or raises `InvalidMappingError`."""


class UnknownPlatformError(ValueError):
    """There is no adapter for the platform; the text names those there are."""


class UnsignedPlatformError(ValueError):
    """A secret for a platform that signs nothing: the address is its proof."""


class InvalidSourceError(ValueError):
    """A setting of a source that cannot be; the text says which one and why."""


class InvalidMember(msgspec.Struct, frozen=True):
    """One member of a mapping that cannot be."""

    pointer: str
    """A JSON pointer into the mapping."""
    reason: str


class InvalidMappingError(ValueError):
    """A mapping that cannot be; it names each member that is wrong."""

    def __init__(self, members: Sequence[InvalidMember]) -> None:
        super().__init__("; ".join(f"{member.pointer or 'mapping'}: {member.reason}" for member in members))
        self.members = tuple(members)


def checked_time_zone(name: str | None) -> str | None:
    """Return the name of a time zone.

    Raises:
        InvalidSourceError: there is no such zone.
    """
    if name is None:
        return None
    try:
        return ZoneInfo(name).key
    except (KeyError, OSError, ValueError) as error:
        raise InvalidSourceError(f"time_zone: there is no zone {name!r}; one is for example Europe/Berlin") from error


def checked_networks(addresses: tuple[str, ...]) -> tuple[str, ...]:
    """Return networks in their written form.

    Raises:
        InvalidSourceError: one is neither an address nor a network.
    """
    try:
        return tuple(str(ip_network(address)) for address in addresses)
    except ValueError as error:
        raise InvalidSourceError(f"allowed_addresses: {error}") from error


class SourceRef(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """What a review keeps of its source. It is stored by place: see `ReviewState`."""

    id: str
    name: str
    platform: str
    created_at: datetime


class Source(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """One configured account: which tenant it belongs to, what it reviews, and what proves its deliveries."""

    tenant_id: str
    id: str
    name: str
    platform: str
    subject: str
    """All its reviews are about this subject or one below it."""
    secret: str
    """Signs deliveries: ours in the form of Standard Webhooks, `whsec_…`, or the one that the platform issued."""
    more_secrets: tuple[str, ...] = ()
    """Others that count as well, while one is replaced."""
    path_token: str | None = None
    """The secret in the address, for a platform that signs nothing."""
    allowed_addresses: tuple[str, ...] = ()
    """The networks that deliveries may come from; any if there are none."""
    time_zone: str | None = None
    """Of times that the platform sends without a zone; such an event is quarantined if there is none."""
    mapping: str | None = None
    """What stands where in the payloads of a custom source, as JSON: see `platforms/mapping.py`."""
    created_at: datetime

    @cached_property
    def ref(self) -> SourceRef:
        """What a review keeps of it; made once, for a batch names it in each of its reviews."""
        return SourceRef(id=self.id, name=self.name, platform=self.platform, created_at=self.created_at)


class KeyedSource(Source, frozen=True, kw_only=True):
    """A source with the key that its tenant's persons are hashed with, as its deliveries are read."""

    person_key: bytes
