"""Fill a topic with numbered events, in the relay's batches, and read one back."""

import asyncio
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice

import msgspec
from aiokafka import AIOKafkaProducer, TopicPartition

from benchmarks.servers import PARTITIONS, Servers
from plaudit.common.contracts.envelope import CONTENT_TYPE
from plaudit.common.events import Outgoing
from plaudit.common.events.partitioning import partition_of
from plaudit.common.ids import uuid7
from plaudit.common.kafka import clients
from plaudit.common.outbox import Outbox
from plaudit.common.outbox.batches import BatchEncoder

CHUNK_EVENTS = 4_000
HEADERS = [("content-type", CONTENT_TYPE.encode())]
EPOCH = 1

KeyedEnvelopes = list[tuple[bytes, bytes]]
"""Key and envelope of records, in order; the envelopes have no number yet."""
Records = dict[int, KeyedEnvelopes]
"""By partition."""


async def fill(servers: Servers, topic: str, events: Iterable[Outgoing]) -> int:
    """Publish the events, numbered from 1 in each partition; return the sum of their sizes in bytes."""
    producer = clients.producer(servers.settings, "benchmark")
    await producer.start()
    total_bytes = 0
    numbers: defaultdict[int, int] = defaultdict(int)
    try:
        for chunk in _chunks(events):
            total_bytes += sum(len(envelope) for records in chunk.values() for _, envelope in records)
            await asyncio.gather(
                *(_publish(producer, topic, p, numbers[p] + 1, records) for p, records in chunk.items())
            )
            numbers.update({p: numbers[p] + len(records) for p, records in chunk.items()})
    finally:
        await producer.stop()
    return total_bytes


def _chunks(events: Iterable[Outgoing]) -> Iterator[Records]:
    outbox = Outbox("ingest", PARTITIONS, uuid7)
    left = iter(events)
    while group := list(islice(left, CHUNK_EVENTS)):
        chunk: Records = {}
        for event in group:
            key = event.key.encode()
            chunk.setdefault(partition_of(key, PARTITIONS), []).append((key, outbox.encode(event)))
        yield chunk


async def _publish(producer: AIOKafkaProducer, topic: str, partition: int, first: int, records: KeyedEnvelopes) -> None:
    """Publish records, the first of which gets the number `first`, in the batches that the relay would make."""
    encoder = BatchEncoder(HEADERS)
    timestamp_ms = int(time.time() * 1000)
    start = 0
    while start < len(records):
        batch = encoder.encode(records[start:], EPOCH, first + start, timestamp_ms)
        await (await producer.send_batch(batch, topic, partition=partition))
        start += batch.record_count()


class _Numbered(msgspec.Struct, frozen=True, gc=False):
    id: str
    epoch: str
    sequence: str


@dataclass
class Content:
    """What a topic holds."""

    records: int = 0
    breaks: int = 0
    """Records whose number does not follow the one before them in their partition."""
    ids: set[str] = field(default_factory=set)
    _last: dict[int, int] = field(default_factory=dict)

    def take(self, partition: int, numbered: _Numbered) -> None:
        """Look at the next record of a partition."""
        sequence = int(numbered.sequence)
        self.breaks += int(numbered.epoch) != EPOCH or sequence != self._last.get(partition, 0) + 1
        self._last[partition] = sequence
        self.records += 1
        self.ids.add(numbered.id)


async def read(servers: Servers, topic: str) -> Content:
    """Read a topic from its start to its present end."""
    content = Content()
    decode = msgspec.json.Decoder(_Numbered).decode
    consumer = clients.lone_consumer(servers.settings, "benchmark")
    await consumer.start()
    try:
        places = [TopicPartition(topic, partition) for partition in range(PARTITIONS)]
        consumer.assign(places)
        ends = await consumer.end_offsets(places)
        await consumer.seek_to_beginning(*places)
        left = {place for place in places if ends[place]}
        while left:
            for place, records in (await consumer.getmany(timeout_ms=1_000, max_records=5_000)).items():
                for record in records:
                    content.take(place.partition, decode(record.value))
                if records[-1].offset >= ends[place] - 1:
                    left.discard(place)
    finally:
        await consumer.stop()
    return content
