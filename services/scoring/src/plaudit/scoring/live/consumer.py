"""The group `scoring-live` on `reviews.v1`: it keeps the sums."""

from collections.abc import Sequence
from typing import Any, Final

from plaudit.common.contracts import REVIEWS
from plaudit.common.db import Tx
from plaudit.common.events import Outgoing
from plaudit.common.kafka.subscription import InvalidRecordError, Record, StaleMemoryError, Subscription
from plaudit.scoring.live import commands
from plaudit.scoring.live.domain import CountedEvent, KnownRows, reducer
from plaudit.scoring.sums.domain.review import InvalidReviewError, ScoredChange
from plaudit.scoring.sums.store import RowsMissingError


class CountChanges:
    """The handler. It remembers which rows of sums there are, for as long as the runner keeps it."""

    def __init__(self) -> None:
        """Know no rows yet."""
        self._known = KnownRows()

    async def __call__(self, tx: Tx, records: Sequence[Record[Any]]) -> Sequence[Outgoing]:
        """Count the batch in the sums. The event of each record is a `Counted`."""
        changes: list[Any] = [record.event for record in records]
        try:
            await commands.count(tx, changes, self._known)
        except InvalidReviewError as error:
            raise InvalidRecordError(str(error)) from error
        except RowsMissingError as error:
            raise StaleMemoryError(str(error)) from error
        return ()


LIVE: Final = Subscription(
    group="scoring-live",
    topic=REVIEWS,
    data=ScoredChange,
    envelope=CountedEvent,
    prepare=reducer(),
    new_handler=CountChanges,
    workers=2,  # rows of sums are kept by partition, so that two never write the same row
    start_batch=2_000,
    backlog_batch=8_000,
)
