"""Plain records against those of the stock client, over the same log."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord, TopicPartition
from aiokafka.consumer import fetcher
from aiokafka.errors import OffsetOutOfRangeError

from plaudit.common.db import Database
from plaudit.common.kafka import clients
from plaudit.common.kafka.plain_records import hand_out_plain_records
from plaudit.common.settings import Settings
from plaudit_testing.counting import consumer, sums
from plaudit_testing.deadlines import DEADLINE_SECONDS
from plaudit_testing.draining import drain
from plaudit_testing.feed import feeding
from plaudit_testing.runtime import running
from plaudit_testing.runtime_fixtures import MakeTopic

pytestmark = pytest.mark.kafka

BATCHES = 6
RECORDS = 5
HEADERS = [[], [("content-type", b"application/cloudevents+json")], [("a", b"1"), ("b", b"")]]


async def fill(settings: Settings, topic: str) -> None:
    """Batches of every codec, some records without a key, a value or headers."""
    for number, codec in enumerate([None, "gzip", "snappy", "lz4", "zstd", None][:BATCHES]):
        producer = AIOKafkaProducer(bootstrap_servers=settings.kafka_bootstrap_servers, compression_type=codec)
        await producer.start()
        batch = producer.create_batch()
        for record in range(RECORDS):
            value = None if record == 3 else f"value {number}/{record}".encode() * 20
            key = None if record == 2 else b"key"
            batch.append(timestamp=1_700_000_000_000, key=key, value=value, headers=HEADERS[record % len(HEADERS)])
        batch.close()
        await (await producer.send_batch(batch, topic, partition=0))
        await producer.stop()


@asynccontextmanager
async def reading(settings: Settings, place: TopicPartition, *, plain: bool) -> AsyncIterator[AIOKafkaConsumer]:
    consumer = clients.lone_consumer(settings, "test")
    await consumer.start()
    try:
        if plain:
            hand_out_plain_records(consumer)
        consumer.assign([place])
        yield consumer
    finally:
        await clients.close(consumer)


async def read(consumer: AIOKafkaConsumer, place: TopicPartition, offset: int, max_records: int) -> list[object]:
    consumer.seek(place, offset)
    found: list[object] = []
    while await consumer.position(place) < BATCHES * RECORDS:
        polled = await consumer.getmany(place, timeout_ms=int(DEADLINE_SECONDS * 1000), max_records=max_records)
        found += polled.get(place, [])
    return found


def fields(records: list[object]) -> Iterator[tuple[object, ...]]:
    for record in records:
        yield record.offset, record.key, record.value, list(record.headers)  # type: ignore[attr-defined]


@pytest.mark.parametrize(("offset", "max_records"), [(0, 1_000), (0, 3), (7, 4), (29, 1)])
async def test_they_are_the_stock_clients_records_at_the_same_offsets_without_its_objects(
    settings: Settings, make_topic: MakeTopic, offset: int, max_records: int
) -> None:
    place = TopicPartition((await make_topic()).name, 0)
    await fill(settings, place.topic)
    async with reading(settings, place, plain=False) as stock, reading(settings, place, plain=True) as plain:
        wanted = await read(stock, place, offset, max_records)
        found = await read(plain, place, offset, max_records)
    assert list(fields(found)) == list(fields(wanted))
    assert len(found) == BATCHES * RECORDS - offset
    assert all(isinstance(record, ConsumerRecord) for record in wanted)
    assert not any(isinstance(record, ConsumerRecord) for record in found)


@pytest.mark.parametrize("plain", [False, True])
async def test_an_error_in_the_place_of_records_is_raised_as_by_the_stock_client(
    settings: Settings, make_topic: MakeTopic, plain: bool
) -> None:
    place = TopicPartition((await make_topic()).name, 0)
    async with reading(settings, place, plain=plain) as reader:
        reader.seek(place, 1_000)
        with pytest.raises(OffsetOutOfRangeError):
            await reader.getmany(place, timeout_ms=int(DEADLINE_SECONDS * 1000))


@pytest.mark.postgres
async def test_a_consumer_group_makes_none_of_the_clients_objects(
    settings: Settings, database: Database, make_topic: MakeTopic, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[object] = []
    make = fetcher.PartitionRecords._consumer_record

    def noting(records: object, place: TopicPartition, record: object) -> object:
        made.append(record)
        return make(records, place, record)

    monkeypatch.setattr(fetcher.PartitionRecords, "_consumer_record", noting)
    topic = await make_topic()
    loop = consumer(settings, database, topic)
    async with feeding(settings, topic) as feed, running(loop):
        await feed.count("a", "b", "a")
        await drain(loop)
    assert await sums(database) == {"a": 2, "b": 1}
    assert made == []
