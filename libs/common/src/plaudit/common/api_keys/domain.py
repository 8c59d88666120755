"""The form of a key, what it may do, until when it is valid, and what is stored of it."""

import base64
import hashlib
import hmac
import re
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from plaudit.common.names import did_you_mean, shown
from plaudit.common.refusals import RefusedError, WrongInputError

PREFIX: Final = "plaudit"
PUBLIC_ID_BYTES: Final = 10
SECRET_BYTES: Final = 32
ALL_SCOPES: Final = "*"
SCOPES: Final[Mapping[str, str]] = {
    "alerts:read": "read alerts",
    "alerts:write": "acknowledge, assign and silence alerts; pause, resume, fulfil and settle clocks",
    "answers:write": "answer reviews, settle them, and report them to their platforms",
    "audit:read": "read who did what",
    "board:read": "read requests and votes as the team sees them",
    "board:write": "add, size and answer requests",
    "cadences:read": "read rules of cadences, touchpoints, invitations and digests",
    "cadences:write": "change the rules of cadences",
    "clocks:read": "read clocks, reports about them, policies and calendars",
    "clocks:write": "change calendars",
    "contacts:read": "read addresses of customers, and whether they may be written to",
    "contacts:write": "add addresses of customers and what they consent to",
    "customers:write": "tell what happened with customers",
    "deliveries:read": "read deliveries, byte for byte",
    "deliveries:write": "replay deliveries",
    "endpoints:write": "make, change and delete endpoints of messages, and replace their secrets",
    "erasures:read": "read what was erased, and when",
    "erasures:write": "erase reviews and persons",
    "imports:read": "read what became of imported files, and the rows that were not taken",
    "imports:write": "import files of reviews, and cancel imports",
    "incidents:read": "read incidents, their updates, and which channel has which",
    "incidents:write": "open, update, resolve and close incidents, and tell subscribers",
    "keys:write": "see, make, rotate and revoke API keys",
    "library:read": "read the library: what we stand for, and which points answers cover",
    "library:write": "add, change and withdraw guidelines of the library",
    "markers:write": "note and delete markers: releases, incidents and what else scores are compared around",
    "messages:read": "read messages that were sent, to whom, what came of them, and the endpoints",
    "messages:write": "send messages again, and test endpoints",
    "people:write": "see and invite staff, and change their accounts",
    "policies:write": "save revisions of policies and put them into force; say who answers for what",
    "reviews:read": "read reviews and their revisions",
    "scores:read": "read scores and why they are what they are",
    "scores:write": "change which scores are public, and profiles that scores are computed by",
    "sorting:write": "change the rules that reviews are sorted by",
    "sources:read": "read sources, without their secrets",
    "sources:write": "make, change and delete sources, and see their secrets",
    "surveys:invite": "get links to surveys for customers",
    "surveys:read": "read surveys, and how many have responded",
    "surveys:write": "make, change and close surveys",
    "touchpoints:write": "do and skip touchpoints with customers",
}
"""Everything that an operation or a page of a service asks for, and what it allows."""
MIN_VALIDITY: Final = timedelta(seconds=1)
MAX_VALIDITY: Final = timedelta(days=3650)
MAX_OVERLAP: Final = timedelta(days=90)
USE_IS_NOTED_EVERY: Final = timedelta(minutes=1)

_PUBLIC_ID = re.compile(r"[a-z2-7]{16}")
_PATTERN = re.compile(rf"{PREFIX}_({_PUBLIC_ID.pattern})_([A-Za-z0-9_-]{{43}})")


@dataclass(frozen=True, slots=True)
class NewKey:
    """A new key."""

    public_id: str
    secret: str

    @property
    def text(self) -> str:
        """The key as a client sends it."""
        return f"{PREFIX}_{self.public_id}_{self.secret}"


@dataclass(frozen=True, slots=True)
class StoredSecret:
    """One of the secrets that a key is valid with."""

    hash: bytes
    seconds_left: float | None
    """By the transaction's clock: None if it never expires, not positive if it has expired."""


@dataclass(frozen=True, slots=True)
class StoredKey:
    """What the database holds of a key that is not revoked."""

    tenant_id: str
    scopes: frozenset[str]
    secrets: tuple[StoredSecret, ...]
    """Its present secret, and while a rotation overlaps the one before it."""


class KeyState(StrEnum):
    """Whether a key is valid."""

    ACTIVE = "active"
    EXPIRED = "expired"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key without its secrets, as its owners see it."""

    public_id: str
    tenant_id: str
    name: str
    scopes: tuple[str, ...]
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    rotated_at: datetime | None
    previous_expires_at: datetime | None
    """When the secret before the last rotation ends, or has ended."""
    revoked_at: datetime | None
    created_by: str | None = None
    """The actor who made it; None for an operator, on the command line."""

    def state(self, now: datetime) -> KeyState:
        """Return whether it is valid at a time."""
        if self.revoked_at is not None:
            return KeyState.REVOKED
        if self.expires_at is not None and self.expires_at <= now:
            return KeyState.EXPIRED
        return KeyState.ACTIVE

    def overlaps(self, now: datetime) -> bool:
        """Return whether the secret before the last rotation is still valid at a time."""
        return self.previous_expires_at is not None and self.previous_expires_at > now


def check_rotation(key: ApiKey, overlap: timedelta, now: datetime) -> None:
    """Refuse a rotation that would be of no use, or would end a secret that is still promised to be valid.

    Raises:
        RefusedError: the key is revoked or expired; or its last rotation still overlaps, and this one would too.
        WrongInputError: the overlap is negative or too long.
    """
    if not timedelta() <= overlap <= MAX_OVERLAP:
        raise WrongInputError(f"the old secret may stay valid for 0 s to {MAX_OVERLAP.days} days")
    if (state := key.state(now)) is not KeyState.ACTIVE:
        raise RefusedError(f"key {key.public_id} is {state}: create another one")
    if overlap and key.overlaps(now) and key.previous_expires_at is not None:
        raise RefusedError(
            f"key {key.public_id} was rotated before, and its earlier secret is valid until "
            f"{key.previous_expires_at:%Y-%m-%d %H:%M:%S} UTC: rotate it then, or now without an overlap"
        )


def expiry(now: datetime, expires_in: timedelta | None) -> datetime | None:
    """Return when a key expires that is valid for so long from now; None is for ever.

    Raises:
        WrongInputError: that is too short or too long.
    """
    if expires_in is None:
        return None
    if not MIN_VALIDITY <= expires_in <= MAX_VALIDITY:
        raise WrongInputError(f"a key is valid for 1 s to {MAX_VALIDITY.days} days, or for ever")
    return now + expires_in


def checked_scopes(wanted: Iterable[str]) -> tuple[str, ...]:
    """Return scopes in their order and each once; `*` holds all others.

    Raises:
        WrongInputError: there is none, or one that nothing asks for.
    """
    scopes = sorted(set(wanted))
    known = ", ".join([*SCOPES, f"{ALL_SCOPES} (all)"])
    if not scopes:
        raise WrongInputError(f"a key needs at least one scope: {known}")
    for scope in scopes:
        if scope != ALL_SCOPES and scope not in SCOPES:
            raise WrongInputError(
                f"there is no scope {shown(scope)}{did_you_mean(scope, SCOPES) or ';'} known are {known}"
            )
    return (ALL_SCOPES,) if ALL_SCOPES in scopes else tuple(scopes)


def new_public_id() -> str:
    """Return the public id of a key that is to be made."""
    return base64.b32encode(secrets.token_bytes(PUBLIC_ID_BYTES)).decode().lower()


def is_public_id(text: str) -> bool:
    """Return whether a text has the form of a public id."""
    return _PUBLIC_ID.fullmatch(text) is not None


def new_key(public_id: str | None = None) -> NewKey:
    """Return a new random key, or only a new secret for this public id."""
    return NewKey(public_id or new_public_id(), secrets.token_urlsafe(SECRET_BYTES))


def parse(key: str) -> tuple[str, str] | None:
    """Return a key's public id and secret, or None when the text does not have the form of a key."""
    match = _PATTERN.fullmatch(key)
    return (match[1], match[2]) if match else None


def hash_secret(secret: str) -> bytes:
    """Return what is stored of a secret. It has 256 random bits, so a slow hash would not protect it better."""
    return hashlib.sha256(secret.encode()).digest()


def is_secret(secret: str, hashed: bytes) -> bool:
    """Return whether this is the secret of which the hash is stored, in the same time for every answer."""
    return hmac.compare_digest(hashed, hash_secret(secret))
