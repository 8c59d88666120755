"""Records for consumers, written straight to a topic: numbered as a relay numbers them, or wrong on purpose."""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager

from aiokafka import AIOKafkaProducer

from plaudit.common.contracts import Topic
from plaudit.common.events.numbering import splice
from plaudit.common.events.partitioning import partition_of
from plaudit.common.outbox.publisher import HEADERS
from plaudit.common.settings import Settings
from plaudit_testing.runtime import count_event, outbox_of

_UNPARSABLE = r"""
import asyncio
import sys

from aiokafka import AIOKafkaProducer

class Name(str):
    def encode(self, *_):
        return b"\xff\xfe"

async def main(bootstrap, topic, partition):
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap)
    await producer.start()
    await producer.send_and_wait(topic, b"{}", partition=int(partition), headers=[(Name("x"), b"1")])
    await producer.stop()

asyncio.run(main(*sys.argv[1:]))
"""
"""A producer in pure Python: the one with extensions, as in our own processes, encodes each name as UTF-8."""


class Feed:
    """A topic's one writer."""

    def __init__(self, settings: Settings, topic: Topic, producer: AIOKafkaProducer) -> None:
        self._settings = settings
        self._topic = topic
        self._producer = producer
        self.epoch = 1
        self.numbers: dict[int, int] = {}
        """Last number of each partition; set it to make a gap or a repeat."""
        self._revisions: dict[str, int] = {}

    async def count(
        self,
        *keys: str,
        add: int = 1,
        kind: str = "count.added",
        traceparent: str | None = None,
        tracestate: str | None = None,
    ) -> None:
        """One numbered event for each of these keys, with the key's next revision."""
        for key in keys:
            partition = self.partition(key)
            self._revisions[key] = self._revisions.get(key, 0) + 1
            self.numbers[partition] = self.numbers.get(partition, 0) + 1
            event = count_event(self._topic, key, self._revisions[key], add, kind, traceparent, tracestate)
            envelope = outbox_of(self._settings).encode(event)
            await self.raw(partition, splice(envelope, self.epoch, self.numbers[partition]), key=key.encode())
        await self._producer.flush()

    async def numbered(self, partition: int, envelope: bytes) -> None:
        """Any envelope under the next number of a partition."""
        self.numbers[partition] = self.numbers.get(partition, 0) + 1
        await self.raw(partition, splice(envelope, self.epoch, self.numbers[partition]))
        await self._producer.flush()

    async def raw(
        self,
        partition: int,
        value: bytes | None,
        *,
        key: bytes | None = b"raw",
        headers: Sequence[tuple[str, bytes]] = HEADERS,
    ) -> None:
        """Any bytes."""
        await self._producer.send(self._topic.name, value, key=key, partition=partition, headers=list(headers))

    async def unparsable(self, partition: int) -> None:
        """A record that our client cannot parse: the name of its header is not UTF-8."""
        await self._producer.flush()
        command = [sys.executable, "-c", _UNPARSABLE, self._settings.kafka_bootstrap_servers, self._topic.name]
        environment = {**os.environ, "AIOKAFKA_NO_EXTENSIONS": "1"}
        await asyncio.to_thread(subprocess.run, [*command, str(partition)], env=environment, check=True)

    async def flush(self) -> None:
        """Return when everything is in the log."""
        await self._producer.flush()

    def partition(self, key: str) -> int:
        """Where the events of a key go."""
        return partition_of(key.encode(), self._settings.partitions)

    def keys_of(self, partition: int, count: int) -> list[str]:
        """So many keys whose events go to this partition."""
        found: Iterable[str] = (f"key-{n}" for n in range(10_000) if self.partition(f"key-{n}") == partition)
        return [key for key, _ in zip(found, range(count), strict=False)]


@asynccontextmanager
async def feeding(settings: Settings, topic: Topic) -> AsyncIterator[Feed]:
    """A feed for the length of the block."""
    producer = AIOKafkaProducer(
        bootstrap_servers=settings.kafka_bootstrap_servers, acks="all", enable_idempotence=True, linger_ms=5
    )
    try:
        await producer.start()
        yield Feed(settings, topic, producer)
    finally:
        await producer.stop()
