"""Write groups of deliveries: raw bytes, dedup key, review revision and outbox row in one transaction."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import msgspec

from plaudit.common.contracts import REVIEWS
from plaudit.common.db import Database, OrderKey, Tx, lock
from plaudit.common.events import Outgoing
from plaudit.common.failpoints import failpoint
from plaudit.common.ids import IdSource
from plaudit.common.outbox import Outbox
from plaudit.ingest.domain.commands import Command, Quarantined
from plaudit.ingest.domain.reviews import Revised, StoredReview, decide
from plaudit.ingest.domain.source import Source
from plaudit.ingest.store import intake as store
from plaudit.ingest.store.intake import DeliveryRow, Kept, ReviewKey, RevisionRow

ACCEPTED = 202
UNPROCESSABLE = 422
NOTHING_VALID = "nothing_valid"
REUSED = "id_reused"
"""A delivery id that came again with another body: kept, and answered 2xx, since sending it again mends nothing."""


@dataclass(frozen=True)
class Delivery:
    """One verified request, on its way into the database."""

    id: str
    source: Source
    sent_id: str | None
    """The sender's own id, by which a repetition is known; None where a platform sends none."""
    headers: str
    """Those worth keeping, as JSON."""
    body: bytes
    events: Sequence[Command | Quarantined]
    status: int = ACCEPTED
    quarantine_reason: str | None = None
    """Why nothing of it could be read, if so; it is kept all the same."""
    traceparent: str | None = None

    @cached_property
    def order_keys(self) -> list[OrderKey]:
        """What must not be decided twice at once: the delivery's id, and each review it speaks of."""
        keys = [f"review:{self.source.tenant_id}:{self.source.id}:{external}" for _, external in self.review_keys]
        if self.sent_id is not None:
            keys.append(f"delivery:{self.source.id}:{self.sent_id}")
        return keys

    @cached_property
    def review_keys(self) -> list[ReviewKey]:
        """The reviews it speaks of."""
        return [(self.source.id, event.external_id) for event in self.events if not isinstance(event, Quarantined)]


@dataclass(frozen=True)
class Answer:
    """What the sender is told."""

    kept: Kept
    duplicate: bool = False


class _Group:
    """One transaction's worth of decisions: reads what was known, decides in order, remembers what to write."""

    def __init__(
        self, tx: Tx, ids: IdSource, known: dict[tuple[str, str], Kept], reviews: dict[ReviewKey, StoredReview]
    ) -> None:
        self._now = tx.now
        self._ids = ids
        self._known = known
        self._reviews = reviews
        self.changed: dict[ReviewKey, tuple[str, str, StoredReview]] = {}
        self.deliveries: list[DeliveryRow] = []
        self.revisions: list[RevisionRow] = []
        self.events: list[Outgoing] = []

    def take(self, delivery: Delivery) -> Answer:
        """Decide about one delivery."""
        seen = None if delivery.sent_id is None else self._known.get((delivery.source.id, delivery.sent_id))
        if seen is None:
            kept = self._first(delivery)
            if delivery.sent_id is not None:
                self._known[delivery.source.id, delivery.sent_id] = kept
            return Answer(kept)
        if seen.body == delivery.body:
            return Answer(seen, duplicate=True)
        reused = replace(delivery, events=(), status=ACCEPTED, quarantine_reason=REUSED)
        kept = Kept(delivery.id, ACCEPTED, 0, 0, (), REUSED, delivery.body)
        self._keep(reused, kept, dedup_id=None)
        return Answer(kept)

    def _first(self, delivery: Delivery) -> Kept:
        unchanged = 0
        quarantined: list[tuple[int, str]] = []
        for index, event in enumerate(delivery.events):
            outcome = event if isinstance(event, Quarantined) else self._decide(delivery, event)
            if isinstance(outcome, Quarantined):
                quarantined.append((index, outcome.reason))
            elif not outcome:
                unchanged += 1
        accepted = len(delivery.events) - len(quarantined)
        status, reason = delivery.status, delivery.quarantine_reason
        if quarantined and not accepted:
            status, reason = UNPROCESSABLE, NOTHING_VALID
        kept = Kept(delivery.id, status, accepted, unchanged, tuple(quarantined), reason, delivery.body)
        self._keep(delivery, kept, dedup_id=delivery.sent_id)
        return kept

    def _decide(self, delivery: Delivery, command: Command) -> bool | Quarantined:
        """Return whether there is a new revision, or why there cannot be one."""
        source = delivery.source
        key = (source.id, command.external_id)
        decision = decide(self._reviews.get(key), command, source, self._now, str(self._ids()))
        if isinstance(decision, Quarantined):
            return decision
        if not isinstance(decision, Revised):
            return False
        stored = decision.stored
        self._reviews[key] = stored
        self.changed[key] = (source.tenant_id, source.id, stored)
        self.revisions.append(
            RevisionRow(
                tenant_id=source.tenant_id,
                review_id=stored.review_id,
                revision=stored.revision,
                delivery_id=delivery.id,
                type=decision.type,
                version=stored.version,
                known_at=self._now,
                content=store.encode_content(stored.content),
            )
        )
        if decision.change is not None:
            self._publish(delivery, decision, stored)
        return True

    def _publish(self, delivery: Delivery, decision: Revised, stored: StoredReview) -> None:
        assert decision.change is not None
        state = decision.change.after or decision.change.before
        assert state is not None
        self.events.append(
            Outgoing(
                topic=REVIEWS,
                key=stored.partition_key,
                type=decision.type,
                subject=state.subject,
                tenant_id=delivery.source.tenant_id,
                time=self._now,
                data=decision.change,
                traceparent=delivery.traceparent,
            )
        )

    def _keep(self, delivery: Delivery, kept: Kept, dedup_id: str | None) -> None:
        self.deliveries.append(
            DeliveryRow(
                tenant_id=delivery.source.tenant_id,
                id=delivery.id,
                source_id=delivery.source.id,
                dedup_id=dedup_id,
                sent_id=delivery.sent_id,
                received_at=self._now,
                status=kept.status,
                accepted=kept.accepted,
                unchanged=kept.unchanged,
                quarantined=msgspec.json.encode(kept.quarantined).decode() if kept.quarantined else None,
                quarantine_reason=kept.quarantine_reason,
                headers=delivery.headers,
                body=delivery.body,
            )
        )


class Intake:
    """Writes groups of deliveries under the hook role."""

    def __init__(self, database: Database, outbox: Outbox, ids: IdSource) -> None:
        self._database = database
        self._outbox = outbox
        self._ids = ids

    async def write(self, group: Sequence[Delivery]) -> Sequence[Answer]:
        """Commit a group of deliveries; returns the answer to each, in order.

        Raises what the database raises; nothing of the group is then stored, or, when the reply to the commit was
        lost, all of it is, and the senders' repetitions find it.
        """
        tenants = {delivery.source.tenant_id for delivery in group}
        async with self._database.transaction(*tenants) as tx:
            await lock(tx, (key for delivery in group for key in delivery.order_keys))
            sent = {(each.source.id, each.sent_id) for each in group if each.sent_id is not None}
            known = await store.known_deliveries(tx, list(sent))
            reviews = await store.current_reviews(tx, list({key for each in group for key in each.review_keys}))
            decided = _Group(tx, self._ids, known, reviews)
            answers = [decided.take(delivery) for delivery in group]
            await store.insert_deliveries(tx, decided.deliveries)
            await store.upsert_reviews(tx, list(decided.changed.values()))
            await store.insert_revisions(tx, decided.revisions)
            await self._outbox.append(tx, decided.events)
            failpoint("after_flush_before_commit")
        failpoint("after_commit_before_answer")
        return answers
