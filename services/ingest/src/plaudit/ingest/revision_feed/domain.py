"""The places in the feed, and what is said of how far events are published."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple
from uuid import UUID

import msgspec

from plaudit.common.row_numbers import RevisionNumber, TransactionNumber
from plaudit.ingest.reviews.domain.state import ReviewState


class Place(NamedTuple):
    """The place of a revision: after those of earlier transactions, and of the same review's earlier ones."""

    xid: TransactionNumber
    review_id: UUID
    revision: RevisionNumber


MAX_FIGURED_ITEMS: Final = 2_000
"""Of a page of what figures are made of. Some 8 ms of one process; until it is made, that process does nothing else."""
PAGES_AHEAD: Final = 2
"""Places that a page tells beside that of the next one, so that as many pages more can be read at the same time."""

BEGINNING = Place(0, UUID(int=0), 0)


@dataclass(frozen=True, slots=True)
class Extent:
    """Up to where a rebuild reads: what is behind it comes as events, with higher numbers than these."""

    until: int
    """The last transaction."""
    is_within: bool
    """Whether that one is only published in part; then it is not read, and the numbers are those before it."""
    epoch: int
    sequences: Mapping[str, int]
    """Partition → the number of its last event that is read."""

    @property
    def end(self) -> Place:
        """The place that its reading goes on to."""
        return Place(self.until, UUID(int=0), 0)

    def holds(self, xid: int) -> bool:
        """Return whether the revisions of a transaction are read."""
        return xid < self.until or (xid == self.until and not self.is_within)


class FedRevision(msgspec.Struct, frozen=True, gc=False):
    """A revision with what the public saw before and after it."""

    xid: int
    """The transaction that wrote it."""
    review_id: UUID
    revision: int
    source_id: UUID
    partition_key: str
    type: str
    version: int | None
    known_at: datetime
    before: ReviewState | None
    after: ReviewState | None
    is_erased: bool
    """Whether the review was erased, perhaps since: then no state of it is known any more."""

    @property
    def place(self) -> Place:
        """Its place in the feed."""
        return Place(self.xid, self.review_id, self.revision)


def sequences(topic: str, numbers: Mapping[str, int], counted: Mapping[str, int]) -> dict[str, int]:
    """Return the last number of each partition of a topic, less what is counted of it.

    Args:
        topic: its name.
        numbers: "topic/partition" → last number.
        counted: "topic/partition" → how many are not to be counted.
    """
    prefix = f"{topic}/"
    return {
        place.removeprefix(prefix): number - counted.get(place, 0)
        for place, number in sorted(numbers.items())
        if place.startswith(prefix)
    }
