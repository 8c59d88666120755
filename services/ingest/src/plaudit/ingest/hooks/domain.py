"""What becomes of deliveries that are written together: repetitions, quarantine, and what to store."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from types import MappingProxyType
from typing import Final
from uuid import UUID

import msgspec

from plaudit.ingest.reviews.domain.decisions import ERASED, Decision, NewRevision, Revised, decide
from plaudit.ingest.reviews.domain.erasing import author_of, is_of_erased, unseen
from plaudit.ingest.reviews.domain.instructions import CreateReview, Instruction, Quarantined
from plaudit.ingest.reviews.domain.state import StoredReview
from plaudit.ingest.sources.domain import Source

ACCEPTED: Final = 202
BAD_REQUEST: Final = 400
UNPROCESSABLE: Final = 422
NOTHING_VALID: Final = "nothing_valid"
NOT_STORED: Final = "not_stored"
"""The database refused the delivery with its content, and took its bytes alone."""
ID_REUSED: Final = "id_reused"
"""A delivery id came again with another body: stored, and answered 2xx, since sending it again changes nothing."""

NOBODY: Final[Mapping["PersonKey", datetime]] = MappingProxyType({})
"""Nobody was erased."""

ReviewKey = tuple[str, str]
"""(source id, external id)"""
PersonKey = tuple[str, str]
"""(tenant id, person key)"""
DeliveryKey = tuple[str, str]
"""(source id, the sender's own id of the delivery)"""


@dataclass(frozen=True)
class Delivery:
    """One verified request, to be written."""

    id: str
    source: Source
    sent_id: str | None
    """The sender's own id, by which a repetition is recognised; None where a platform sends none."""
    headers: str
    """Those that are stored, as JSON."""
    body: bytes
    events: Sequence[Instruction | Quarantined]
    status: int = ACCEPTED
    quarantine_reason: str | None = None
    """Why none of it could be read, if so; it is stored all the same."""
    traceparent: str | None = None
    tracestate: str | None = None

    @cached_property
    def order_keys(self) -> list[str]:
        """What must not be decided twice at once: the delivery's id, and each review that it is about."""
        keys = [f"review:{self.source.tenant_id}:{self.source.id}:{external_id}" for _, external_id in self.review_keys]
        if self.sent_id is not None:
            keys.append(f"delivery:{self.source.id}:{self.sent_id}")
        return keys

    @cached_property
    def review_keys(self) -> list[ReviewKey]:
        """The reviews that it is about."""
        return [(self.source.id, event.external_id) for event in self.events if not isinstance(event, Quarantined)]

    @property
    def authors(self) -> set[PersonKey]:
        """The persons whom it names as authors."""
        named = (author_of(event) for event in self.events if not isinstance(event, Quarantined))
        return {(self.source.tenant_id, person) for person in named if person is not None}

    @property
    def may_be_new(self) -> bool:
        """Whether all of its reviews may be unknown: it says of each that it was created, or nothing usable."""
        return all(isinstance(event, (CreateReview, Quarantined)) for event in self.events)

    @property
    def dedup_key(self) -> DeliveryKey | None:
        """What a repetition is recognised by, None where the platform sends no id."""
        return None if self.sent_id is None else (self.source.id, self.sent_id)


class Outcome(msgspec.Struct, frozen=True):
    """What became of a delivery, as it is stored; a repetition gets it again."""

    id: str
    status: int
    accepted: int
    unchanged: int
    quarantined: tuple[tuple[int, str], ...]
    """(index, reason) of each event that was not applied."""
    quarantine_reason: str | None
    body: bytes
    scrubbed_at: datetime | None = None
    """Since when its body is not stored, for it tells of what was erased."""


class Receipt(msgspec.Struct, frozen=True):
    """What the sender is answered."""

    outcome: Outcome
    duplicate: bool = False


class LoggedDelivery(msgspec.Struct, frozen=True):
    """One entry of the delivery log, to be written."""

    delivery: Delivery
    outcome: Outcome
    dedup_id: str | None
    """The sender's id, if this is the delivery that repetitions of it are compared with."""
    received_at: datetime


class Group:
    """The decisions of one transaction, in the order of its deliveries, over what was stored before.

    It collects what is to be written: `log`, `revisions`, and in `latest` the last revision of each review.
    """

    def __init__(
        self,
        now: datetime,
        ids: Callable[[], UUID],
        outcomes: dict[DeliveryKey, Outcome | None],
        reviews: dict[ReviewKey, StoredReview | None],
        erased_people: Mapping[PersonKey, datetime] = NOBODY,
    ) -> None:
        """Decide at the time `now`, over the stored outcomes of deliveries, the stored reviews, and who was erased.

        None stands for what was looked up and is not stored. What was not looked up is a KeyError: a decision that
        takes it for unknown would quarantine a valid restoration.
        """
        self.now = now
        self._ids = ids
        self._outcomes = outcomes
        self._reviews = reviews
        self._erased_people = erased_people
        self.log: list[LoggedDelivery] = []
        self.revisions: list[NewRevision] = []
        self.latest: dict[ReviewKey, NewRevision] = {}

    def take(self, delivery: Delivery) -> Receipt:
        """Decide about one delivery; return what its sender is answered."""
        key = delivery.dedup_key
        first = None if key is None else self._outcomes[key]
        if first is None:
            outcome = self._apply(delivery)
            if key is not None:
                self._outcomes[key] = outcome
            return self._write(delivery, outcome, dedup_id=delivery.sent_id)
        if first.body == delivery.body or first.scrubbed_at is not None:
            return Receipt(first, duplicate=True)
        reused = Outcome(delivery.id, ACCEPTED, 0, 0, (), ID_REUSED, delivery.body)
        return self._write(delivery, reused, dedup_id=None)

    def _apply(self, delivery: Delivery) -> Outcome:
        unchanged = 0
        erased = False
        quarantined: list[tuple[int, str]] = []
        for index, event in enumerate(delivery.events):
            result = event if isinstance(event, Quarantined) else self._decide(delivery, event)
            if isinstance(result, Quarantined):
                quarantined.append((index, result.reason))
            elif not isinstance(result, Revised):
                unchanged += 1
            erased |= result is ERASED
        accepted = len(delivery.events) - len(quarantined)
        status, reason = delivery.status, delivery.quarantine_reason
        if quarantined and not accepted:
            status, reason = UNPROCESSABLE, NOTHING_VALID
        body, scrubbed_at = (b"", self.now) if erased else (delivery.body, None)
        return Outcome(delivery.id, status, accepted, unchanged, tuple(quarantined), reason, body, scrubbed_at)

    def _decide(self, delivery: Delivery, instruction: Instruction) -> Decision:
        """Return what becomes of a review; a new revision is noted."""
        key = (delivery.source.id, instruction.external_id)
        current = self._reviews[key]
        decision = decide(current, instruction, delivery.source, self.now, str(self._ids()))
        if not isinstance(decision, Revised):
            return decision
        if self._erased_people and self._is_of_erased(delivery, instruction):
            if current is None:
                self._note(delivery, key, unseen(decision.stored, self.now))
            return ERASED
        self._note(delivery, key, decision)
        return decision

    def _is_of_erased(self, delivery: Delivery, instruction: Instruction) -> bool:
        person = author_of(instruction)
        if person is None:
            return False
        erased_at = self._erased_people.get((delivery.source.tenant_id, person))
        return erased_at is not None and is_of_erased(instruction, {person: erased_at}, self.now)

    def _note(self, delivery: Delivery, key: ReviewKey, decision: Revised) -> None:
        self._reviews[key] = decision.stored
        new = NewRevision(
            decision.stored,
            decision.type,
            decision.change,
            tenant_id=delivery.source.tenant_id,
            source_id=delivery.source.id,
            delivery_id=delivery.id,
            known_at=self.now,
            traceparent=delivery.traceparent,
            tracestate=delivery.tracestate,
        )
        self.latest[key] = new
        self.revisions.append(new)

    def _write(self, delivery: Delivery, outcome: Outcome, dedup_id: str | None) -> Receipt:
        self.log.append(LoggedDelivery(delivery, outcome, dedup_id, self.now))
        return Receipt(outcome)
