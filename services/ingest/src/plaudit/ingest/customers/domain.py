"""What happened with a customer, and what becomes of each event of a batch."""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Final

import msgspec

from plaudit.ingest.contacts.domain import Consent

MAX_EVENTS: Final = 1_000
"""In one batch."""
MAX_ID_CHARS: Final = 200
MAX_VALUE_CHARS: Final = 200
ID_REUSED: Final = "the id came before with another content: give each event an id of its own"
ADDED: Final = frozenset({"language", "zone"})
"""Fields that events did not have at first: one without them has the fingerprint that it had then."""
ERASED: Final = "the person was erased after this had happened"


class EventType(StrEnum):
    """What happened."""

    PURCHASED = "purchased"
    UPGRADED = "upgraded"
    TICKET_CLOSED = "ticket_closed"
    STAGE_ENTERED = "stage_entered"
    RENEWAL_SET = "renewal_set"
    CONTACTED = "contacted"
    REPLIED = "replied"
    OPTED_OUT = "opted_out"


class Verdict(StrEnum):
    """What became of an event."""

    ACCEPTED = "accepted"
    DUPLICATE = "duplicate"
    REJECTED = "rejected"


class CustomerEvent(msgspec.Struct, frozen=True, kw_only=True):
    """Something that happened with a customer. Times are in UTC."""

    event_id: str
    type: EventType
    person: str
    subject: str
    happened_at: datetime
    reference: str | None = None
    plan: str | None = None
    stage: str | None = None
    renews_at: datetime | None = None
    channel: str | None = None
    consent: Consent = Consent.UNKNOWN
    language: str | None = None
    zone: str | None = None

    @property
    def fingerprint(self) -> bytes:
        """A hash of the content: the same event again has the same one, also one of before a field was there."""
        values = msgspec.to_builtins(self)
        told = {name: value for name, value in values.items() if value is not None or name not in ADDED}
        return hashlib.sha256(msgspec.json.encode(told, order="sorted")).digest()

    @property
    def said_consent(self) -> Consent:
        """What it says about writing to the person: an opt-out denies it."""
        return Consent.DENIED if self.type is EventType.OPTED_OUT else self.consent


class Judged(msgspec.Struct, frozen=True):
    """The verdict on one event, and why it was rejected."""

    verdict: Verdict
    reason: str | None = None


def judge(events: Sequence[CustomerEvent], stored: Mapping[str, bytes], erased: Mapping[str, datetime]) -> list[Judged]:
    """Return the verdict on each event, in order.

    Args:
        events: of one batch; an id may come twice in it.
        stored: id → fingerprint of what came before.
        erased: person → when the person was erased. What happened up to then stays erased; what happens later is new.
    """
    known = dict(stored)
    return [_judge(event, known, erased) for event in events]


def _judge(event: CustomerEvent, known: dict[str, bytes], erased: Mapping[str, datetime]) -> Judged:
    before = known.get(event.event_id)
    if before is not None:
        return Judged(Verdict.DUPLICATE) if before == event.fingerprint else Judged(Verdict.REJECTED, ID_REUSED)
    if event.person in erased and event.happened_at <= erased[event.person]:
        return Judged(Verdict.REJECTED, ERASED)
    known[event.event_id] = event.fingerprint
    return Judged(Verdict.ACCEPTED)
