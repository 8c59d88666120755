"""Two groups on `reviews.v1`: live keeps the accumulators, history keeps the ledger, so that it cannot slow live."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import ClassVar

import msgspec

from plaudit.common.contracts import REVIEWS
from plaudit.common.db import Tx
from plaudit.common.events import Outgoing
from plaudit.common.kafka.subscription import InvalidRecordError, Record, Subscription
from plaudit.scoring import store
from plaudit.scoring.domain.fold import Deltas, fold
from plaudit.scoring.domain.profile import TRUST
from plaudit.scoring.store import LedgerEntry

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class SourceId(msgspec.Struct, frozen=True, gc=False):
    """Of a review's source, what scoring reads."""

    id: str


class ScoredReview(msgspec.Struct, frozen=True, gc=False):
    """Of a review's published state, what scoring reads."""

    subject: str
    kind: str
    rating: float
    verified: bool
    origin: str
    rated_at: datetime
    source: SourceId
    published: ClassVar[bool] = True

    @property
    def rated_at_us(self) -> int:
        """When the rating was given, in microseconds since the Unix epoch."""
        since = self.rated_at - EPOCH
        return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


class ScoredChange(msgspec.Struct, frozen=True, gc=False):
    """Of a review's change, what scoring reads."""

    review_id: str
    revision: int
    before: ScoredReview | None
    after: ScoredReview | None


async def keep_accumulators(tx: Tx, records: Sequence[Record[ScoredChange]]) -> Sequence[Outgoing]:
    """Fold the batch into deltas and add them; the order of records makes no difference to a sum."""
    deltas_by_partition: defaultdict[int, Deltas] = defaultdict(dict)
    for record in records:
        event = record.event
        before, after = event.data.before, event.data.after
        state = after or before
        if state is None:
            continue
        try:
            fold(deltas_by_partition[record.partition], event.tenant, state.source.id, before, after, TRUST)
        except ValueError as error:
            raise InvalidRecordError(str(error)) from error
    await store.add(tx, deltas_by_partition)
    return ()


async def keep_ledger(tx: Tx, records: Sequence[Record[ScoredChange]]) -> Sequence[Outgoing]:
    """Append what each change takes away and adds."""
    entries: list[LedgerEntry] = []
    for record in records:
        change = record.event.data
        if change.before == change.after:
            continue
        if change.before is not None:
            entries.append(_entry(record, -1, change.before))
        if change.after is not None:
            entries.append(_entry(record, 1, change.after))
    await store.append(tx, entries)
    return ()


def _entry(record: Record[ScoredChange], sign: int, state: ScoredReview) -> LedgerEntry:
    return LedgerEntry(
        tenant_id=record.event.tenant,
        partition=record.partition,
        epoch=record.epoch,
        sequence=record.sequence,
        sign=sign,
        review_id=record.event.data.review_id,
        revision=record.event.data.revision,
        subject=state.subject,
        source_id=state.source.id,
        kind=state.kind,
        rating=state.rating,
        verified=state.verified,
        origin=state.origin,
        rated_at=state.rated_at,
        known_at=record.event.time,
    )


LIVE = Subscription(
    group="scoring-live",
    topic=REVIEWS,
    data=ScoredChange,
    handle=keep_accumulators,
    workers=2,  # accumulators are kept by partition, so that two never write the same row
    start_batch=2_000,
)
HISTORY = Subscription(group="scoring-history", topic=REVIEWS, data=ScoredChange, handle=keep_ledger)
SUBSCRIPTIONS: tuple[Subscription[ScoredChange], ...] = (LIVE, HISTORY)
