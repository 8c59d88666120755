"""The group `scoring-history` on `reviews.v1`: it keeps the ledger, apart from live, so that it cannot slow live."""

from collections.abc import Iterator, Sequence
from typing import Final

from plaudit.common import erasure
from plaudit.common.contracts import REVIEWS
from plaudit.common.db import Tx
from plaudit.common.events import Outgoing
from plaudit.common.kafka.subscription import Record, Subscription
from plaudit.scoring.history import store
from plaudit.scoring.history.domain import LedgerEntry, RevisedChange, signed_reviews, unscored_prefixes
from plaudit.scoring.profiles.domain import TRUST
from plaudit.scoring.subjects import store as subjects

ERASED_TYPE: Final = "review.erased"


async def append_to_ledger(tx: Tx, records: Sequence[Record[RevisedChange]]) -> Sequence[Outgoing]:
    """Append what each change takes away and adds; note subjects that only reviews without a score are about.

    Erasures are noted, so that no record that is set aside keeps the words of an erased review.
    """
    entries = [entry for record in records for entry in _entries(record)]
    await store.append(tx, entries)
    await subjects.note(tx, unscored_prefixes(entries, TRUST))
    erased = [record.event for record in records if record.event.type == ERASED_TYPE]
    if erased:
        await erasure.note(
            tx,
            [erasure.Erasure(event.tenant, erasure.Kind.REVIEW, event.data.review_id, event.time) for event in erased],
        )
    return ()


def _entries(record: Record[RevisedChange]) -> Iterator[LedgerEntry]:
    for sign, review in signed_reviews(record.event.data):
        yield LedgerEntry(
            tenant_id=record.event.tenant,
            partition=record.partition,
            epoch=record.epoch,
            sequence=record.sequence,
            known_at=record.event.time,
            change=record.event.data,
            sign=sign,
            review=review,
        )


HISTORY: Final = Subscription(
    group="scoring-history",
    topic=REVIEWS,
    data=RevisedChange,
    handle=append_to_ledger,
    backlog_batch=8_000,
    gather_seconds=0.25,  # nobody waits for the ledger
)
