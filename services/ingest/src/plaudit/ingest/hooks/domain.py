"""What becomes of deliveries that are written together: repetitions, quarantine, and what to store."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Final
from uuid import UUID

import msgspec
from msgspec.structs import replace

from plaudit.ingest.reviews.domain.decisions import (
    ERASED,
    Backfill,
    Decision,
    Held,
    NewRevision,
    Revised,
    Unchanged,
    as_backfill,
    decide,
    tells_of_the_past,
)
from plaudit.ingest.reviews.domain.erasing import author_of, is_of_erased, unseen
from plaudit.ingest.reviews.domain.held import MAX_HELD_EVENTS, HeldEvent, Unknown
from plaudit.ingest.reviews.domain.instructions import (
    INSTRUCTIONS,
    CreateReview,
    Ignored,
    Instruction,
    Item,
    Noticed,
    Quarantined,
)
from plaudit.ingest.reviews.domain.order_keys import order_key
from plaudit.ingest.reviews.domain.state import StoredReview
from plaudit.ingest.sorting.domain.rules import SHIPPED, CompiledRules
from plaudit.ingest.sources.domain import Answers, Source

ACCEPTED: Final = 202
BAD_REQUEST: Final = 400
UNPROCESSABLE: Final = 422
NOTHING_VALID: Final = "nothing_valid"
NOT_STORED: Final = "not_stored"
"""The database refused the delivery with its content, and took its bytes alone."""
ID_REUSED: Final = "id_reused"
"""A delivery id came again with another body: stored, and answered 2xx, since sending it again changes nothing."""
SOURCE_PAUSED: Final = "source_paused"
"""The source is paused: stored, answered 2xx, and not applied until it is replayed."""

NOBODY: Final[Mapping["PersonKey", datetime]] = MappingProxyType({})
"""Nobody was erased."""

ReviewKey = tuple[str, str]
"""(source id, external id)"""
PersonKey = tuple[str, str]
"""(tenant id, person key)"""
DeliveryKey = tuple[str, str]
"""(source id, the sender's own id of the delivery)"""
KnownReview = StoredReview | Unknown | None


class Delivery(msgspec.Struct, frozen=True):
    """One verified request, to be written."""

    id: str
    source: Source
    sent_id: str | None
    """The sender's own id, by which a repetition is recognised; None where a platform sends none."""
    headers: str
    """Those that are stored, as JSON."""
    body: bytes
    events: Sequence[Item]
    status: int = ACCEPTED
    quarantine_reason: str | None = None
    """Why none of it could be read, if so; it is stored all the same."""
    traceparent: str | None = None
    tracestate: str | None = None
    removals_are_final: bool = True
    """Whether the platform says so when it takes a removal back."""
    arrived_at: float | None = None
    """When the last byte of its body came, by the clock that the group is given; None where that is not measured."""
    received_at: datetime | None = None
    """When it was received, where that was before the group's time."""
    rules: CompiledRules = SHIPPED
    """What its reviews are sorted by."""
    backfill: Backfill = Backfill.NONE
    """Of which of its reviews it tells what happened long ago, so that nobody is to be called for them."""
    answers: Answers = Answers.TOLD
    """Whether answers are told at its source."""
    foreseen: Sequence[Decision | None] = ()
    """What becomes of each event where nothing is known of its review, if that was decided before; None where not."""

    @property
    def order_keys(self) -> list[str]:
        """What must not be decided twice at once: the delivery's id, and each review that it is about."""
        keys = [order_key(self.source.tenant_id, *key) for key in self.review_keys]
        if self.sent_id is not None:
            keys.append(f"delivery:{self.source.id}:{self.sent_id}")
        return keys

    @property
    def review_keys(self) -> list[ReviewKey]:
        """The reviews that it is about."""
        source_id = self.source.id
        return [(source_id, event.external_id) for event in self.events if isinstance(event, INSTRUCTIONS)]

    @property
    def authors(self) -> set[PersonKey]:
        """The persons whom it names as authors."""
        named = (author_of(event) for event in self.events if isinstance(event, INSTRUCTIONS))
        return {(self.source.tenant_id, person) for person in named if person is not None}

    @property
    def may_be_new(self) -> bool:
        """Whether all of its reviews may be unknown: it says of each that it was created, or nothing usable."""
        return all(isinstance(event, (CreateReview, Quarantined, Ignored)) for event in self.events)

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
    held: tuple[tuple[int, str], ...] = ()
    """(index, reason) of each event that waited for its review when the delivery was answered."""
    ignored: tuple[tuple[int, str], ...] = ()
    """(index, reason) of each event that is not for us."""
    scrubbed_at: datetime | None = None
    """Since when its body is not stored, for it tells of what was erased."""


class Receipt(msgspec.Struct, frozen=True):
    """What the sender is answered."""

    outcome: Outcome
    duplicate: bool = False


class FailedAttempts(msgspec.Struct, frozen=True, kw_only=True):
    """The deliveries to a source that failed for one reason in one hour."""

    tenant_id: str
    source_id: str
    hour: datetime
    reason: str
    attempts: int
    first_at: datetime
    last_at: datetime
    detail: str
    """Of the last one."""

    def followed_by(self, later: "FailedAttempts") -> "FailedAttempts":
        """Return these and later ones of the same source, hour and reason as one."""
        attempts = self.attempts + later.attempts
        return msgspec.structs.replace(self, attempts=attempts, last_at=later.last_at, detail=later.detail)


def attempts_of_hour(source: Source, reason: str, detail: str, at: datetime) -> FailedAttempts:
    """Return one failed attempt."""
    return FailedAttempts(
        tenant_id=source.tenant_id,
        source_id=source.id,
        hour=at.replace(minute=0, second=0, microsecond=0),
        reason=reason,
        attempts=1,
        first_at=at,
        last_at=at,
        detail=detail,
    )


class LoggedDelivery(msgspec.Struct, frozen=True):
    """One entry of the delivery log, to be written."""

    delivery: Delivery
    outcome: Outcome
    dedup_id: str | None
    """The sender's id, if this is the delivery that repetitions of it are compared with."""
    received_at: datetime


class Group:
    """The decisions of one transaction, in the order of its deliveries, over what was stored before.

    It collects what is to be written: `log`, `revisions`, in `latest` the last revision of each review, and what
    changes of the events that wait for theirs.
    """

    def __init__(
        self,
        now: datetime,
        ids: Callable[[], UUID],
        outcomes: dict[DeliveryKey, Outcome | None],
        reviews: dict[ReviewKey, KnownReview],
        erased_people: Mapping[PersonKey, datetime] = NOBODY,
        clock: Callable[[], float] | None = None,
    ) -> None:
        """Decide at the time `now`, over the stored outcomes of deliveries, the stored reviews, and who was erased.

        None stands for what was looked up and is not stored. What was not looked up is a KeyError: a decision that
        takes it for unknown would hold a valid restoration.

        `clock` returns seconds: with it, what is written says how long each delivery had waited for that.
        """
        self.now = now
        self.clock = clock
        self._ids = ids
        self._outcomes = outcomes
        self._reviews = reviews
        self._erased_people = erased_people
        self.log: list[LoggedDelivery] = []
        self.revisions: list[NewRevision] = []
        self.latest: dict[ReviewKey, NewRevision] = {}
        self.applied: list[tuple[ReviewKey, str]] = []
        """Review and id of each stored event that has waited for its review, and waits no longer."""
        self.noticed: list[tuple[Source, str]] = []
        """Source and name of each review that is to be asked for."""

    @property
    def held(self) -> dict[ReviewKey, Unknown]:
        """The unknown reviews for which events of this group wait."""
        return {key: each for key, each in self._reviews.items() if isinstance(each, Unknown) and each.new}

    @property
    def sources(self) -> dict[str, Source]:
        """The sources of its deliveries, by their ids."""
        return {each.delivery.source.id: each.delivery.source for each in self.log}

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
        results: list[Result] = []
        for event in delivery.events:
            if isinstance(event, INSTRUCTIONS):
                self._decide(delivery, event, results)
                continue
            if isinstance(event, Noticed):
                self.noticed.append((delivery.source, event.name))
            results.append(event)
        return self._outcome(delivery, results)

    def _outcome(self, delivery: Delivery, results: Sequence["Result"]) -> Outcome:
        unchanged = 0
        erased = False
        quarantined: list[tuple[int, str]] = []
        held: list[tuple[int, str]] = []
        ignored: list[tuple[int, str]] = []
        for index, result in enumerate(results):
            if isinstance(result, Revised):
                continue
            if isinstance(result, Unchanged):
                unchanged += 1
                erased |= result is ERASED
            elif not isinstance(result, Noticed):
                kind = quarantined if isinstance(result, Quarantined) else held if isinstance(result, Held) else ignored
                kind.append((index, result.reason))
        accepted = len(results) - len(quarantined) - len(held) - len(ignored)
        status, reason = delivery.status, delivery.quarantine_reason
        if quarantined and len(quarantined) == len(results):
            status, reason = UNPROCESSABLE, NOTHING_VALID
        return Outcome(
            delivery.id,
            status,
            accepted,
            unchanged,
            tuple(quarantined),
            reason,
            b"" if erased else delivery.body,
            tuple(held),
            tuple(ignored),
            self.now if erased else None,
        )

    def _decide(self, delivery: Delivery, instruction: Instruction, results: list["Result"]) -> None:
        """Add what becomes of an event; where others have waited for it, apply them after it."""
        key = (delivery.source.id, instruction.external_id)
        known = self._reviews[key]
        traced = delivery.traceparent, delivery.tracestate
        foreseen = delivery.foreseen[len(results)] if delivery.foreseen and known is None else None
        received_at = delivery.received_at or self.now
        decision = self._revise(delivery, key, instruction, received_at, delivery.id, *traced, foreseen)
        if not isinstance(decision, Revised) and isinstance(decision, Held):
            results.append(self._hold(delivery, key, instruction, decision, len(results)))
            return
        results.append(decision)
        if known is None or not isinstance(known, Unknown) or not isinstance(self._reviews[key], StoredReview):
            return
        for event in known.events:
            traced = event.traceparent, event.tracestate
            applied = self._revise(delivery, key, event.instruction, event.received_at, event.delivery_id, *traced)
            if event.delivery_id == delivery.id and event.event_index < len(results):
                results[event.event_index] = applied
        self.applied += [(key, event.id) for event in known.stored]

    def _revise(
        self,
        delivery: Delivery,
        key: ReviewKey,
        instruction: Instruction,
        received_at: datetime,
        delivery_id: str,
        traceparent: str | None,
        tracestate: str | None,
        foreseen: Decision | None = None,
    ) -> Decision:
        """Decide about one event, unless that is foreseen; if there is a new revision, keep it."""
        known = self._reviews[key]
        if known is None or isinstance(known, StoredReview):
            current, review_id = known, ""
        else:
            current, review_id = None, known.review_id
        decision = foreseen or decide(
            current,
            instruction,
            delivery.source,
            received_at,
            review_id or str(self._ids()),
            removals_are_final=delivery.removals_are_final,
            rules=delivery.rules,
        )
        if not isinstance(decision, (Revised, Held)):
            return decision
        is_backfill = delivery.backfill is not Backfill.NONE and tells_of_the_past(
            delivery.backfill, current, instruction, delivery.source.created_at
        )
        if is_backfill and isinstance(decision, Revised):
            decision = as_backfill(current, decision)
        of_erased = bool(self._erased_people) and self._is_of_erased(delivery, instruction, received_at)
        if not isinstance(decision, Revised):
            return ERASED if of_erased else decision
        if of_erased and current is not None:
            return ERASED
        noted = unseen(decision.stored, self.now) if of_erased else decision
        self._note(delivery, key, noted, delivery_id, traceparent, tracestate, is_backfill=is_backfill)
        return ERASED if of_erased else decision

    def _is_of_erased(self, delivery: Delivery, instruction: Instruction, received_at: datetime) -> bool:
        person = author_of(instruction)
        if person is None:
            return False
        erased_at = self._erased_people.get((delivery.source.tenant_id, person))
        return erased_at is not None and is_of_erased(instruction, {person: erased_at}, received_at)

    def _note(
        self,
        delivery: Delivery,
        key: ReviewKey,
        decision: Revised,
        delivery_id: str,
        traceparent: str | None,
        tracestate: str | None,
        *,
        is_backfill: bool,
    ) -> None:
        self._reviews[key] = decision.stored
        new = NewRevision(
            decision.stored,
            decision.type,
            decision.change,
            tenant_id=delivery.source.tenant_id,
            source_id=delivery.source.id,
            delivery_id=delivery_id,
            known_at=self.now,
            traceparent=traceparent,
            tracestate=tracestate,
            backfill=is_backfill,
            answers=delivery.answers,
        )
        self.latest[key] = new
        self.revisions.append(new)

    def _hold(
        self, delivery: Delivery, key: ReviewKey, instruction: Instruction, held: Held, index: int
    ) -> Held | Quarantined:
        known = self._reviews[key]
        unknown = known if isinstance(known, Unknown) else Unknown(str(self._ids()))
        if len(unknown.events) >= MAX_HELD_EVENTS:
            return Quarantined(f"{held.reason}, and {MAX_HELD_EVENTS} events wait for it already")
        traced = delivery.traceparent, delivery.tracestate
        event = HeldEvent(str(self._ids()), delivery.id, index, self.now, instruction, *traced)
        self._reviews[key] = replace(unknown, new=(*unknown.new, event))
        return held

    def _write(self, delivery: Delivery, outcome: Outcome, dedup_id: str | None) -> Receipt:
        self.log.append(LoggedDelivery(delivery, outcome, dedup_id, self.now))
        return Receipt(outcome)


Result = Decision | Ignored | Noticed
"""What becomes of one event."""
