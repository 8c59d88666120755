"""When scores are told on the bus: a consumer of `scores.v1` that notes the first event of each subject."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Collection

import msgspec
from aiokafka import AIOKafkaConsumer, TopicPartition

from benchmarks.servers import PARTITIONS, Servers
from plaudit.common.contracts.topics import SCORES
from plaudit.common.jobs import end_task
from plaudit.common.kafka import clients

POLL_MS = 50


class _Event(msgspec.Struct, frozen=True, gc=False):
    subject: str


class Told:
    """What was heard so far."""

    def __init__(self) -> None:
        """Have heard nothing."""
        self.first_at: dict[str, float] = {}
        """Subject → when its first event was here, on the clock of `time.perf_counter`."""
        self._more = asyncio.Event()

    async def listen(self, consumer: AIOKafkaConsumer) -> None:
        """Note events for ever."""
        decode = msgspec.json.Decoder(_Event).decode
        while True:
            found = await consumer.getmany(timeout_ms=POLL_MS)
            now = time.perf_counter()
            for records in found.values():
                for record in records:
                    if record.value is not None:
                        self.first_at.setdefault(decode(record.value).subject, now)
            self._more.set()

    async def heard_of(self, subjects: Collection[str], seconds: float) -> None:
        """Wait until there was an event of each, but not for longer."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while not self.first_at.keys() >= set(subjects):
                    self._more.clear()
                    await self._more.wait()


@contextlib.asynccontextmanager
async def listening(backing: Servers) -> AsyncIterator[Told]:
    """Listen to what is told from now on, for the length of the block."""
    consumer, told = clients.lone_consumer(backing.settings, "benchmark"), Told()
    await consumer.start()
    try:
        places = [TopicPartition(SCORES.name, partition) for partition in range(PARTITIONS)]
        consumer.assign(places)
        await consumer.seek_to_end(*places)
        listener = asyncio.create_task(told.listen(consumer))
        try:
            yield told
        finally:
            await end_task(listener)
    finally:
        await consumer.stop()
