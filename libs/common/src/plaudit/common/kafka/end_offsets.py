"""Ask the broker where partitions begin and end."""

import asyncio
from collections.abc import Iterable
from types import TracebackType
from typing import Self

from aiokafka import AIOKafkaConsumer, TopicPartition

from plaudit.common.kafka import clients
from plaudit.common.settings import Settings


class EndOffsets:
    """Asks for the ends of partitions. It connects with the first question; use it as a context, or call `close`."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._consumer: AIOKafkaConsumer | None = None
        self._starting = asyncio.Lock()

    async def end_offset(self, topic: str, partition: int) -> int:
        """Return the offset after the partition's last record.

        Raises:
            KafkaError: the broker does not answer, or does not know the partition.
        """
        wanted = TopicPartition(topic, partition)
        return (await self.end_offsets([wanted]))[wanted]

    async def end_offsets(self, partitions: Iterable[TopicPartition]) -> dict[TopicPartition, int]:
        """Return the offset after the last record of each of these partitions."""
        consumer = await self._started()
        ends: dict[TopicPartition, int] = await consumer.end_offsets(list(partitions))
        return ends

    async def start_offsets(self, partitions: Iterable[TopicPartition]) -> dict[TopicPartition, int]:
        """Return the offset of the first record that each of these partitions still has."""
        consumer = await self._started()
        starts: dict[TopicPartition, int] = await consumer.beginning_offsets(list(partitions))
        return starts

    async def close(self) -> None:
        """Close the connection; the next question opens a new one."""
        consumer, self._consumer = self._consumer, None
        if consumer is not None:
            await clients.close(consumer)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def _started(self) -> AIOKafkaConsumer:
        async with self._starting:
            if self._consumer is None:
                consumer = clients.lone_consumer(self._settings, "plaudit-offsets")
                try:
                    await consumer.start()
                except BaseException:
                    await clients.close(consumer)
                    raise
                self._consumer = consumer
            return self._consumer
