"""The group `scoring-history` on `reviews.v1`: it keeps the ledger, apart from live, so that it cannot slow live."""

from collections.abc import Sequence
from typing import Final

from plaudit.common import erasure
from plaudit.common.contracts import REVIEWS
from plaudit.common.db import Tx
from plaudit.common.events import Outgoing
from plaudit.common.kafka.subscription import InvalidRecordError, Record, Subscription
from plaudit.scoring.history import commands
from plaudit.scoring.history.domain import RevisedChange, ToldChange
from plaudit.scoring.sums.domain.review import InvalidReviewError


async def append_to_ledger(tx: Tx, records: Sequence[Record[RevisedChange]]) -> Sequence[Outgoing]:
    """Append what each change takes away and adds.

    Erasures are noted, so that no record that is set aside keeps the words of an erased review.
    """
    try:
        await commands.append(tx, [_told(record) for record in records])
    except InvalidReviewError as error:
        raise InvalidRecordError(str(error)) from error
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
