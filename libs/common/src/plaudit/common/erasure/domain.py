"""What was erased, how far the scrubbing of a service's stores is, and what it does to events that are stored."""

import hmac
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

import msgspec

from plaudit.common.contracts.time import Instant

REVIEW_ERASED: Final = "review.erased"
CUSTOMER_ERASED: Final = "customer.erased"
GONE: Final = "erased"
"""In place of a name or an id that was erased."""
MIN_BARE_CHARS: Final = 8
MAX_NAME_CHARS: Final = 1_024
SETTLING: Final = timedelta(seconds=15)
"""Scrubbing begins so long after an erasure was noted: whatever was being written then is committed."""
RUNTIME_STORES: Final[Mapping[str, str]] = {
    "outbox": "ids on platforms and person keys deleted from what is still there; figures stay",
    "dead_letters": "all but figures deleted of records that tell of it, also of those set aside later",
    "erased": "says what must not come back: reviews by our own id, persons by a keyed hash",
    "positions": "holds nothing about customers",
    "relay_cursor": "holds nothing about customers",
    "relay_lease": "holds nothing about customers",
    "idempotency_keys": "holds no answer about customers; deleted after a day",
    "rate_limits": "holds keyed hashes of networks; deleted after a day",
    "alembic_version": "holds nothing about customers",
    "runtime_version": "holds nothing about customers",
}
"""Table of the runtime, in each service's schema → what an erasure does to it."""

UNREADABLE: Final = (msgspec.DecodeError, ValueError, RecursionError)
"""What the decoder raises: for what is no JSON, for JSON of another shape, for endless nesting."""
_FIGURES: Final = frozenset(
    {
        *("subject", "kind", "rating", "raw_rating", "verified", "origin", "severity", "source"),
        *("published_at", "rated_at", "received_at"),
    }
)
"""Of a review's state what is left: its words and its author are not among them."""


class Kind(StrEnum):
    """What an erasure is about."""

    REVIEW = "review"
    PERSON = "person"


class Stage(StrEnum):
    """What is being scrubbed; the next follows when nothing is left to do."""

    STORES = "stores"
    """The service's own."""
    LETTERS = "letters"
    OUTBOX = "outbox"
    DONE = "done"


class Erasure(msgspec.Struct, frozen=True):
    """What an event says that was erased."""

    tenant_id: str
    kind: Kind
    name: str
    """The review's id, or the person key."""
    erased_at: datetime
    """What a person did up to here is erased."""

    @property
    def key(self) -> tuple[str, Kind, str]:
        """What it is about, without the time."""
        return self.tenant_id, self.kind, self.name


class Erased(msgspec.Struct, frozen=True, kw_only=True):
    """One erasure as a service remembers it."""

    tenant_id: str
    kind: Kind
    name: str
    """The review's id, or a keyed hash of the person key."""
    wanted: str | None
    """What the stores are searched for: the review's id or the person key; None when all are scrubbed."""
    erased_at: datetime
    noted_at: datetime
    stage: Stage = Stage.STORES
    place: str = ""
    """How far the stage has come."""


class _Data(msgspec.Struct):
    review_id: Any = None
    person: Any = None
    erased_at: Any = None


class _Event(msgspec.Struct):
    type: str
    tenant: str
    time: Instant
    data: _Data


_read = msgspec.json.Decoder(_Event).decode


def name_of(kind: Kind, name: str, tenant_key: bytes) -> str:
    """Return the name that an erasure is remembered by: our own id of a review, a keyed hash of a person key."""
    if kind is Kind.REVIEW:
        return name
    return hmac.digest(tenant_key, f"erased person\n{name}".encode(), "sha256").hex()


def told_in(value: bytes | None) -> list[Erasure]:
    """Return the review and the person that an event tells of, each with the event's time; nothing where it is none."""
    event = _event(value)
    if event is None:
        return []
    named = ((Kind.REVIEW, event.data.review_id), (Kind.PERSON, event.data.person))
    return [Erasure(event.tenant, kind, name, event.time) for kind, name in named if _is_name(name)]


def erasure_in(value: bytes | None) -> Erasure | None:
    """Return the erasure that an event tells of, None where it tells of none."""
    event = _event(value)
    if event is None:
        return None
    if event.type == REVIEW_ERASED and _is_name(event.data.review_id):
        return Erasure(event.tenant, Kind.REVIEW, event.data.review_id, event.time)
    if event.type == CUSTOMER_ERASED and _is_name(event.data.person):
        return Erasure(event.tenant, Kind.PERSON, event.data.person, _time(event.data.erased_at) or event.time)
    return None


def scrubbed(value: bytes, erasure: Erasure) -> bytes | None:
    """Return a stored event without what an erasure takes from it, None where it takes nothing.

    What is no event, and yet holds the name, is emptied: nobody can tell what is in it.
    """
    event = _event(value)
    if event is None:
        return b"" if _needle(erasure.name) in value else None
    if event.tenant != erasure.tenant_id:
        return None
    try:
        whole: dict[str, Any] = msgspec.json.decode(value)
        before = msgspec.json.encode(whole)
        _SCRUB[erasure.kind](whole, event, erasure)
        after = msgspec.json.encode(whole)
    except UNREADABLE:  # some member that nobody had to read so far
        return b"" if _needle(erasure.name) in value else None
    return None if after == before else after


def _scrub_review(whole: dict[str, Any], event: _Event, erasure: Erasure) -> None:
    data = whole["data"]
    if event.data.review_id != erasure.name:
        return
    for name in ("before", "after"):
        state = data.get(name)
        if state is not None:
            data[name] = _figures(state)
    if "external_id" in data:
        data["external_id"] = GONE


def _scrub_person(whole: dict[str, Any], event: _Event, erasure: Erasure) -> None:
    data = whole["data"]
    is_later = event.time > erasure.erased_at and event.type != CUSTOMER_ERASED
    if event.data.person != erasure.name or is_later:
        return
    data["person"] = GONE
    if whole.get("subject") == erasure.name:
        whole["subject"] = GONE
    for name in ("reference", "plan", "stage", "channel"):
        data.pop(name, None)


_SCRUB: Final[Mapping[Kind, Callable[[dict[str, Any], _Event, Erasure], None]]] = {
    Kind.REVIEW: _scrub_review,
    Kind.PERSON: _scrub_person,
}


def _figures(state: Any) -> dict[str, Any]:
    if not isinstance(state, dict):
        return {}
    return {name: value for name, value in state.items() if name in _FIGURES} | {"external_id": GONE}


def _event(value: bytes | None) -> _Event | None:
    try:
        event = _read(value or b"")
    except UNREADABLE:
        return None
    return event if _is_name(event.tenant) else None


def _is_name(value: Any) -> bool:
    """Return whether it can be a name: short, and nothing that a database does not take."""
    return isinstance(value, str) and 0 < len(value) <= MAX_NAME_CHARS and value.isprintable()


def _time(text: Any) -> datetime | None:
    try:
        return msgspec.convert(text, Instant)
    except msgspec.ValidationError:
        return None


def _needle(name: str) -> bytes:
    """Return what holds the name for certain: a short one in quotation marks, or it would be found everywhere."""
    return name.encode() if len(name) >= MIN_BARE_CHARS else msgspec.json.encode(name)
