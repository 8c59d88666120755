"""Encode and publish numbered records: one outstanding batch per partition, all partitions at once."""

import asyncio
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

import structlog
from aiokafka import AIOKafkaProducer, TopicPartition

from plaudit.common.contracts.envelope import CONTENT_TYPE
from plaudit.common.failpoints import failpoint
from plaudit.common.kafka import clients
from plaudit.common.kafka.connections import end_producer
from plaudit.common.observability import metrics
from plaudit.common.outbox.batches import Batch, BatchEncoder
from plaudit.common.outbox.cursor import Chunk
from plaudit.common.settings import Settings

log = structlog.get_logger()

HEADERS: Final = [("content-type", CONTENT_TYPE.encode())]
Prepared = Mapping[TopicPartition, Sequence[tuple[int, Batch]]]
"""The batches of a chunk, each with the number of its last record."""
STOP_TIMEOUT_SECONDS = 5.0
EXIT_PRODUCER_STUCK = 70


class Publisher:
    """One idempotent producer, and the last number that Kafka has acknowledged of each partition."""

    def __init__(self, settings: Settings, acknowledged: dict[TopicPartition, int], check: Callable[[], None]) -> None:
        """Make the producer; `start` connects it.

        Args:
            settings: where Kafka is.
            acknowledged: last acknowledged numbers, updated here and kept by the caller beyond this producer's life;
                a record at or below is not sent again.
            check: called before each send; raises when this process may no longer publish.
        """
        self._producer: AIOKafkaProducer = clients.producer(settings, "plaudit-relay")
        self._encoder = BatchEncoder(HEADERS)
        self._acknowledged = acknowledged
        self._check = check
        self._sends = 0

    async def start(self) -> None:
        """Connect.

        Raises:
            KafkaError: no broker can be reached.
        """
        await self._producer.start()

    async def prepare(self, chunk: Chunk) -> Prepared:
        """Return the chunk's batches, encoded and compressed, without the records that Kafka has acknowledged.

        The last chunk may be in flight meanwhile: its numbers are lower, so that nothing here changes with it.

        Raises:
            ValueError: a row's envelope is no JSON object.
        """
        timestamp_ms = int(time.time() * 1000)
        prepared = {}
        for place, records in chunk.records.items():
            prepared[place] = list(self._batches(place, chunk, records, timestamp_ms))
            # Between the partitions, acknowledgements of the last chunk are received and its next batches sent.
            await asyncio.sleep(0)
        return prepared

    def _batches(
        self, place: TopicPartition, chunk: Chunk, records: Sequence[tuple[bytes, bytes]], timestamp_ms: int
    ) -> Iterator[tuple[int, Batch]]:
        number = chunk.before.get(place, 0)
        start = max(0, self._acknowledged.get(place, 0) - number)
        while start < len(records):
            rest = records[start:] if start else records
            batch = self._encoder.encode(rest, chunk.cursor.epoch, number + start + 1, timestamp_ms)
            start += batch.record_count()
            yield number + start, batch

    async def publish(self, prepared: Prepared) -> None:
        """Return when Kafka has acknowledged every record.

        No other chunk may be in flight. Raises the first error of a partition, after all partitions have ended.
        """
        results = await asyncio.gather(
            *(self._publish_partition(place, batches) for place, batches in prepared.items()), return_exceptions=True
        )
        for result in results:
            if isinstance(result, BaseException):
                raise result

    async def _publish_partition(self, place: TopicPartition, batches: Sequence[tuple[int, Batch]]) -> None:
        """Publish the batches, each when Kafka has acknowledged the one before."""
        published = metrics.RELAY_PUBLISHED.labels(place.topic)
        for last, batch in batches:
            self._check()
            if self._sends:
                failpoint("between_sends")
            self._sends += 1
            await (await self._producer.send_batch(batch, place.topic, partition=place.partition))
            self._acknowledged[place] = last
            published.inc(batch.record_count())

    async def stop(self) -> None:
        """Close the producer. If it does not stop it could still send, so the process exits."""
        try:
            async with asyncio.timeout(STOP_TIMEOUT_SECONDS):
                await self._producer.stop()
        except TimeoutError:
            log.critical("relay_producer_stuck", hint="the process exits, since a running producer could still send")
            os._exit(EXIT_PRODUCER_STUCK)
        except BaseException:
            await end_producer(self._producer)
            raise
