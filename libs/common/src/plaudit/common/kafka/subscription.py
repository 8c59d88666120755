"""What a service's `consumer.py` declares: topic, group, the data that it reads, and the handler."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

import msgspec

from plaudit.common.contracts import Envelope, Topic
from plaudit.common.db import OrderKey, Tx
from plaudit.common.events import Outgoing
from plaudit.common.kafka.fuse import Fuse

Data = TypeVar("Data")


class InvalidRecordError(Exception):
    """Raised by a handler: the record breaks a rule and will never be right. It becomes a dead letter at once."""


class StaleMemoryError(Exception):
    """Raised by a handler: what it remembers of the database is not so. The batch is tried again with a new handler."""


class Record(msgspec.Struct, Generic[Data], frozen=True, gc=False):
    """One record as a handler sees it."""

    event: Envelope[Data]
    partition: int
    offset: int
    sequence: int
    epoch: int


Handler = Callable[[Tx, Sequence[Record[Data]]], Awaitable[Sequence[Outgoing]]]
"""Takes records in the order of their partitions, all in one transaction; returns what to publish.

It never commits, never publishes, never reads a clock (`tx.now` is the time), and may be called again with the same
records after a rollback.
"""


def no_order_keys(_record: Record[Data]) -> Iterable[OrderKey]:
    """Return no order keys: for a handler whose effect is a sum."""
    return ()


@dataclass(frozen=True)
class Subscription(Generic[Data]):
    """One consumer group on one topic."""

    group: str
    topic: Topic
    data: type[Data]
    """A model of the event's data, or a projection with only the fields that this group reads."""
    envelope: Any = Envelope
    """The generic model of the whole event: `Envelope`, or a projection with only the members that this group reads,
    and epoch and sequence; also type where `types` are given. A member that it leaves out is neither read nor checked,
    and `Record.event` lacks it.
    """
    prepare: Callable[[Any, int], Any] | None = None
    """Turns an event and its partition into what the handler needs, which is then the `event` of the record.

    It is called right after decoding, while the event is in the processor's cache; what it leaves out is freed at once
    and its memory used for the next ones. Pure, and raises nothing: the handler refuses what cannot be applied.
    """
    handle: Handler[Data] | None = None
    new_handler: Callable[[], Handler[Data]] | None = None
    """In place of `handle`, for a handler that remembers rows of the database from batch to batch.

    Each worker asks for a new one, which remembers nothing, when the assignment changes and when a transaction has not
    committed: for whatever reason, so also when it was fenced, lost its connection, or rolled back what was remembered.
    """
    order_keys: Callable[[Record[Data]], Iterable[OrderKey]] = field(default=no_order_keys)
    """Pure over the record. The runner locks the keys before its compare-and-set. A sum needs none."""
    types: frozenset[str] | None = None
    """Event types that reach the handler; the position moves past the others. None means all."""
    start_batch: int = 500
    """Records of a batch at first; it grows while transactions are short."""
    max_batch: int = 4_000
    """Most records of a batch."""
    backlog_batch: int = 0
    """Most records of a batch while more than a batch is left to read; 0: no more than otherwise. For a handler whose
    cost of a record falls with the size, and that has few order keys."""
    workers: int = 1
    """Each worker has its share of the partitions and one transaction in flight: one computes while another commits."""
    gather_seconds: float = 0.0
    """How long the broker lets records gather while some come: fewer fetches and transactions, a later effect."""
    fuse: Fuse = field(default_factory=Fuse)
    """How many records may fail before the consumer stops."""

    def __post_init__(self) -> None:
        """Check that there is one way to a handler.

        Raises:
            ValueError: there is none, or two.
        """
        if (self.handle is None) is (self.new_handler is None):
            raise ValueError(f"group {self.group}: a subscription has either `handle` or `new_handler`")

    def handler(self) -> Handler[Data]:
        """Return the handler; one that remembers nothing yet where it remembers anything."""
        if self.handle is not None:
            return self.handle
        assert self.new_handler is not None
        return self.new_handler()
