"""From Kafka's records to what a handler takes: decoded, checked for their place in the sequence, sorted out."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any, Final, Generic, Protocol, TypeVar

import msgspec

from plaudit.common.contracts import Envelope
from plaudit.common.contracts.envelope import CONTENT_TYPE, Epoch
from plaudit.common.contracts.envelope import Sequence as Number
from plaudit.common.kafka.positions import Place
from plaudit.common.kafka.subscription import Record, Subscription

Data = TypeVar("Data")

CONTENT_TYPE_HEADER: Final = "content-type"
_HEADERS: Final = ((CONTENT_TYPE_HEADER, CONTENT_TYPE.encode()),)
UNREADABLE: Final = (msgspec.DecodeError, ValueError, RecursionError)
"""What the decoder raises: of no JSON, of other JSON, of one that is nested without end."""
_NOT_OURS: Final = f"the content-type header is not {CONTENT_TYPE}"
_NOTHING_APPLIED: Final = 0


class Verdict(Enum):
    """What a record's number means to a partition that has applied up to a place."""

    NEXT = auto()
    REPEAT = auto()
    GAP = auto()


class Raw(Protocol):
    """What is used of a fetched record."""

    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes | None]]


@dataclass(frozen=True, slots=True)
class Letter:
    """A record that will not be applied now."""

    raw: Raw
    epoch: int | None
    sequence: int | None
    reason: str
    error: str
    order_keys: tuple[str, ...] = ()
    tries: int = 1


@dataclass(slots=True)
class Slice(Generic[Data]):
    """What a batch holds of one partition."""

    partition: int
    before: Place
    after: Place
    records: list[Record[Data]] = field(default_factory=list)
    letters: list[Letter] = field(default_factory=list)
    repeated: int = 0
    gap: str | None = None
    """The first record that is not the next one; it and what follows it are not in the slice."""


class _Head(msgspec.Struct):
    type: str
    epoch: Epoch
    sequence: Number


def judge(before: Place, epoch: int, sequence: int, *, compacted: bool) -> Verdict:
    """Say whether a record is the next one, one that was applied before, or one with a gap before it.

    A group without a place takes the first number as given; a higher epoch begins at 1; a lower one is the past.
    Compaction takes records away, so there a gap is no gap.
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
        self._decode = msgspec.json.Decoder(Envelope[subscription.data]).decode  # type: ignore[name-defined]
        self._head = msgspec.json.Decoder(_Head).decode
        self._types = subscription.types
        self._compacted = subscription.topic.compacted

    def take(self, partition: int, before: Place, raws: Sequence[Raw]) -> Slice[Data]:
        """Return what is to be done with these records of a partition that stands at `before`."""
        decode, types = self._decode, self._types
        found: Slice[Data] = Slice(partition, before, before)
        apply = found.records.append
        next_offset, epoch, sequence = before.next_offset, before.epoch, before.sequence
        epoch_text = str(epoch)
        for raw in raws:
            event, problem = None, _NOT_OURS
            if raw.headers == _HEADERS or _is_event(raw):
                try:
                    event = decode(raw.value or b"")
                except UNREADABLE as error:
                    problem = str(error)
            if (
                event is not None
                and event.epoch == epoch_text
                and int(event.sequence) == sequence + 1
                and raw.offset >= next_offset
                and (types is None or event.type in types)
            ):
                sequence += 1
                next_offset = raw.offset + 1
                apply(Record(event, partition, raw.offset, sequence, epoch))
                continue
            found.after = Place(next_offset, epoch, sequence)
            if not self._take_odd(found, raw, event, problem):
                return found
            next_offset, epoch, sequence = found.after.next_offset, found.after.epoch, found.after.sequence
            epoch_text = str(epoch)
        found.after = Place(next_offset, epoch, sequence)
        return found

    def _take_odd(self, found: Slice[Data], raw: Raw, event: Envelope[Data] | None, problem: str) -> bool:
        """Sort out a record that is not simply the next one; say whether those after it may follow."""
        at = found.after
        if raw.offset < at.next_offset:
            return True
        past = Place(raw.offset + 1, at.epoch, at.sequence)
        head = event or self._read_head(raw)
        if head is None:
            # Without a number it was never published by a relay: what is, goes on behind it.
            if raw.value is not None or not self._compacted:
                found.letters.append(Letter(raw, None, None, "invalid", problem))
            found.after = past
            return True
        epoch, sequence = int(head.epoch), int(head.sequence)
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
                found.letters.append(Letter(raw, epoch, sequence, "invalid", problem))
            else:
                found.records.append(Record(event, found.partition, raw.offset, sequence, epoch))
        return verdict is not Verdict.GAP

    def _read_head(self, raw: Raw) -> _Head | None:
        """Return type and numbers of a record whose rest is not as it must be, if it has them."""
        try:
            return self._head(raw.value or b"")
        except UNREADABLE:
            return None


def _is_event(raw: Raw) -> bool:
    """Whether the content type is ours in another spelling: other case, with parameters, among other headers."""
    for name, value in raw.headers:
        if name.lower() == CONTENT_TYPE_HEADER:
            return bytes(value or b"").split(b";")[0].strip().lower() == CONTENT_TYPE.encode()
    return False


def first_traceparent(slices: Sequence[Slice[Any]]) -> str | None:
    """Return the trace that the batch's first record belongs to."""
    return next((slice_.records[0].event.traceparent for slice_ in slices if slice_.records), None)
