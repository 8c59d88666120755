"""The group `scoring-history` on `reviews.v1`: it keeps the ledger, apart from live, so that it cannot slow live."""

from collections.abc import Sequence
from typing import Final

from plaudit.common import erasure
from plaudit.common.contracts import REVIEWS
from plaudit.common.db import Tx
from plaudit.common.events import Outgoing
from plaudit.common.kafka.subscription import InvalidRecordError, Record, Subscription
from plaudit.scoring.history import store
from plaudit.scoring.history.domain import (
    RevisedChange,
    ToldChange,
    changed_again,
    days_past,
    entries,
    runs,
    without_topics,
)
from plaudit.scoring.sums.domain.review import InvalidReviewError


async def append_to_ledger(tx: Tx, records: Sequence[Record[RevisedChange]]) -> Sequence[Outgoing]:
    """Append what each change takes away and adds.

    Erasures are noted, so that no record that is set aside keeps the words of an erased review. What an erased review
    mentioned is not kept, also where its records are read again after the job has taken it out of the ledger.
    """
    changes = [_told(record) for record in records]
    last_valid = await store.last_valid(tx, changed_again(changes))
    try:
        appended = list(entries(changes, last_valid))
    except InvalidReviewError as error:
        raise InvalidRecordError(str(error)) from error
    if appended:
        appended = without_topics(appended, await erasure.erased_reviews(tx, {each.review_key for each in appended}))
        await store.append(tx, appended)
        await store.note_tail(tx, runs(changes))
        await store.note_changed_days(tx, days_past(appended, tx.now))
    await erasure.note_reviews(tx, (record.event for record in records))
    return ()


def _told(record: Record[RevisedChange]) -> ToldChange:
    return ToldChange(
        tenant_id=record.event.tenant,
        type=record.event.type,
        partition=record.partition,
        epoch=record.epoch,
        sequence=record.sequence,
        known_at=record.event.time,
        change=record.event.data,
    )


HISTORY: Final = Subscription(
    group="scoring-history",
    topic=REVIEWS,
    data=RevisedChange,
    handle=append_to_ledger,
    backlog_batch=8_000,
    gather_seconds=0.25,  # nobody waits for the ledger
)
