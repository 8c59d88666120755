"""Ask the broker where partitions end."""

import asyncio

from aiokafka import AIOKafkaConsumer, TopicPartition

from plaudit.common.kafka import clients
from plaudit.common.settings import Settings


class EndOffsets:
    """Asks for the ends of partitions. It connects with the first question, and is closed by `aclose`."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._consumer: AIOKafkaConsumer | None = None
        self._starting = asyncio.Lock()

    async def end_offset(self, topic: str, partition: int) -> int:
        """Return the offset after the partition's last record.

        Raises:
            KafkaError: the broker does not answer, or does not know the partition.
        """
        place = TopicPartition(topic, partition)
        ends: dict[TopicPartition, int] = await (await self._started()).end_offsets([place])
        return ends[place]

    async def aclose(self) -> None:
        """Close the connection; the next question opens a new one."""
        async with self._starting:
            consumer, self._consumer = self._consumer, None
            if consumer is not None:
                await clients.close(consumer)

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
