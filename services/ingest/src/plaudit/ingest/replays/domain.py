"""What a replay makes of stored deliveries: they are read again, as today, and decided again, once.

A replay takes what was not taken before. It never applies an event twice, and never lets an older event win over a
newer one:

- An event that was taken is applied already, and one that waited for its review is, once that is known. Only where the
  delivery has made the review's last revision, names it once, and nobody gives versions, its event is decided again:
  so content that is read better today replaces what was read of the same bytes.
- Without a version, an event that was not taken is stale when a later event has made a revision of its review: of a
  later delivery, or further on in its own. The order of receipt counts, as it does for everything without versions.
  What waits for its review by its nature (an answer, a removal, a restoration) does not count the revision that the
  review begins with.
- With a version, the version decides.
- What was erased stays erased: a review, a person up to the erasure, and the bytes of a delivery.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec
from msgspec import UNSET
from msgspec.structs import replace

from plaudit.ingest.hooks.domain import Delivery, Group, KnownReview, Outcome, PersonKey, Result, ReviewKey
from plaudit.ingest.platforms.pulled import PULL_HEADER
from plaudit.ingest.reviews.domain.decisions import DUPLICATE, STALE, Held, Revised, Unchanged
from plaudit.ingest.reviews.domain.held import Unknown
from plaudit.ingest.reviews.domain.instructions import (
    NO_INSTRUCTION,
    CreateReview,
    EditReview,
    Ignored,
    Instruction,
    Noticed,
    Quarantined,
)
from plaudit.ingest.sources.domain import Source

COUNTS: Final = (
    *("deliveries", "taken", "unchanged", "held", "ignored", "quarantined"),
    *("erased", "unreadable", "failed"),
)
FIRST: Final = UUID(int=0)


class Replay(msgspec.Struct, frozen=True, kw_only=True):
    """One replay: what it is about, and how far it is."""

    tenant_id: str
    id: UUID
    source_id: UUID
    delivery_id: UUID | None = None
    """The one delivery that it is about; None for all of the source in the range."""
    event_index: int | None = None
    """The one event of the delivery that it is about."""
    received_from: datetime | None = None
    received_before: datetime
    quarantined_only: bool = False
    reason_digest: bytes | None = None
    """Of the one reason whose events it is about."""
    requested_by: str
    requested_at: datetime
    total: int | None = None
    place_at: datetime | None = None
    place: UUID = FIRST
    """With `place_at`: the last delivery that it has come to."""
    counts: Mapping[str, int] = msgspec.field(default_factory=lambda: dict.fromkeys(COUNTS, 0))
    """Deliveries that it has come to; of their events, what became of them now; deliveries of which nothing could."""
    finished_at: datetime | None = None

    def counted(self, more: Mapping[str, int]) -> dict[str, int]:
        """Return the counts with more added."""
        return {name: self.counts.get(name, 0) + more.get(name, 0) for name in COUNTS}

    def is_about(self, index: int, before: "Before") -> bool:
        """Return whether it is about an event of a delivery."""
        if not before.was_read:
            return self._has_reason(before.quarantine_reason)
        if self.event_index is not None:
            return index == self.event_index
        if not self.quarantined_only:
            return True
        return any(index == each and self._has_reason(reason) for each, reason in before.quarantined)

    def _has_reason(self, reason: str | None) -> bool:
        return self.reason_digest is None or (reason is not None and digest(reason) == self.reason_digest)


class Before(msgspec.Struct, frozen=True, kw_only=True):
    """A delivery as it is stored, before it is read again."""

    id: str
    source_id: str
    sent_id: str | None
    received_at: datetime
    status: int
    first_status: int | None
    accepted: int
    unchanged: int
    quarantined: tuple[tuple[int, str], ...]
    held: tuple[tuple[int, str], ...]
    ignored: tuple[tuple[int, str], ...]
    quarantine_reason: str | None
    headers: Mapping[str, str]
    body: bytes
    scrubbed_at: datetime | None

    def result_of(self, index: int) -> "Result | None":
        """Return what became of an event that was not taken; None for one that was, or that was not read."""
        for events, make in ((self.quarantined, Quarantined), (self.held, Held), (self.ignored, Ignored)):
            for each, reason in events:
                if each == index:
                    return make(reason)
        return None

    def refused(self, index: int) -> bool:
        """Return whether an event was not taken and did not wait, or was not read."""
        return not self.was_read or isinstance(self.result_of(index), (Quarantined, Ignored))

    def was_old(self, index: int, count: int) -> Ignored | None:
        """Return what became of an event that was old already when it came; None for any other.

        A page is asked for before it comes. What has changed in between won, though it was received earlier. `count` is
        how many events are read today: where it is another number, their places say nothing.
        """
        result = self.result_of(index) if PULL_HEADER in self.headers and self.count == count else None
        return result if isinstance(result, Ignored) else None

    @property
    def was_read(self) -> bool:
        """Whether its events were read at all."""
        return bool(self.quarantined) or self.quarantine_reason is None

    @property
    def count(self) -> int:
        """How many events were read of it."""
        return self.accepted + len(self.quarantined) + len(self.held) + len(self.ignored)


class After(msgspec.Struct, frozen=True, kw_only=True):
    """What is stored of a delivery after it was read again."""

    before: Before
    outcome: Outcome
    counts: Mapping[str, int]

    @property
    def first_status(self) -> int | None:
        """What it was answered, where a repetition is answered otherwise now."""
        if self.before.first_status is not None:
            return self.before.first_status
        return None if self.outcome.status == self.before.status else self.before.status

    @property
    def is_changed(self) -> bool:
        """Whether anything that is stored of it has changed."""
        then, now = self.before, self.outcome
        known = (then.status, then.accepted, then.unchanged, then.quarantined, then.held, then.ignored)
        return (then.quarantine_reason, then.scrubbed_at, *known) != (
            *(now.quarantine_reason, now.scrubbed_at, now.status, now.accepted, now.unchanged),
            *(now.quarantined, now.held, now.ignored),
        )


class ReplayGroup(Group):
    """The decisions of one transaction over deliveries that are stored already; it logs none of them again."""

    def __init__(
        self,
        now: datetime,
        ids: Callable[[], UUID],
        source: Source,
        reviews: dict[ReviewKey, KnownReview],
        erased_people: Mapping[PersonKey, datetime],
        made: Mapping[ReviewKey, Sequence[str]],
    ) -> None:
        """Decide at the time `now`; `made` has the delivery of each revision of a review, in their order."""
        super().__init__(now, ids, {}, reviews, erased_people)
        self._source = source
        self._made = {key: list(deliveries) for key, deliveries in made.items()}

    @property
    def sources(self) -> dict[str, Source]:
        """The one source of its deliveries."""
        return {self._source.id: self._source}

    def again(self, delivery: Delivery, before: Before, is_chosen: Callable[[int], bool]) -> After:
        """Decide again about the chosen events of a delivery, and keep what is known of the others."""
        results: list[Result] = []
        chosen = []
        taken = self._taken(delivery, before)
        for index, event in enumerate(delivery.events):
            if not is_chosen(index):
                results.append(before.result_of(index) or DUPLICATE)
                continue
            chosen.append(index)
            if isinstance(event, NO_INSTRUCTION):
                if isinstance(event, Noticed) and before.refused(index):
                    self.noticed.append((delivery.source, event.name))
                results.append(event)
            elif (old := before.was_old(index, len(delivery.events))) is not None:
                results.append(old)
            elif (settled := self._settled(delivery, index, event, before, taken)) is not None:
                results.append(settled)
            else:
                self._decide(delivery, event, results)
        outcome = self._outcome(delivery, results)
        repeated = sum(isinstance(results[index], Unchanged) and before.refused(index) for index in chosen)
        counts = _counted([results[index] for index in chosen])
        return After(before=before, outcome=replace(outcome, unchanged=before.unchanged + repeated), counts=counts)

    def _taken(self, delivery: Delivery, before: Before) -> dict[str, list[int]]:
        """Return which events about a review were taken before: external id → places in the delivery.

        Where another number of events is read today, their places say nothing, and the revisions must.
        """
        taken: dict[str, list[int]] = {}
        for index, event in enumerate(delivery.events):
            if isinstance(event, NO_INSTRUCTION) or not before.was_read:
                continue
            if before.count != len(delivery.events):
                was_taken = delivery.id in self._made.get((delivery.source.id, event.external_id), ())
            else:
                was_taken = before.result_of(index) is None
            if was_taken:
                taken.setdefault(event.external_id, []).append(index)
        return taken

    def _settled(
        self, delivery: Delivery, index: int, event: Instruction, before: Before, taken: Mapping[str, Sequence[int]]
    ) -> Result | None:
        """Return what becomes of an event without a decision, where it is applied already, waits, or is too late."""
        key = (delivery.source.id, event.external_id)
        known = self._reviews[key]
        if isinstance(known, Unknown):
            waits = any(each.delivery_id == delivery.id and each.event_index == index for each in known.events)
            return Held(f"review {event.external_id!r} is not known yet") if waits else None
        if known is None or known.state is None:
            return None
        made = self._made.get(key, [])
        places = taken.get(event.external_id, ())
        if index in places:
            is_last = made[-1:] == [delivery.id] and delivery.review_keys.count(key) == 1
            return None if is_last and event.version is None and known.version is None else DUPLICATE
        if isinstance(before.result_of(index), Held):
            return DUPLICATE
        if event.version is not None:
            return None
        since = made if _begins_a_review(event) else made[1:]
        is_late = any(each > delivery.id for each in since) or any(place > index for place in places)
        return STALE if is_late else None

    def _note(
        self,
        delivery: Delivery,
        key: ReviewKey,
        decision: Revised,
        delivery_id: str,
        *traced: str | None,
        is_backfill: bool,
    ) -> None:
        super()._note(delivery, key, decision, delivery_id, *traced, is_backfill=is_backfill)
        self._made.setdefault(key, []).append(delivery_id)


def _begins_a_review(event: Instruction) -> bool:
    return isinstance(event, CreateReview) or (isinstance(event, EditReview) and event.content.rating is not UNSET)


def _counted(results: Sequence[Result]) -> dict[str, int]:
    """Return what became of events, by the names of the counts."""
    counts = {"deliveries": 1}
    for result in results:
        match result:
            case Revised():
                name = "taken"
            case Unchanged() | Noticed():
                name = "unchanged"
            case Held():
                name = "held"
            case Ignored():
                name = "ignored"
            case _:
                name = "quarantined"
        counts[name] = counts.get(name, 0) + 1
    return counts


def digest(reason: str) -> bytes:
    """Return what is stored of a reason: it could quote what a customer wrote."""
    return hashlib.sha256(reason.encode()).digest()
