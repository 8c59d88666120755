"""The group `scoring-live` on `reviews.v1`: it keeps the sums."""

from collections.abc import Sequence
from typing import Final, Generic, Literal, TypeVar

import msgspec

from plaudit.common.contracts import REVIEWS
from plaudit.common.contracts.envelope import Epoch, NonEmpty
from plaudit.common.contracts.envelope import Sequence as Number
from plaudit.common.db import Tx
from plaudit.common.events import Outgoing
from plaudit.common.kafka.subscription import InvalidRecordError, Record, StaleMemoryError, Subscription
from plaudit.scoring.live import commands
from plaudit.scoring.live.domain import KnownRows
from plaudit.scoring.sums.domain.review import InvalidReviewError, ScoredChange
from plaudit.scoring.sums.store import RowsMissingError

Data = TypeVar("Data")


class _Event(msgspec.Struct, Generic[Data], frozen=True, gc=False):
    """What this group reads of an envelope: every member more is time and memory of every review."""

    type: str
    tenant: NonEmpty
    data: Data
    epoch: Epoch
    sequence: Number
    specversion: Literal["1.0"]


class CountChanges:
    """The handler. It remembers which rows of sums there are, for as long as the runner keeps it."""

    def __init__(self) -> None:
        """Know no rows yet."""
        self._known = KnownRows()

    async def __call__(self, tx: Tx, records: Sequence[Record[ScoredChange]]) -> Sequence[Outgoing]:
        """Count the batch in the sums."""
        changes = ((record.event.tenant, record.partition, record.event.data) for record in records)
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
    envelope=_Event,
    new_handler=CountChanges,
    workers=2,  # rows of sums are kept by partition, so that two never write the same row
    start_batch=2_000,
)
