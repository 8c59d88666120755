"""The group `alerting-reviews` on `reviews.v1`: it keeps a row for each review, apart from the clocks."""

from collections.abc import Sequence
from typing import Final

from plaudit.alerting.reviews.commands import Told, apply
from plaudit.common import erasure
from plaudit.common.contracts import REVIEWS, ReviewChange
from plaudit.common.db import Tx
from plaudit.common.erasure import REVIEW_ERASED
from plaudit.common.events import Outgoing
from plaudit.common.kafka.subscription import Record, Subscription

GROUP: Final = "alerting-reviews"


async def keep_reviews(tx: Tx, records: Sequence[Record[ReviewChange]]) -> Sequence[Outgoing]:
    """Keep what becomes of reviews.

    Erasures are noted, so that no record that is set aside keeps the words of an erased review.
    """
    await apply(tx, [_told(record) for record in records])
    await erasure.note_reviews(tx, (record.event for record in records))
    return ()


def _told(record: Record[ReviewChange]) -> Told:
    event = record.event
    return Told(event.tenant, event.time, event.data, event.type == REVIEW_ERASED)


KEPT_REVIEWS: Final = Subscription(
    group=GROUP,
    topic=REVIEWS,
    data=ReviewChange,
    handle=keep_reviews,
    gather_seconds=1.0,  # nobody waits for previews and coverage
)
"""What the service's `consume` process runs beside the group of clocks."""
