"""The log check before a relay publishes: whether Kafka's logs end where the cursor's numbers say.

After a restored database or a wiped topic, one number could mean two records. The check finds both by the topics' ids
and by the last records of each partition; nothing is published then until an operator has decided.
"""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID

import msgspec
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

from plaudit.common.contracts.envelope import Epoch, Sequence
from plaudit.common.kafka import clients
from plaudit.common.kafka.decoding import UNREADABLE, number_of
from plaudit.common.kafka.topic_ids import topic_ids
from plaudit.common.outbox.cursor import Chunk, Cursor
from plaudit.common.outbox.cursor_mover import MAX_ROWS_BEHIND
from plaudit.common.settings import Settings

MAX_APART = MAX_ROWS_BEHIND
"""Records between the end of a log and the cursor's number: a killed relay may have sent so many more."""
TAIL_RECORDS = 200
"""Read in each partition: the last record may be a repeat by a relay that was paused for a while."""
TAIL_TIMEOUT_SECONDS = 20.0


class NotReadyError(Exception):
    """Kafka's logs do not fit the cursor's numbers; the text says where, and what to do."""


class _Id(msgspec.Struct):
    id: str


class _Head(_Id):
    epoch: Epoch
    sequence: Sequence


@dataclass(frozen=True)
class Tail:
    """The highest number among a log's last records, and its event."""

    epoch: int
    sequence: int
    event_id: str


@dataclass(frozen=True)
class Found:
    """What Kafka holds of some topics."""

    topic_ids: Mapping[str, UUID]
    partitions: Mapping[str, int]
    tails: Mapping[TopicPartition, Tail | None]
    """None for a log without a record."""
    lengths: Mapping[TopicPartition, int]
    """End offsets: how many records a partition ever had."""


async def read_logs(settings: Settings, topics: Iterable[str]) -> Found:
    """Ask Kafka for the topics' ids and the tails of their logs.

    Raises:
        NotReadyError: a topic does not exist.
        KafkaError: the broker cannot be reached.
        TimeoutError: it does not answer.
    """
    names = sorted(topics)
    ids = await topic_ids(settings, names)
    if missing := [name for name in names if name not in ids]:
        raise NotReadyError(
            f"topics {', '.join(missing)} do not exist: make them with `python -m plaudit.common.kafka.topics`, "
            "unless they were there before: then Kafka has lost its data"
        )
    partitions = [TopicPartition(name, number) for name in names for number in range(ids[name][1])]
    lengths, tails = await _tails(settings, partitions) if partitions else ({}, {})
    return Found({name: ids[name][0] for name in names}, {name: ids[name][1] for name in names}, tails, lengths)


def compare(cursor: Cursor, found: Found, partitions: int) -> list[str]:
    """Return how Kafka's logs differ from the cursor; empty when they fit.

    Args:
        cursor: as stored.
        found: what Kafka holds.
        partitions: of each topic, by the settings.
    """
    problems = [
        f"topic {topic} has {number} partitions, and PLAUDIT_PARTITIONS is {partitions}"
        for topic, number in found.partitions.items()
        if number != partitions
    ]
    for topic, topic_id in found.topic_ids.items():
        known = cursor.topic_ids.get(topic)
        if known is not None and known != topic_id:
            problems.append(f"topic {topic} was made anew (id {topic_id}, was {known})")
    for place, tail in found.tails.items():
        number = cursor.numbers.get(place, 0)
        where = f"{place.topic}/{place.partition}"
        if tail is None:
            if found.lengths[place] < number:
                problems.append(f"{where} is empty, and {number} records were published to it")
        elif tail.epoch != cursor.epoch:
            problems.append(f"{where} ends in epoch {tail.epoch}, the outbox is in epoch {cursor.epoch}")
        elif abs(tail.sequence - number) > MAX_APART:
            problems.append(f"{where} ends with number {tail.sequence}, the outbox is at {number}")
    return problems


def tails_ahead(cursor: Cursor, found: Found) -> dict[TopicPartition, Tail]:
    """Return the tails that are ahead of the cursor: the outbox must still hold exactly these records."""
    return {
        place: tail
        for place, tail in found.tails.items()
        if tail is not None and tail.sequence > cursor.numbers.get(place, 0)
    }


def tails_missing_from(chunk: Chunk, tails: Mapping[TopicPartition, Tail]) -> dict[TopicPartition, Tail]:
    """Return those of the tails that are not among the chunk's numbered rows."""
    left = dict(tails)
    for place, tail in tails.items():
        index = tail.sequence - chunk.before.get(place, 0) - 1
        records = chunk.records.get(place, ())
        if 0 <= index < len(records) and msgspec.json.decode(records[index][1], type=_Id).id == tail.event_id:
            del left[place]
    return left


async def _tails(
    settings: Settings, partitions: list[TopicPartition]
) -> tuple[dict[TopicPartition, int], dict[TopicPartition, Tail | None]]:
    consumer = clients.lone_consumer(settings, "plaudit-relay-check")
    try:
        async with asyncio.timeout(TAIL_TIMEOUT_SECONDS):
            await consumer.start()
            starts = await consumer.beginning_offsets(partitions)
            ends = await consumer.end_offsets(partitions)
            tails: dict[TopicPartition, Tail | None] = dict.fromkeys(partitions)
            await _read_to_ends(consumer, starts, ends, tails)
    finally:
        await clients.close(consumer)
    return ends, tails


async def _read_to_ends(
    consumer: AIOKafkaConsumer,
    starts: Mapping[TopicPartition, int],
    ends: Mapping[TopicPartition, int],
    tails: dict[TopicPartition, Tail | None],
) -> None:
    left = {place for place in ends if ends[place] > starts[place]}
    if not left:
        return
    consumer.assign(sorted(left))
    for place in left:
        consumer.seek(place, max(starts[place], ends[place] - TAIL_RECORDS))
    while left:
        for place in list(left):
            for record in await _read_next(consumer, place):
                tails[place] = higher(tails[place], record.value)
            if await consumer.position(place) >= ends[place]:
                left.discard(place)


async def _read_next(consumer: AIOKafkaConsumer, place: TopicPartition) -> list[ConsumerRecord[bytes, bytes]]:
    """Return the next records of a partition. One that the client cannot parse is skipped: no relay has written it."""
    records = TAIL_RECORDS
    while True:
        try:
            found = await consumer.getmany(place, timeout_ms=1000, max_records=records)
            return list(found.get(place, ()))
        except UnicodeDecodeError:
            position = await consumer.position(place)
            if records == 1:
                consumer.seek(place, position + 1)
                return []
            consumer.seek(place, position)
            records //= 2


def higher(tail: Tail | None, value: bytes | None) -> Tail | None:
    """Return the higher of a tail and a record. What no relay has written counts as little as it does for consumers."""
    try:
        head = msgspec.json.decode(value or b"", type=_Head)
    except UNREADABLE:
        return tail
    number = number_of(head.epoch, head.sequence)
    if number is None:
        return tail
    found = Tail(*number, head.id)
    if tail is None or (found.epoch, found.sequence) > (tail.epoch, tail.sequence):
        return found
    return tail
