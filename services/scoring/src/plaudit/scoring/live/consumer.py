"""The group `scoring-live` on `reviews.v1`: it keeps the sums."""

from collections.abc import Sequence
from typing import Final

from plaudit.common.contracts import REVIEWS
from plaudit.common.db import Tx
from plaudit.common.events import Outgoing
from plaudit.common.kafka.subscription import InvalidRecordError, Record, Subscription
from plaudit.scoring.live import commands
from plaudit.scoring.sums.domain.review import InvalidReviewError, ScoredChange


async def count_changes(tx: Tx, records: Sequence[Record[ScoredChange]]) -> Sequence[Outgoing]:
    """Count the batch in the sums."""
    try:
        await commands.count(tx, ((record.event.tenant, record.partition, record.event.data) for record in records))
    except InvalidReviewError as error:
        raise InvalidRecordError(str(error)) from error
    return ()


LIVE: Final = Subscription(
    group="scoring-live",
    topic=REVIEWS,
    data=ScoredChange,
    handle=count_changes,
    workers=2,  # rows of sums are kept by partition, so that two never write the same row
    start_batch=2_000,
)
