"""Publish numbered records: one outstanding batch per partition, all partitions at once."""

import asyncio
import os
import time
from collections.abc import Callable, Sequence
from typing import Final

import structlog
from aiokafka import AIOKafkaProducer, TopicPartition

from plaudit.common.contracts.envelope import CONTENT_TYPE
from plaudit.common.failpoints import failpoint
from plaudit.common.kafka import clients
from plaudit.common.observability import metrics
from plaudit.common.outbox.cursor import Chunk
from plaudit.common.settings import Settings

log = structlog.get_logger()

HEADERS: Final = [("content-type", CONTENT_TYPE.encode())]
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
        self._acknowledged = acknowledged
        self._check = check
        self._sends = 0

    async def start(self) -> None:
        """Connect.

        Raises:
            KafkaError: no broker can be reached.
        """
        await self._producer.start()

    async def publish(self, chunk: Chunk) -> None:
        """Return when Kafka has acknowledged every record of the chunk.

        Raises the first error of a partition, after all partitions have ended.
        """
        results = await asyncio.gather(
            *(
                self._publish_partition(place, chunk.before.get(place, 0), records)
                for place, records in chunk.records.items()
            ),
            return_exceptions=True,
        )
        for result in results:
            if isinstance(result, BaseException):
                raise result

    async def _publish_partition(
        self, place: TopicPartition, number: int, records: Sequence[tuple[bytes, bytes]]
    ) -> None:
        """Publish the records after `number` in batches, from the first one that is not acknowledged."""
        published = metrics.RELAY_PUBLISHED.labels(place.topic)
        timestamp = int(time.time() * 1000)
        start = max(0, self._acknowledged.get(place, 0) - number)
        while start < len(records):
            batch = self._producer.create_batch()
            append = batch.append
            end = start
            for key, value in records[start:] if start else records:
                if append(timestamp=timestamp, key=key, value=value, headers=HEADERS) is None:
                    break
                end += 1
            batch.close()
            self._check()
            if self._sends:
                failpoint("between_sends")
            self._sends += 1
            await (await self._producer.send_batch(batch, place.topic, partition=place.partition))
            self._acknowledged[place] = number + end
            published.inc(end - start)
            start = end

    async def stop(self) -> None:
        """Close the producer. If it does not stop it could still send, so the process exits."""
        try:
            async with asyncio.timeout(STOP_TIMEOUT_SECONDS):
                await self._producer.stop()
        except TimeoutError:
            log.critical("relay_producer_stuck", hint="the process exits, since a running producer could still send")
            os._exit(EXIT_PRODUCER_STUCK)
