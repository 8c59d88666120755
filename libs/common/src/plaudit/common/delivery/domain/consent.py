"""Who may be written to: an append-only log of opting in and out, by person, topic and channel.

The last entry counts. An entry for a topic counts for what is below it; one for every channel (`*`) counts for each.
Of several that concern a message, the latest one counts.
"""

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as InvalidBase64Error
from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from typing import Final

import msgspec

from plaudit.common.delivery.domain.message import takes_topic

EVERY: Final = "*"
_PURPOSE: Final = b"plaudit preferences link\n"
MAC_BYTES: Final = 20
MAX_TOKEN_CHARS: Final = 600
_NOT_IN: Final = "the person has not opted in"
_OUT: Final = "the person has opted out"


class Choice(StrEnum):
    """What a person has said."""

    IN = "in"
    OUT = "out"


class Source(StrEnum):
    """How we know."""

    PREFERENCES = "preferences"
    """The person, on the page of their preferences."""
    ONE_CLICK = "one_click"
    """A mail program, by RFC 8058."""
    SIGN_UP = "sign_up"
    """The person, by a link in a mail that they had asked for."""
    STAFF = "staff"
    IMPORT = "import"
    SERVICE = "service"
    """An event told it, such as `customer.opted_out`."""


class ConsentEntry(msgspec.Struct, frozen=True):
    """One entry of the log."""

    tenant_id: str
    person_key: str
    topic: str
    channel: str
    choice: str
    source: str
    at: datetime


class Topic(msgspec.Struct, frozen=True):
    """What people can choose to be told about."""

    name: str
    title: str
    description: str = ""
    asked_by: frozenset[str] = frozenset()
    """Topics of the mails that ask whether somebody wants it: who stops one of them wants none of this either."""
    needs_consent: bool = True
    """Whether nothing said means no; else people are told until they opt out, and the page shows it so."""


def why_not(entries: Iterable[ConsentEntry], topic: str, channel: str, *, needs_consent: bool) -> str:
    """Return why a person is not written to about a topic; empty where they may be.

    Args:
        entries: of this person, in any order.
        topic: of the message.
        channel: that it goes over.
        needs_consent: whether nothing said means no.
    """
    concerning = [each for each in entries if each.channel in {EVERY, channel} and takes_topic([each.topic], topic)]
    # At the same instant an opt-out counts: it is the choice that nobody regrets being respected.
    last = max(concerning, key=lambda each: (each.at, each.choice == Choice.OUT), default=None)
    if last is None:
        return _NOT_IN if needs_consent else ""
    return _OUT if last.choice == Choice.OUT else ""


def wants_nothing(entries: Iterable[ConsentEntry]) -> bool:
    """Return whether a person has said to want nothing, over no channel, and has opted in to nothing since.

    What they stop besides, as by a link in an older mail, takes nothing back.
    """
    said = list(entries)
    of_all = [each.at for each in said if each.choice == Choice.OUT and each.topic == each.channel == EVERY]
    opted_in = [each.at for each in said if each.choice == Choice.IN]
    return bool(of_all) and max(of_all) >= max(opted_in, default=max(of_all))


class Link(msgspec.Struct, frozen=True):
    """What the token of a preferences page says. It is not proven before `is_signed`."""

    tenant_id: str
    person_key: str
    mac: bytes


def new_token(tenant_key: bytes, tenant_id: str, person_key: str) -> str:
    """Return the token of a person's preferences, the same each time: it names them, and nobody else can make it."""
    signed = _signed(tenant_id, person_key)
    return _encode(_mac(tenant_key, signed) + signed)


def read_token(token: str) -> Link | None:
    """Return what a token says, None for a text that is none."""
    if not 0 < len(token) <= MAX_TOKEN_CHARS or not token.isascii():
        return None
    try:
        raw = urlsafe_b64decode(token + "=" * (-len(token) % 4))
        tenant_id, _, person_key = raw[MAC_BYTES:].decode().partition("\n")
    except (InvalidBase64Error, UnicodeDecodeError, ValueError):
        return None
    # Of several spellings of one token only ours counts.
    if _encode(raw) != token or not tenant_id or not person_key:
        return None
    return Link(tenant_id, person_key, raw[:MAC_BYTES])


def is_signed(link: Link, tenant_key: bytes) -> bool:
    """Return whether the tenant's key has signed a link."""
    return hmac.compare_digest(_mac(tenant_key, _signed(link.tenant_id, link.person_key)), link.mac)


def _signed(tenant_id: str, person_key: str) -> bytes:
    return f"{tenant_id}\n{person_key}".encode()


def _mac(tenant_key: bytes, signed: bytes) -> bytes:
    return hmac.digest(hmac.digest(tenant_key, _PURPOSE, sha256), signed, sha256)[:MAC_BYTES]


def _encode(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()
