"""A source: one configured account on a platform."""

from collections.abc import Callable, Collection, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cached_property
from ipaddress import ip_network
from typing import Any, Final, Protocol

import msgspec
from msgspec.structs import replace

from plaudit.common.time_zones import UnknownTimeZoneError, zone_of

MAX_SECRETS: Final = 3
"""That count at once, while one is replaced by another."""
MAX_ALLOWED_ADDRESSES: Final = 50
MAX_OVERLAP: Final = timedelta(days=30)
DEFAULT_OVERLAP: Final = timedelta(days=1)
"""How long an old secret counts beside the new one, unless somebody says otherwise."""
UNOPENED_SOURCE: Final = (
    "The secret of the source cannot be decrypted. Whoever runs Plaudit can bring back the key of the vault "
    "(PLAUDIT_VAULT_KEYS or PLAUDIT_VAULT_KEY_FILE); otherwise give the source another secret."
)
"""What stands in the way, and what to do."""
UNOPENED_CREDENTIALS: Final = (
    "the credentials of the source cannot be decrypted: bring back the key of the vault, or set them again"
)
"""The same of what its platform is asked with, or answers are sent with."""


class Answers(StrEnum):
    """Whether we learn of the company's answers at a source's platform, whoever gives them."""

    TOLD = "told"
    """The platform tells them by itself."""
    POLLED = "polled"
    """The platform is asked for them."""
    UNTOLD = "untold"
    """We do not: a review without an answer may have one."""


class AnswersOf(Protocol):
    """Says whether answers are told at a source."""

    def __call__(self, platform: str, mapping: str | None, *, is_polled: bool) -> Answers:
        """Return it, by the source's platform and mapping, and whether the platform was asked for all it has once."""


class Proof(Protocol):
    """What a source must know of how its platform proves its deliveries."""

    @property
    def in_address(self) -> bool:
        """Whether the secret is the last part of the address, because the platform signs nothing."""

    def key(self, secret: str) -> bytes:
        """Return the key of a written secret, or raise `InvalidSecretError`."""


ProofByMapping = Callable[[str | None], Proof]
"""Takes the mapping of a source; returns what proves its deliveries, or raises `InvalidMappingError`."""


class UnknownSourceError(Exception):
    """There is no such source."""


class UnknownPlatformError(ValueError):
    """There is no adapter for the platform; the text names those there are."""


class UnsignedPlatformError(ValueError):
    """A secret for a platform that signs nothing: the address is its proof."""


class InvalidSourceError(ValueError):
    """A setting of a source that cannot be; the text says which one and why."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field = field
        self.reason = reason


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


class ChangedInBetweenError(Exception):
    """The source has another revision than the one that a change is meant for."""


class TooManySecretsError(Exception):
    """As many secrets count as can at once."""


class UnopenedSecretError(Exception):
    """The secret of a source is needed and cannot be decrypted; the text says what to do."""

    def __init__(self) -> None:
        super().__init__(UNOPENED_SOURCE)


def checked_time_zone(name: str | None) -> str | None:
    """Return the name of a time zone.

    Raises:
        InvalidSourceError: there is no such zone.
    """
    if name is None:
        return None
    try:
        return zone_of(name).key
    except UnknownTimeZoneError as error:
        raise InvalidSourceError("time_zone", str(error)) from error


def checked_networks(addresses: tuple[str, ...]) -> tuple[str, ...]:
    """Return networks in their written form.

    Raises:
        InvalidSourceError: one is neither an address nor a network.
    """
    try:
        return tuple(str(ip_network(address)) for address in addresses)
    except ValueError as error:
        raise InvalidSourceError("allowed_addresses", str(error)) from error


def wrong_settings(addresses: Sequence[str], time_zone: str | None) -> dict[str, str]:
    """Return what cannot be of these settings: the name of each → why."""
    wrong: dict[str, str] = {}
    for check in (lambda: checked_networks(tuple(addresses)), lambda: checked_time_zone(time_zone)):
        try:
            check()
        except InvalidSourceError as error:
            wrong[error.field] = error.reason
    return wrong


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
    secret: str | None
    """Signs deliveries: ours in the form of Standard Webhooks, `whsec_…`, or the one that the platform issued.

    None while any that proves its deliveries cannot be decrypted; then there are no further ones here and no token.
    """
    more_secrets: tuple[str, ...] = ()
    """Others that count as well, while one is replaced; for a platform that signs nothing, tokens of its address."""
    more_secrets_until: tuple[datetime | None, ...] = ()
    """Until when each of them counts; None for one that counts until it is taken away."""
    path_token: str | None = None
    """The secret in the address, for a platform that signs nothing."""
    allowed_addresses: tuple[str, ...] = ()
    """The networks that deliveries may come from; any if there are none."""
    time_zone: str | None = None
    """Of times that the platform sends without a zone; such an event is quarantined if there is none."""
    mapping: str | None = None
    """What stands where in the payloads of a custom source, as JSON: see `platforms/mapping.py`."""
    created_at: datetime
    paused_at: datetime | None = None
    """Since when its deliveries are kept and not applied; None while they are."""
    revision: int = 1
    """Counts its changes."""

    @property
    def is_unopened(self) -> bool:
        """Whether what proves its deliveries cannot be decrypted."""
        return self.secret is None

    @property
    def proving(self) -> tuple[str, ...]:
        """All that prove its deliveries: its secrets, or the tokens of its address; the present one first.

        Raises:
            UnopenedSecretError: they cannot be decrypted.
        """
        if self.secret is None:
            raise UnopenedSecretError
        return (self.path_token or self.secret, *self.more_secrets)

    @cached_property
    def ref(self) -> SourceRef:
        """What a review keeps of it; made once, for a batch names it in each of its reviews."""
        return SourceRef(id=self.id, name=self.name, platform=self.platform, created_at=self.created_at)


class KeyedSource(Source, frozen=True, kw_only=True):
    """A source with the key that its tenant's persons are hashed with, as its deliveries are read."""

    person_key: bytes


def check_revision(source: Source, expected: Collection[int] | None) -> None:
    """Refuse a change that is meant for another revision.

    Args:
        source: as it is stored.
        expected: of these revisions it must be one; None for any.

    Raises:
        ChangedInBetweenError: it is none of them.
    """
    if expected is not None and source.revision not in expected:
        raise ChangedInBetweenError(f"The source has the entity tag {source.revision} by now.")


def edited(source: Source, changes: dict[str, Any], now: datetime) -> Source:
    """Return a source with other settings; the same one where nothing differs.

    Args:
        source: as it is.
        changes: field → value, of `name`, `subject`, `allowed_addresses`, `time_zone`, and `paused`.
        now: since when it is paused, if it begins now.

    Raises:
        InvalidSourceError: there is no such zone or network.
    """
    values = dict(changes)
    if "allowed_addresses" in values:
        values["allowed_addresses"] = checked_networks(tuple(values["allowed_addresses"]))
    if "time_zone" in values:
        values["time_zone"] = checked_time_zone(values["time_zone"])
    if "paused" in values:
        values["paused_at"] = (source.paused_at or now) if values.pop("paused") else None
    after = replace(source, **values)
    return source if after == source else replace(after, revision=source.revision + 1)


def rotated(source: Source, new: str, overlap: timedelta, now: datetime) -> Source:
    """Return a source with another secret, or another token in its address.

    Args:
        source: as it is.
        new: what proves deliveries from now on.
        overlap: how long the present one counts too; with none, all older ones end at once.
        now: when it is replaced.

    Raises:
        TooManySecretsError: the older ones, which count still, leave no place for another.
        UnopenedSecretError: the older ones cannot be decrypted; see `with_secrets`.
    """
    older: tuple[tuple[str, datetime | None], ...] = ()
    if overlap:
        kept = zip(source.more_secrets, source.more_secrets_until, strict=True)
        older = ((source.proving[0], now + overlap), *((secret, until) for secret, until in kept if secret != new))
    if len(older) >= MAX_SECRETS:
        raise TooManySecretsError(
            f"{MAX_SECRETS} secrets count at present. Wait until one ends, or let all older ones end at once."
        )
    return replace(
        source,
        **{"secret" if source.path_token is None else "path_token": new},
        more_secrets=tuple(secret for secret, _ in older),
        more_secrets_until=tuple(until for _, until in older),
        revision=source.revision + 1,
    )


def with_secrets(source: Source, secret: str, path_token: str | None = None, more: tuple[str, ...] = ()) -> Source:
    """Return a source with these secrets; all older ones end at once, also those that cannot be decrypted.

    Args:
        source: as it is.
        secret: signs deliveries.
        path_token: the secret in the address, for a platform that signs nothing.
        more: others that count as well, until they are taken away.
    """
    return replace(
        source,
        secret=secret,
        path_token=path_token,
        more_secrets=more,
        more_secrets_until=(None,) * len(more),
        revision=source.revision + 1,
    )
