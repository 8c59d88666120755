"""From fetched records to what a handler takes: decode them, and check their numbers against the position."""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from itertools import repeat
from operator import attrgetter
from typing import Any, Final, Generic, Literal, Protocol, TypeVar

import msgspec

from plaudit.common.contracts import Envelope
from plaudit.common.contracts.envelope import CONTENT_TYPE, Epoch
from plaudit.common.contracts.envelope import Sequence as Number
from plaudit.common.kafka.positions import Place
from plaudit.common.kafka.subscription import Record, Subscription

Data = TypeVar("Data")

CONTENT_TYPE_HEADER: Final = "content-type"
_HEADERS: Final = [(CONTENT_TYPE_HEADER, CONTENT_TYPE.encode())]
UNREADABLE: Final = (msgspec.DecodeError, ValueError, RecursionError)
"""What the decoder raises: for what is no JSON, for JSON of another shape, for endless nesting."""
_NO_EVENT: Final = f"the content-type header is not {CONTENT_TYPE}"
_NO_NUMBER: Final = "epoch and sequence are not numbers from 1 that fit into 64 bits"
_NOTHING_APPLIED: Final = 0
CHUNK_RECORDS: Final = 100
"""Of one pass over columns: so few are still in the processor's cache from column to column."""
_MAX_NUMBER: Final = 2**63 - 1


class Verdict(Enum):
    """What a record's number means to a partition with a given position."""

    NEXT = auto()
    REPEAT = auto()
    GAP = auto()


class Raw(Protocol):
    """The attributes of a fetched record that the runner uses."""

    offset: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes | None]]


@dataclass(slots=True)
class Unparsed:
    """In place of a record that Kafka's client cannot parse: the name of a header is not UTF-8.

    The client does not give us the bytes; they stay in Kafka's log.
    """

    offset: int
    error: str
    key: bytes | None = None
    value: bytes | None = b""
    headers: Sequence[tuple[str, bytes | None]] = ()


Batch = Mapping[int, Sequence[Raw]]
"""Fetched records by partition, in the order of their offsets."""
Reason = Literal["invalid", "failed", "held"]


@dataclass(frozen=True, slots=True)
class Letter:
    """A dead letter: a record that is not applied now."""

    partition: int
    raw: Raw
    epoch: int | None
    sequence: int | None
    reason: Reason
    error: str
    order_keys: tuple[str, ...] = ()
    tries: int = 1


@dataclass(slots=True)
class Slice(Generic[Data]):
    """What a batch holds of one partition."""

    partition: int
    raws: Sequence[Raw]
    before: Place
    after: Place
    records: list[Record[Data]] = field(default_factory=list)
    letters: list[Letter] = field(default_factory=list)
    repeated: int = 0
    gap: str | None = None
    """Describes the first record that is not the next one. It and the records after it are not in the slice."""

    def raw_of(self, record: Record[Data]) -> Raw:
        """Return one of the slice's records as it was fetched."""
        return self.raws[bisect_left(self.raws, record.offset, key=attrgetter("offset"))]

    def letter(
        self, record: Record[Data], reason: Reason, error: str, order_keys: tuple[str, ...] = (), tries: int = 1
    ) -> Letter:
        """Return a dead letter of one of the slice's records."""
        return Letter(
            self.partition, self.raw_of(record), record.epoch, record.sequence, reason, error, order_keys, tries
        )


class _Trace(msgspec.Struct):
    traceparent: str | None = None
    tracestate: str | None = None


class _Head(msgspec.Struct):
    type: str
    epoch: Epoch
    sequence: Number


def judge(before: Place, epoch: int, sequence: int, *, compacted: bool) -> Verdict:
    """Say whether a record is the next one, one that was applied before, or one with a gap before it.

    A group that has applied nothing takes the first number as given. A higher epoch begins at 1; a record of a lower
    epoch is a repeat. Compaction removes records, so a compacted topic may have gaps.
    """
    if before.epoch == _NOTHING_APPLIED:
        return Verdict.NEXT
    if epoch < before.epoch or (epoch == before.epoch and sequence <= before.sequence):
        return Verdict.REPEAT
    expected = before.sequence + 1 if epoch == before.epoch else 1
    return Verdict.NEXT if sequence == expected or compacted else Verdict.GAP


class Decoder(Generic[Data]):
    """Turns fetched records of one subscription into slices."""

    def __init__(self, subscription: Subscription[Data]) -> None:
        self._decode = msgspec.json.Decoder(subscription.envelope[subscription.data]).decode
        self._prepare = subscription.prepare
        self._head = msgspec.json.Decoder(_Head).decode
        self._types = subscription.types
        self._compacted = subscription.topic.compacted

    def take(self, partition: int, before: Place, raws: Sequence[Raw]) -> Slice[Data]:
        """Sort these records of a partition whose position is `before`."""
        found: Slice[Data] = Slice(partition, raws, before, before)
        for start in range(0, len(raws), CHUNK_RECORDS):
            chunk = raws[start : start + CHUNK_RECORDS]
            if not self._take_regular(found, chunk) and not self._take_each(found, chunk):
                break
        return found

    def _take_regular(self, found: Slice[Data], raws: Sequence[Raw]) -> bool:
        """Add records that are, all of them, simply the next ones; return False, with nothing added, if one is not.

        Column by column this costs half of looking at each record, and nearly all are like that.
        """
        at = found.after
        values = [raw.value for raw in raws if raw.value is not None and raw.headers == _HEADERS]
        if len(values) != len(raws) or raws[0].offset < at.next_offset:
            return False
        try:
            events = [*map(self._decode, values)]
            numbers = [int(event.sequence) for event in events]
        except UNREADABLE:
            return False
        last = at.sequence + len(events)
        if numbers != [*range(at.sequence + 1, last + 1)] or {event.epoch for event in events} != {str(at.epoch)}:
            return False
        if self._types is not None and not self._types.issuperset([event.type for event in events]):
            return False
        if self._prepare is not None:
            events = [*map(self._prepare, events, repeat(found.partition))]
        offsets = [raw.offset for raw in raws]
        found.records += map(Record, events, repeat(found.partition), offsets, numbers, repeat(at.epoch))
        found.after = Place(offsets[-1] + 1, at.epoch, last)
        return True

    def _take_each(self, found: Slice[Data], raws: Sequence[Raw]) -> bool:
        """Sort records one by one; return False if there is a gap before one, which ends the slice."""
        return all(self._take_one(found, raw, *self._read(raw)) for raw in raws)

    def _read(self, raw: Raw) -> tuple[Envelope[Data] | None, str]:
        """Return the record's event, or None and what is wrong with it."""
        if raw.headers != _HEADERS and not _is_event(raw):
            return None, _NO_EVENT
        try:
            return self._decode(raw.value or b""), ""
        except UNREADABLE as error:
            return None, str(error)

    def _take_one(self, found: Slice[Data], raw: Raw, event: Envelope[Data] | None, problem: str) -> bool:
        """Add one record to the slice, whatever it is; return whether the following ones may be taken.

        It is the next event, a repeat, of another type, invalid, of a new epoch, or there is a gap before it.
        """
        at = found.after
        if raw.offset < at.next_offset:
            return True
        past = Place(raw.offset + 1, at.epoch, at.sequence)
        head = event or self._read_head(raw)
        numbers = number_of(head.epoch, head.sequence) if head is not None else None
        if head is None or numbers is None:
            # Without a number no relay has published it, so the sequence continues after it.
            if raw.value is not None or not self._compacted:
                error = raw.error if isinstance(raw, Unparsed) else problem if head is None else _NO_NUMBER
                found.letters.append(Letter(found.partition, raw, None, None, "invalid", error))
            found.after = past
            return True
        epoch, sequence = numbers
        verdict = judge(at, epoch, sequence, compacted=self._compacted)
        if verdict is Verdict.REPEAT:
            found.repeated += 1
            found.after = past
        elif verdict is Verdict.GAP:
            found.gap = (
                f"offset {raw.offset} has number {sequence} of epoch {epoch}, after {at.sequence} of epoch {at.epoch}"
            )
        else:
            found.after = Place(raw.offset + 1, epoch, sequence)
            if self._types is not None and head.type not in self._types:
                return True
            if event is None:
                found.letters.append(Letter(found.partition, raw, epoch, sequence, "invalid", problem))
            else:
                found.records.append(self._record(event, found.partition, raw.offset, sequence, epoch))
        return verdict is not Verdict.GAP

    def _record(self, event: Envelope[Data], partition: int, offset: int, sequence: int, epoch: int) -> Record[Data]:
        prepared = event if self._prepare is None else self._prepare(event, partition)
        return Record(prepared, partition, offset, sequence, epoch)

    def _read_head(self, raw: Raw) -> _Head | None:
        """Return the type and the number of a record whose other members are wrong; None if it has no number."""
        try:
            return self._head(raw.value or b"")
        except UNREADABLE:
            return None


def number_of(epoch: str, sequence: str) -> tuple[int, int] | None:
    """Return a record's epoch and sequence; None if one is not a number from 1 that fits into its column."""
    if not all(text.isascii() and text.isdigit() and 1 <= int(text) <= _MAX_NUMBER for text in (epoch, sequence)):
        return None
    return int(epoch), int(sequence)


def _is_event(raw: Raw) -> bool:
    """Return whether the content type is ours in another spelling: other case, parameters, among other headers."""
    for name, value in raw.headers:
        if name.lower() == CONTENT_TYPE_HEADER:
            return bytes(value or b"").split(b";")[0].strip().lower() == CONTENT_TYPE.encode()
    return False


def first_trace(slices: Sequence[Slice[Any]]) -> tuple[str | None, str | None]:
    """Return `traceparent` and `tracestate` of the batch's first record."""
    raw = next((part.raw_of(part.records[0]) for part in slices if part.records), None)
    if raw is None:
        return None, None
    trace = _read_trace(raw.value or b"")
    return trace.traceparent, trace.tracestate


_read_trace: Final = msgspec.json.Decoder(_Trace).decode
