"""How rows are cut into deliveries."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from plaudit.ingest.transfer.domain.rows import Ready


@dataclass(frozen=True)
class Delivery:
    """Rows that are posted together."""

    rows: Sequence[Ready]

    @cached_property
    def body(self) -> bytes:
        """Their events as a JSON array."""
        return b"[%b]" % b",".join(event for row in self.rows for event in row.events)

    @cached_property
    def digest(self) -> str:
        """The same for the same events, so that a delivery that is sent twice is known by its id."""
        return hashlib.sha256(self.body).hexdigest()[:32]

    @property
    def ids(self) -> set[str]:
        """The reviews that it is about."""
        return {row.id for row in self.rows}

    @cached_property
    def row_of_event(self) -> list[int]:
        """For each event, the place of its row."""
        return [place for place, row in enumerate(self.rows) for _ in row.events]

    def halves(self) -> tuple["Delivery", "Delivery"]:
        """Return two deliveries of half the rows each, to be sent one after the other."""
        middle = len(self.rows) // 2
        return Delivery(self.rows[:middle]), Delivery(self.rows[middle:])


def cut(rows: Iterable[Ready], max_events: int, max_bytes: int) -> Iterator[Delivery]:
    """Cut rows into deliveries, in their order.

    Args:
        rows: each of at most so many bytes.
        max_events: in one delivery; a row with two events is never cut.
        max_bytes: of a body.
    """
    taken: list[Ready] = []
    events, size_bytes = 0, 2
    for row in rows:
        row_bytes = sum(map(len, row.events)) + len(row.events)
        if taken and (events + len(row.events) > max_events or size_bytes + row_bytes > max_bytes):
            yield Delivery(taken)
            taken, events, size_bytes = [], 0, 2
        taken.append(row)
        events += len(row.events)
        size_bytes += row_bytes
    if taken:
        yield Delivery(taken)
